//! Commands on terminals: started at a size, sent text and keys, looked at. Beyond the published tools.
//!
//! A call answers with the terminal's screen once the command has ended, or a text has appeared, or the terminal has been
//! quiet for a moment, and at the latest when its time is over. The command runs on meanwhile.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    InvalidInput,
    bash::without_nul,
    input::{Zero, checked_number, checked_seconds, parse_with, refuse_beside},
    shell::ShellName,
};

/// The tool's name on the wire.
pub const NAME: &str = "terminal";

/// How long a call waits where it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The fewest columns and rows that a terminal has.
const LEAST_EXTENT: u16 = 2;

/// The most columns and rows that a terminal has.
const MOST_EXTENT: u16 = 500;

/// The longest time that a call may wait.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// The arguments as a model sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminalInput {
    /// Which terminal: 1 to 32 of `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// Start this command on the terminal, in place of whatever ran there. Without it the running command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The terminal's width in characters; with `command` 80 by default, else a change of size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = LEAST_EXTENT, max = MOST_EXTENT))]
    pub columns: Option<i64>,
    /// The terminal's height in lines; with `command` 24 by default, else a change of size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = LEAST_EXTENT, max = MOST_EXTENT))]
    pub rows: Option<i64>,
    /// Text to send, as if typed; `\n` is the Return key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Keys to send after `input`, such as `ctrl+c`, `Up`, `F1`, `alt+x`, `Escape`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// Wait until the screen shows this text, instead of until the terminal is quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Seconds to wait at most, up to 3600; the command runs on after that. The default is 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// True to end the command, and all it started, and the terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<bool>,
}

/// What the executor is asked to do with a terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum TerminalAction {
    /// Start a command on a new terminal, in place of the one of this name.
    Start {
        /// The command's text, free of NUL, run by bash.
        command: String,
        /// The terminal's size.
        size: TerminalSize,
        /// What is typed at it at once.
        typed: Typed,
        /// When to answer.
        wait: TerminalWait,
    },
    /// Send something, or nothing, to the running command and look.
    Send {
        /// Its new size, where it is to change.
        size: Option<TerminalSize>,
        /// What is typed.
        typed: Typed,
        /// When to answer.
        wait: TerminalWait,
    },
    /// End the command and the terminal.
    Close,
}

/// A terminal's extent in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

/// What is sent to a terminal: first the text, then the keys, whose names the executor checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Typed {
    pub text: String,
    pub keys: Vec<String>,
}

/// When a call answers, beyond the end of the command.
#[derive(Clone, Debug, PartialEq)]
pub struct TerminalWait {
    /// Once the screen shows this text; when none, once the terminal is quiet.
    pub until: Option<String>,
    /// At the latest after this time.
    pub timeout: Duration,
}

/// Reads and checks a model's arguments.
pub(crate) fn parse(arguments: &Value) -> Result<(ShellName, TerminalAction), InvalidInput> {
    let input: TerminalInput = parse_with(arguments, &[("name", ShellName::TAKES.to_owned())])?;
    let name = ShellName::parse(input.name.clone())?;
    if input.close.unwrap_or(false) {
        return refuse_beside("close", &["name"], arguments).map(|()| (name, TerminalAction::Close));
    }
    Ok((name, TerminalAction::checked(input)?))
}

