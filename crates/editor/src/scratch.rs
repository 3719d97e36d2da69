//! For tests: a folder of one's own, an editor, and one short call per command.

use std::{
    fs,
    path::{Path, PathBuf},
};

use handspike_types::{
    EditorSettings, ToolDetails, ToolOutput,
    editor::{EditorCommand, Existing, ViewRange},
};
use tempfile::TempDir;

use crate::{Editor, EditorConfig};

pub(crate) struct Scratch {
    folder: TempDir,
    pub(crate) editor: Editor,
    pub(crate) settings: EditorSettings,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self::with_config(EditorConfig::default())
    }

    pub(crate) fn with_config(config: EditorConfig) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            editor: Editor::new(config),
            settings: EditorSettings::default(),
        }
    }

    /// An editor whose journal is on the disk, in a folder of its own, and which edits in `work`.
    pub(crate) fn with_journal() -> Self {
        let mut scratch = Self::new();
        scratch.restart();
        scratch
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path("journal")
    }

    /// A new editor with the journal of the one before, which is gone.
    pub(crate) fn restart(&mut self) {
        self.restart_with(EditorConfig::default());
    }

    pub(crate) fn restart_with(&mut self, config: EditorConfig) {
        self.editor = Editor::new(EditorConfig::default());
        self.editor = Editor::new(EditorConfig { journal: Some(self.journal()), ..config });
    }

    /// A scratch folder in which `file` holds `content`.
    pub(crate) fn holding(content: impl AsRef<[u8]>) -> Self {
        let scratch = Self::new();
        scratch.write("file", content);
        scratch
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a path in the folder")).expect("its folder is made");
        fs::write(&path, content).expect("the file is written");
        path
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file is read")
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).expect("the folder is listed");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn run(&mut self, command: EditorCommand) -> ToolOutput {
        self.editor.run(&command, &self.settings)
    }

    pub(crate) fn view(&mut self, name: &str, range: Option<(usize, Option<usize>)>) -> ToolOutput {
        let range = range.map(|(first, last)| ViewRange { first, last });
        self.run(EditorCommand::View { path: self.path(name), range })
    }

    pub(crate) fn create(&mut self, name: &str, text: &str) -> ToolOutput {
        self.run(EditorCommand::Create { path: self.path(name), text: text.into(), existing: Existing::Refused })
    }

    pub(crate) fn overwrite(&mut self, name: &str, text: &str) -> ToolOutput {
        self.run(EditorCommand::Create { path: self.path(name), text: text.into(), existing: Existing::Overwritten })
    }

    pub(crate) fn replace(&mut self, name: &str, old: &str, new: &str) -> ToolOutput {
        self.run(EditorCommand::StrReplace { path: self.path(name), old: old.into(), new: new.into() })
    }

    pub(crate) fn insert(&mut self, name: &str, line: usize, text: &str) -> ToolOutput {
        self.run(EditorCommand::Insert { path: self.path(name), line, text: text.into() })
    }

    pub(crate) fn undo(&mut self, name: &str) -> ToolOutput {
        self.run(EditorCommand::UndoEdit { path: self.path(name) })
    }
}

/// The text of an answer that is no error.
#[track_caller]
pub(crate) fn done(output: ToolOutput) -> String {
    assert!(!output.is_error, "{}", output.joined_text());
    output.joined_text()
}

/// The text of an answer that is an error.
#[track_caller]
pub(crate) fn refused(output: ToolOutput) -> String {
    assert!(output.is_error, "{}", output.joined_text());
    output.joined_text()
}

/// The diff among an answer's details.
#[track_caller]
pub(crate) fn diff(output: &ToolOutput) -> String {
    let Some(ToolDetails::Editor(details)) = &output.details else { panic!("{output:?} is no editor's answer") };
    details.diff.clone().expect("something was written")
}
