//! The editor as its callers see it: a configuration, and one method that runs a command.
//!
//! Errors end here. Inside the crate they are values; [`Editor::run`] puts them into words, because to the
//! caller a refused edit is an answer for the model and not a fault.

use std::path::{Path, PathBuf};

use handspike_types::{
    EditorSettings, Image, ToolDetails, ToolOutput,
    editor::{EditorCommand, EditorDetails},
};

use crate::{
    commands::{create, insert, str_replace, undo_edit, view},
    error::EditError,
    journal::Journal,
    place::{self, Roots},
};

/// The editor's bounds, and where it remembers its edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditorConfig {
    /// Bytes of the largest file that is opened or written.
    pub file_limit: u64,
    /// Bytes of text that a diff compares; a larger change is described by its size.
    pub diff_limit: usize,
    /// A folder for the undo journal, which only one editor works with at a time; it is made private to its user.
    /// Without one, edits are remembered in memory, and up to 32 MiB of them.
    pub journal: Option<PathBuf>,
    /// Bytes that the undo journal holds; beyond it the oldest edits are forgotten.
    pub journal_limit: u64,
    /// The folder from which a path that is not absolute is probably meant. Such a path is refused all the same.
    pub cwd: PathBuf,
}

impl Default for EditorConfig {
    fn default() -> Self {
        Self { file_limit: 100 << 20, diff_limit: 1 << 20, journal: None, journal_limit: 256 << 20, cwd: "/".into() }
    }
}

/// A text editor and what it needs to take its edits back.
#[derive(Debug)]
pub struct Editor {
    pub(crate) config: EditorConfig,
    pub(crate) journal: Journal,
}

/// What holds for one command.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Characters of a file, a folder or a diff that the answer shows.
    pub(crate) view_limit: usize,
    pub(crate) roots: Roots,
}

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) diff: Option<String>,
    pub(crate) image: Option<Image>,
}

impl Editor {
    /// An editor that remembers what its journal holds. A journal that cannot be used is no error: the answers
    /// of `undo_edit` say so, and edits are remembered in memory.
    #[must_use]
    pub fn new(config: EditorConfig) -> Self {
        let journal = Journal::open(config.journal.as_deref(), config.journal_limit);
        Self { config, journal }
    }

    /// Runs a command to its end. What it could not do is an answer too, marked as an error.
    pub fn run(&mut self, command: &EditorCommand, settings: &EditorSettings) -> ToolOutput {
        let scope = Scope { view_limit: settings.max_characters, roots: Roots::new(&settings.roots) };
        let path = path_of(command);
        let result = place::check_length(path)
            .and_then(|()| place::check_absolute(path, &self.config.cwd, &scope.roots))
            .and_then(|()| self.dispatch(command, &scope));
        let notes = match command {
            EditorCommand::UndoEdit { .. } => self.journal.notes(),
            EditorCommand::View { .. }
            | EditorCommand::Create { .. }
            | EditorCommand::StrReplace { .. }
            | EditorCommand::Insert { .. } => Vec::new(),
        };
        let path = path.display().to_string();
        match result {
            Ok(answer) => answer.into_output(path, &notes),
            Err(error) => refusal(&error, path, &notes),
        }
    }

    fn dispatch(&mut self, command: &EditorCommand, scope: &Scope) -> Result<Answer, EditError> {
        match command {
            EditorCommand::View { path, range } => view::run(&self.config, scope, path, *range),
            EditorCommand::Create { path, text, existing } => create::run(self, scope, path, text, *existing),
            EditorCommand::StrReplace { path, old, new } => str_replace::run(self, scope, path, old, new),
            EditorCommand::Insert { path, line, text } => insert::run(self, scope, path, *line, text),
            EditorCommand::UndoEdit { path } => undo_edit::run(self, scope, path),
        }
    }
}

fn path_of(command: &EditorCommand) -> &Path {
    match command {
        EditorCommand::View { path, .. }
        | EditorCommand::Create { path, .. }
        | EditorCommand::StrReplace { path, .. }
        | EditorCommand::Insert { path, .. }
        | EditorCommand::UndoEdit { path } => path,
    }
}

impl Answer {
    pub(crate) fn text(text: String) -> Self {
        Self { text, diff: None, image: None }
    }

    pub(crate) fn edit(text: String, diff: String) -> Self {
        Self { text, diff: Some(diff), image: None }
    }

    fn into_output(self, path: String, notes: &[String]) -> ToolOutput {
        let details = ToolDetails::Editor(EditorDetails { path, diff: self.diff });
        let output = ToolOutput::text(self.text + &bracketed(notes)).with_details(details);
        match self.image {
            Some(image) => output.with_image(image),
            None => output,
        }
    }
}

fn refusal(error: &EditError, path: String, notes: &[String]) -> ToolOutput {
    let mut text = error.in_words();
    if !notes.is_empty() {
        text.push('\n');
        text.push_str(&bracketed(notes));
    }
    ToolOutput::error(text).with_details(ToolDetails::Editor(EditorDetails { path, diff: None }))
}

fn bracketed(notes: &[String]) -> String {
    notes.iter().map(|note| format!("[{note}]\n")).collect()
}