impl TerminalAction {
    /// What arguments ask for that do not close a terminal.
    fn checked(input: TerminalInput) -> Result<Self, InvalidInput> {
        let TerminalInput { name: _, command, columns, rows, input, keys, until, timeout, close: _ } = input;
        let extent = |name: &str, given: Option<i64>| {
            given.map(|given| checked_number(name, given, LEAST_EXTENT, MOST_EXTENT)).transpose()
        };
        let (columns, rows) = (extent("columns", columns)?, extent("rows", rows)?);
        if until.as_deref().is_some_and(str::is_empty) {
            return Err(InvalidInput::of("until", "is empty; it takes the text to wait for"));
        }
        let timeout = timeout.map(|seconds| checked_seconds("timeout", seconds, Zero::Allowed, MAX_TIMEOUT));
        let timeout = timeout.unwrap_or(Ok(DEFAULT_TIMEOUT))?;
        let wait = TerminalWait { until, timeout };
        let typed = Typed { text: input.unwrap_or_default(), keys: keys.unwrap_or_default() };
        let usual = TerminalSize::default();
        match command {
            None => {
                let missing = |name: &str, beside: &str| {
                    let takes = format!("a whole number from {LEAST_EXTENT} to {MOST_EXTENT}");
                    InvalidInput::missing(name, &format!(" beside `{beside}`, as both change a size"), takes)
                };
                let size = match (columns, rows) {
                    (None, None) => None,
                    (Some(columns), Some(rows)) => Some(TerminalSize { columns, rows }),
                    (Some(_), None) => return Err(missing("rows", "columns")),
                    (None, Some(_)) => return Err(missing("columns", "rows")),
                };
                Ok(Self::Send { size, typed, wait })
            }
            Some(command) => {
                let command = without_nul(command)?;
                let size = TerminalSize { columns: columns.unwrap_or(usual.columns), rows: rows.unwrap_or(usual.rows) };
                Ok(Self::Start { command, size, typed, wait })
            }
        }
    }
}

/// What a program wants to know of a terminal after a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalDetails {
    /// The command's exit status; none while it runs, 128 and the signal's number where one ended it.
    pub exit_status: Option<i32>,
    /// The terminal's size.
    pub size: TerminalSize,
    /// The cursor's column and row, counted from 0.
    pub cursor: (u16, u16),
    /// The screen's lines as text, without colours.
    pub screen: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::schema_of;

    #[test]
    fn a_call_without_a_command_looks_at_the_running_one() {
        let (name, action) = parse(&json!({"name": "vi"})).expect("fits");
        let wait = TerminalWait { until: None, timeout: DEFAULT_TIMEOUT };
        assert_eq!(name.as_str(), "vi");
        assert_eq!(action, TerminalAction::Send { size: None, typed: Typed::default(), wait });
    }

    #[test]
    fn a_close_goes_with_nulls() {
        let (_, action) = parse(&json!({"name": "a", "close": true, "columns": null, "timeout": null})).expect("fits");
        assert_eq!(action, TerminalAction::Close);
    }

    #[test]
    fn the_schema_says_the_sizes_that_are_accepted() {
        let schema = schema_of::<TerminalInput>();
        for name in ["columns", "rows"] {
            let least = schema["properties"][name]["minimum"].as_i64().expect("a bound");
            let most = schema["properties"][name]["maximum"].as_i64().expect("a bound");
            assert_eq!((least, most), (2, 500));
            for (size, fits) in [(least - 1, false), (least, true), (most, true), (most + 1, false), (70_000, false)] {
                let (columns, rows) = if name == "rows" { (80, size) } else { (size, 24) };
                let parsed = parse(&json!({"name": "a", "command": "vi", "columns": columns, "rows": rows}));
                assert_eq!(parsed.is_ok(), fits, "{size}");
            }
        }
        let text = parse(&json!({"name": "a", "rows": 70_000})).expect_err("too many").to_string();
        assert_eq!(text, "parameter `rows` is `70000`; it takes a whole number from 2 to 500");
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (arguments, named) in [
            (json!({"name": "Vi"}), "name"),
            (json!({"name": "a", "command": "vi", "columns": 1}), "columns"),
            (json!({"name": "a", "timeout": -1}), "timeout"),
            (json!({"name": "a", "close": true, "input": "x"}), "input"),
            (json!({"name": "a", "close": true, "columns": 90}), "columns"),
            (json!({"name": "a", "close": true, "rows": 20}), "rows"),
            (json!({"name": "a", "close": true, "timeout": 1}), "timeout"),
            (json!({"name": "a", "columns": 90}), "rows"),
            (json!({"name": "a", "until": ""}), "until"),
        ] {
            let error = parse(&arguments).expect_err("does not fit").to_string();
            assert!(error.contains(&format!("`{named}`")), "{error}");
        }
    }
}
