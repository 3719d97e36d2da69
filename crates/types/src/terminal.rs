//! Commands on terminals: started at a size, sent text and keys, looked at. Beyond the published tools.
//!
//! A call answers with the terminal's screen once the command has ended, or a text has appeared, or the terminal has been
//! quiet for a moment, and at the latest when its time is over. The command runs on meanwhile.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{InvalidInput, parse_input, shell::ShellName};

/// The tool's name on the wire.
pub const NAME: &str = "terminal";

/// How long a call waits where it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// The terminal's width in characters, 2 to 500; with `command` 80 by default, else a change of size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<u16>,
    /// The terminal's height in lines, 2 to 500; with `command` 24 by default, else a change of size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Text to send, as if typed; `\n` is the Return key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Keys to send after `input`, such as `ctrl+c`, `Up`, `F1`, `alt+x`, `Escape`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// Wait until the screen shows this text, instead of until the terminal is quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Seconds to wait at most; the command runs on after that. The default is 10.
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
    let input: TerminalInput = parse_input(arguments)?;
    let name = ShellName::parse(input.name.clone())?;
    Ok((name, TerminalAction::try_from(input)?))
}

impl TryFrom<TerminalInput> for TerminalAction {
    type Error = InvalidInput;

    fn try_from(input: TerminalInput) -> Result<Self, InvalidInput> {
        let TerminalInput { name: _, command, columns, rows, input, keys, until, timeout, close } = input;
        if close.unwrap_or(false) {
            let others = [
                ("command", command.is_some()),
                ("input", input.is_some()),
                ("keys", keys.is_some()),
                ("until", until.is_some()),
            ];
            return match others.iter().find(|(_, is_given)| *is_given) {
                Some((other, _)) => {
                    Err(InvalidInput::new(format!("parameter `{other}` is not accepted beside `close`")))
                }
                None => Ok(Self::Close),
            };
        }
        for (name, value) in [("columns", columns), ("rows", rows)] {
            if let Some(value) = value.filter(|value| !(2..=500).contains(value)) {
                return Err(InvalidInput::new(format!("parameter `{name}` is `{value}`; it takes 2 to 500")));
            }
        }
        if until.as_deref().is_some_and(str::is_empty) {
            return Err(InvalidInput::new("parameter `until` is empty; it takes the text to wait for"));
        }
        let timeout = timeout.map_or(Ok(DEFAULT_TIMEOUT), checked_timeout)?;
        let wait = TerminalWait { until, timeout };
        let typed = Typed { text: input.unwrap_or_default(), keys: keys.unwrap_or_default() };
        let usual = TerminalSize::default();
        match command {
            None => {
                let size = match (columns, rows) {
                    (None, None) => None,
                    (Some(columns), Some(rows)) => Some(TerminalSize { columns, rows }),
                    _ => return Err(InvalidInput::new("parameters `columns` and `rows` change a size together")),
                };
                Ok(Self::Send { size, typed, wait })
            }
            Some(command) if command.contains('\0') => {
                Err(InvalidInput::new("parameter `command` holds a NUL character, which no shell accepts"))
            }
            Some(command) => {
                let size = TerminalSize { columns: columns.unwrap_or(usual.columns), rows: rows.unwrap_or(usual.rows) };
                Ok(Self::Start { command, size, typed, wait })
            }
        }
    }
}

fn checked_timeout(seconds: f64) -> Result<Duration, InvalidInput> {
    let max = MAX_TIMEOUT.as_secs_f64();
    if seconds >= 0.0 && seconds <= max {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(InvalidInput::new(format!("parameter `timeout` is `{seconds}`; it takes seconds from 0 to {max}")))
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

    #[test]
    fn a_call_without_a_command_looks_at_the_running_one() {
        let (name, action) = parse(&json!({"name": "vi"})).expect("fits");
        let wait = TerminalWait { until: None, timeout: DEFAULT_TIMEOUT };
        assert_eq!(name.as_str(), "vi");
        assert_eq!(action, TerminalAction::Send { size: None, typed: Typed::default(), wait });
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (arguments, named) in [
            (json!({"name": "Vi"}), "name"),
            (json!({"name": "a", "command": "vi", "columns": 1}), "columns"),
            (json!({"name": "a", "timeout": -1}), "timeout"),
            (json!({"name": "a", "close": true, "input": "x"}), "input"),
            (json!({"name": "a", "columns": 90}), "rows"),
            (json!({"name": "a", "until": ""}), "until"),
        ] {
            let error = parse(&arguments).expect_err("does not fit").to_string();
            assert!(error.contains(&format!("`{named}`")), "{error}");
        }
    }
}
