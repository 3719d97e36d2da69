//! The editor as its callers see it: a configuration, and one method that runs a command.
//!
//! Errors end here. Inside the crate they are values; [`Editor::run`] puts them into words, because to the
//! caller a refused edit is an answer for the model and not a fault.

use std::path::Path;

use handspike_types::{
    ToolDetails, ToolOutput,
    editor::{EditorCommand, EditorDetails},
};

use crate::{
    commands::{create, insert, str_replace, undo_edit, view},
    error::EditError,
    journal::Journal,
};

/// The editor's bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditorConfig {
    /// Characters of a file, a folder or a diff that one answer shows.
    pub view_limit: usize,
    /// Bytes of the largest file that is opened or written.
    pub file_limit: u64,
    /// Bytes of text that a diff compares; a larger change is described by its size.
    pub diff_limit: usize,
    /// Bytes that the undo journal holds; beyond it the oldest edits are forgotten.
    pub journal_limit: usize,
}

impl Default for EditorConfig {
    fn default() -> Self {
        Self { view_limit: 16_000, file_limit: 100 << 20, diff_limit: 1 << 20, journal_limit: 32 << 20 }
    }
}

/// A text editor and what it needs to take its edits back.
#[derive(Debug)]
pub struct Editor {
    pub(crate) config: EditorConfig,
    pub(crate) journal: Journal,
}

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) diff: Option<String>,
}

impl Editor {
    /// An editor that has not edited anything yet.
    #[must_use]
    pub fn new(config: EditorConfig) -> Self {
        let journal = Journal::new(config.journal_limit);
        Self { config, journal }
    }

    /// Runs a command to its end. What it could not do is an answer too, marked as an error.
    pub fn run(&mut self, command: &EditorCommand) -> ToolOutput {
        let (path, result) = match command {
            EditorCommand::View { path, range } => (path, view::run(&self.config, path, *range)),
            EditorCommand::Create { path, text } => (path, create::run(self, path, text)),
            EditorCommand::StrReplace { path, old, new } => (path, str_replace::run(self, path, old, new)),
            EditorCommand::Insert { path, line, text } => (path, insert::run(self, path, *line, text)),
            EditorCommand::UndoEdit { path } => (path, undo_edit::run(self, path)),
        };
        output(path, result)
    }
}

fn output(path: &Path, result: Result<Answer, EditError>) -> ToolOutput {
    let (output, diff) = match result {
        Ok(answer) => (ToolOutput::text(answer.text), answer.diff),
        Err(error) => (ToolOutput::error(error.in_words()), None),
    };
    output.with_details(ToolDetails::Editor(EditorDetails { path: path.display().to_string(), diff }))
}
