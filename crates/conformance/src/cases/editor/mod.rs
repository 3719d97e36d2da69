//! Cases for the editor. Files are made and read back through the server's shell, so both see the same file system.

mod bytes;
mod create;
mod insert;
mod parameters;
mod paths;
mod replace;
mod safety;
mod special;
mod undo;
mod view;

use serde_json::json;

use crate::{
    answer::Answer,
    case::{Group, Tool},
    miss::Miss,
    session::Session,
};

pub(super) fn groups() -> Vec<Group> {
    vec![
        bytes::group(),
        replace::group(),
        insert::group(),
        create::group(),
        view::group(),
        undo::group(),
        safety::group(),
        special::group(),
        paths::group(),
        parameters::group(),
    ]
}

/// What the editor of a version can do.
impl Session {
    /// Replaces a text.
    async fn replace(&self, path: &str, old: &str, new: &str) -> Result<Answer, Miss> {
        self.edit("str_replace", path, json!({ "old_str": old, "new_str": new })).await
    }

    /// Inserts a text behind a line, by the parameter that this version has for it.
    async fn insert(&self, path: &str, line: i64, text: &str) -> Result<Answer, Miss> {
        let parameter = if self.is_newest_editor()? { "insert_text" } else { "new_str" };
        self.edit("insert", path, json!({ "insert_line": line, parameter: text })).await
    }

    /// Shows a file or a folder.
    async fn view(&self, path: &str) -> Result<Answer, Miss> {
        self.edit("view", path, json!({})).await
    }

    /// Makes a file.
    async fn create(&self, path: &str, text: &str) -> Result<Answer, Miss> {
        self.edit("create", path, json!({ "file_text": text })).await
    }

    /// Takes the last edit back, where the version can.
    async fn undo(&self, path: &str) -> Result<Answer, Miss> {
        self.needs_undo()?;
        self.edit("undo_edit", path, json!({})).await
    }

    fn needs_undo(&self) -> Result<(), Miss> {
        let commands = self.offer(Tool::Editor)?.choices("command");
        let has = commands.is_empty() || commands.iter().any(|command| command == "undo_edit");
        if has { Ok(()) } else { Err(Miss::lacks("command `undo_edit`")) }
    }

    /// The version of 2025-07-28 renamed a parameter, and its `create` may overwrite.
    fn is_newest_editor(&self) -> Result<bool, Miss> {
        Ok(self.offer(Tool::Editor)?.has_parameter("insert_text"))
    }
}
