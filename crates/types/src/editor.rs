//! The editor tool: published as `text_editor_20241022`, `20250124`, `20250429` and `20250728`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    EditorSettings, EditorVersion, InvalidInput,
    form::{
        Form, Forms,
        Need::{Optional, Required},
    },
    quoted,
};

/// The arguments as a model sends them, in any version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditorInput {
    /// What to do.
    pub command: EditorVerb,
    /// Absolute path of the file or, for `view`, directory.
    pub path: String,
    /// `create`: the new file's whole content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_text: Option<String>,
    /// `str_replace`: the text to replace; it must occur exactly once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_str: Option<String>,
    /// `str_replace`: what comes in its place, nothing by default. `insert`: the text to insert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_str: Option<String>,
    /// `insert`: the line after which the text goes; 0 is the top of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert_line: Option<i64>,
    /// `insert`: the text to insert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert_text: Option<String>,
    /// `view`: first and last line, counted from 1; -1 as the last means the end of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_range: Option<Vec<i64>>,
}

/// The commands, in their wire spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the published ones")]
pub enum EditorVerb {
    View,
    Create,
    StrReplace,
    Insert,
    UndoEdit,
}

/// What `insert_line` takes.
const LINE: &str = "0 (the top) or more";

/// What `view_range` takes.
const RANGE: &str = "[first, last] with 1 <= first <= last, or -1 as last for the end of the file";

impl EditorVersion {
    /// The tool's name on the wire.
    #[must_use]
    pub const fn tool_name(self) -> &'static str {
        match self {
            Self::V20241022 | Self::V20250124 => "str_replace_editor",
            Self::V20250429 | Self::V20250728 => "str_replace_based_edit_tool",
        }
    }

    pub(crate) fn forms(self) -> Forms {
        let insert: &[_] = match self {
            Self::V20241022 | Self::V20250124 | Self::V20250429 => {
                &[("path", Required), ("insert_line", Required), ("new_str", Required)]
            }
            Self::V20250728 => &[("path", Required), ("insert_line", Required), ("insert_text", Required)],
        };
        let mut forms = vec![
            Form { verb: "view", parameters: &[("path", Required), ("view_range", Optional)] },
            Form { verb: "create", parameters: &[("path", Required), ("file_text", Required)] },
            Form {
                verb: "str_replace",
                parameters: &[("path", Required), ("old_str", Required), ("new_str", Optional)],
            },
            Form { verb: "insert", parameters: insert },
        ];
        match self {
            Self::V20241022 | Self::V20250124 => {
                forms.push(Form { verb: "undo_edit", parameters: &[("path", Required)] });
            }
            Self::V20250429 | Self::V20250728 => {}
        }
        let takes = [("path", "an absolute path"), ("insert_line", LINE), ("view_range", RANGE)];
        Forms { key: "command", forms, takes: takes.map(|(name, takes)| (name, takes.to_owned())).to_vec() }
    }
}

/// What the executor is asked to do. Paths are free of NUL. The executor refuses those that are not absolute, as it
/// knows which files there are that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorCommand {
    /// Show a file's lines, a picture, or a directory's entries.
    View {
        /// File or directory.
        path: PathBuf,
        /// Lines to show; the whole file when none.
        range: Option<ViewRange>,
    },
    /// Make a new file.
    Create {
        /// The file.
        path: PathBuf,
        /// Its content.
        text: String,
        /// What becomes of a file that is there already.
        existing: Existing,
    },
    /// Replace the only occurrence of a text.
    StrReplace {
        /// The file.
        path: PathBuf,
        /// The text to find, not empty and unlike `new`.
        old: String,
        /// What replaces it.
        new: String,
    },
    /// Insert text after a line.
    Insert {
        /// The file.
        path: PathBuf,
        /// Lines before the inserted text.
        line: usize,
        /// What to insert.
        text: String,
    },
    /// Take back the last edit of a file.
    UndoEdit {
        /// The file.
        path: PathBuf,
    },
}

/// What `create` does to a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leaves it alone and answers with an error.
    Refused,
    /// Gives it the new content.
    Overwritten,
}

/// Lines to view, as asked for; the executor checks it against the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewRange {
    /// First line, counted from 1.
    pub first: usize,
    /// Last line, inclusive; none means the end of the file.
    pub last: Option<usize>,
}

impl EditorCommand {
    /// Reads and checks a model's arguments.
    pub fn parse(arguments: &Value, settings: &EditorSettings) -> Result<Self, InvalidInput> {
        // What a command requires is there; the defaults below stand for nothing.
        let input: EditorInput = settings.version.forms().parse(arguments)?;
        let path = checked_path(&input.path)?;
        match input.command {
            EditorVerb::View => {
                let range = input.view_range.as_deref().map(ViewRange::parse).transpose()?;
                Ok(Self::View { path, range })
            }
            EditorVerb::Create => {
                let existing = match settings.version {
                    EditorVersion::V20241022 | EditorVersion::V20250124 | EditorVersion::V20250429 => Existing::Refused,
                    EditorVersion::V20250728 => Existing::Overwritten,
                };
                Ok(Self::Create { path, text: input.file_text.unwrap_or_default(), existing })
            }
            EditorVerb::StrReplace => {
                let (old, new) = (input.old_str.unwrap_or_default(), input.new_str.unwrap_or_default());
                if old.is_empty() {
                    let message = "is empty; it takes text that occurs exactly once in the file";
                    return Err(InvalidInput::of("old_str", message));
                }
                if old == new {
                    let message = format!("is {}, the same as `old_str`; it takes another text", quoted(&new));
                    return Err(InvalidInput::of("new_str", message));
                }
                Ok(Self::StrReplace { path, old, new })
            }
            EditorVerb::Insert => {
                let line = input.insert_line.unwrap_or_default();
                let line =
                    usize::try_from(line).map_err(|_| InvalidInput::wrong("insert_line", &line.to_string(), LINE))?;
                Ok(Self::Insert { path, line, text: input.insert_text.or(input.new_str).unwrap_or_default() })
            }
            EditorVerb::UndoEdit => Ok(Self::UndoEdit { path }),
        }
    }
}

impl ViewRange {
    fn parse(numbers: &[i64]) -> Result<Self, InvalidInput> {
        let wrong = || InvalidInput::wrong("view_range", &format!("{numbers:?}"), RANGE);
        let &[first, last] = numbers else { return Err(wrong()) };
        let first = usize::try_from(first).ok().filter(|first| *first >= 1).ok_or_else(wrong)?;
        let last = match last {
            -1 => None,
            last => Some(usize::try_from(last).ok().filter(|last| *last >= first).ok_or_else(wrong)?),
        };
        Ok(Self { first, last })
    }
}

fn checked_path(path: &str) -> Result<PathBuf, InvalidInput> {
    if path.contains('\0') {
        return Err(InvalidInput::of("path", "holds a NUL character, which no path can"));
    }
    Ok(PathBuf::from(path))
}

/// What a program wants to know of a finished editor command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditorDetails {
    /// The file, as it was named.
    pub path: String,
    /// The change as a unified diff; none where nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

#[cfg(test)]
#[path = "editor_tests.rs"]
mod tests;
