//! The editor tool in its 20241022 form: `view`, `create`, `str_replace`, `insert` and `undo_edit`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{InvalidInput, parse_input};

/// The tool's name on the wire.
pub const NAME: &str = "str_replace_editor";

/// The arguments as a model sends them.
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

/// What the executor is asked to do. Paths are absolute and free of NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorCommand {
    /// Show a file's lines or a directory's entries.
    View {
        /// File or directory.
        path: PathBuf,
        /// Lines to show; the whole file when none.
        range: Option<ViewRange>,
    },
    /// Make a new file.
    Create {
        /// The file, which must not exist.
        path: PathBuf,
        /// Its content.
        text: String,
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
    pub fn parse(arguments: &Value) -> Result<Self, InvalidInput> {
        let input: EditorInput = parse_input(arguments)?;
        input.refuse_foreign_parameters()?;
        let path = checked_path(&input.path)?;
        match input.command {
            EditorVerb::View => {
                let range = input.view_range.as_deref().map(ViewRange::parse).transpose()?;
                Ok(Self::View { path, range })
            }
            EditorVerb::Create => Ok(Self::Create { path, text: required(input.file_text, "file_text", "create")? }),
            EditorVerb::StrReplace => {
                let old = required(input.old_str, "old_str", "str_replace")?;
                let new = input.new_str.unwrap_or_default();
                if old.is_empty() {
                    return Err(InvalidInput::new(
                        "parameter `old_str` is empty; it takes text that occurs exactly once in the file",
                    ));
                }
                if old == new {
                    return Err(InvalidInput::new("parameters `old_str` and `new_str` are the same text"));
                }
                Ok(Self::StrReplace { path, old, new })
            }
            EditorVerb::Insert => {
                let line = required(input.insert_line, "insert_line", "insert")?;
                let line = usize::try_from(line).map_err(|_| {
                    InvalidInput::new(format!("parameter `insert_line` is `{line}`; it takes 0 (the top) or more"))
                })?;
                Ok(Self::Insert { path, line, text: required(input.new_str, "new_str", "insert")? })
            }
            EditorVerb::UndoEdit => Ok(Self::UndoEdit { path }),
        }
    }
}

impl EditorInput {
    fn refuse_foreign_parameters(&self) -> Result<(), InvalidInput> {
        use EditorVerb::{Create, Insert, StrReplace, View};
        let verb = self.command;
        let given = [
            ("file_text", self.file_text.is_some(), verb == Create),
            ("old_str", self.old_str.is_some(), verb == StrReplace),
            ("new_str", self.new_str.is_some(), verb == StrReplace || verb == Insert),
            ("insert_line", self.insert_line.is_some(), verb == Insert),
            ("view_range", self.view_range.is_some(), verb == View),
        ];
        match given.iter().find(|(_, is_given, is_accepted)| *is_given && !is_accepted) {
            Some((parameter, ..)) => Err(InvalidInput::not_accepted(parameter, verb.wire_name())),
            None => Ok(()),
        }
    }
}

impl EditorVerb {
    fn wire_name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Create => "create",
            Self::StrReplace => "str_replace",
            Self::Insert => "insert",
            Self::UndoEdit => "undo_edit",
        }
    }
}

impl ViewRange {
    fn parse(numbers: &[i64]) -> Result<Self, InvalidInput> {
        let wrong = || {
            InvalidInput::new(format!(
                "parameter `view_range` is `{numbers:?}`; it takes [first, last] with 1 <= first <= last, or -1 as last for the end of the file"
            ))
        };
        let &[first, last] = numbers else { return Err(wrong()) };
        let first = usize::try_from(first).ok().filter(|first| *first >= 1).ok_or_else(wrong)?;
        let last = match last {
            -1 => None,
            last => Some(usize::try_from(last).ok().filter(|last| *last >= first).ok_or_else(wrong)?),
        };
        Ok(Self { first, last })
    }
}

fn required<T>(value: Option<T>, parameter: &str, verb: &str) -> Result<T, InvalidInput> {
    value.ok_or_else(|| InvalidInput::missing(parameter, verb))
}

fn checked_path(path: &str) -> Result<PathBuf, InvalidInput> {
    if path.contains('\0') {
        return Err(InvalidInput::new("parameter `path` holds a NUL character, which no path can"));
    }
    if !path.starts_with('/') {
        return Err(InvalidInput::new(format!(
            "parameter `path` is `{path}`, which is not absolute; did you mean `/{path}`?"
        )));
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
mod tests {
    use serde_json::json;

    use super::*;

    fn error(arguments: Value) -> String {
        EditorCommand::parse(&arguments).expect_err("the arguments do not fit").to_string()
    }

    #[test]
    fn a_relative_path_is_refused_with_a_suggestion() {
        assert!(error(json!({"command": "view", "path": "etc/hosts"})).contains("`/etc/hosts`"));
    }

    #[test]
    fn a_parameter_of_another_command_is_refused() {
        let text = error(json!({"command": "view", "path": "/a", "old_str": "x"}));
        assert!(text.contains("`old_str`") && text.contains("`view`"), "{text}");
    }

    #[test]
    fn an_unknown_command_lists_the_known_ones() {
        assert!(error(json!({"command": "veiw", "path": "/a"})).contains("`str_replace`"));
    }

    #[test]
    fn an_empty_or_unchanged_old_str_is_refused() {
        error(json!({"command": "str_replace", "path": "/a", "old_str": "", "new_str": "x"}));
        error(json!({"command": "str_replace", "path": "/a", "old_str": "x", "new_str": "x"}));
    }

    #[test]
    fn view_range_takes_minus_one_as_the_end() {
        let command = EditorCommand::parse(&json!({"command": "view", "path": "/a", "view_range": [3, -1]}));
        let range = Some(ViewRange { first: 3, last: None });
        assert_eq!(command, Ok(EditorCommand::View { path: "/a".into(), range }));
        for range in [json!([0, 2]), json!([3, 2]), json!([1]), json!([1, -2])] {
            error(json!({"command": "view", "path": "/a", "view_range": range}));
        }
    }
}
