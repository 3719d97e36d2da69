//! The shell tool: published as `bash_20241022` and, unchanged, `bash_20250124`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    InvalidInput,
    input::{Zero, checked_seconds, refuse_beside},
    parse_input,
};

/// The tool's name on the wire.
pub const NAME: &str = "bash";

/// How long a command may take where its call does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest time that a call may ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The arguments as a model sends them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BashInput {
    /// The command to run, any number of lines. Required unless `restart` is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// True to replace the shell by a fresh one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<bool>,
    /// Seconds after which the command and all it started are killed, up to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
}

/// What the executor is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum BashAction {
    /// Run a command in the persistent shell.
    Run {
        /// The command's text, free of NUL.
        command: String,
        /// The call's own limit; none means the session's default.
        timeout: Option<Duration>,
    },
    /// Replace the shell by a fresh one.
    Restart,
}

impl BashAction {
    /// Reads and checks a model's arguments.
    pub fn parse(arguments: &Value) -> Result<Self, InvalidInput> {
        Self::checked(parse_input(arguments)?, arguments, &[])
    }

    /// What some arguments ask for. Those that say which shell is meant are accepted beside everything.
    pub(crate) fn checked(input: BashInput, arguments: &Value, which: &[&str]) -> Result<Self, InvalidInput> {
        let BashInput { command, restart, timeout } = input;
        if restart.unwrap_or(false) {
            return refuse_beside("restart", which, arguments).map(|()| Self::Restart);
        }
        let command =
            command.ok_or_else(|| InvalidInput::missing("command", " unless `restart` is true", "a string"))?;
        let timeout = timeout.map(|seconds| checked_seconds("timeout", seconds, Zero::Refused, MAX_TIMEOUT));
        Ok(Self::Run { command: without_nul(command)?, timeout: timeout.transpose()? })
    }
}

/// A command that a shell can be given.
pub(crate) fn without_nul(command: String) -> Result<String, InvalidInput> {
    if command.contains('\0') {
        return Err(InvalidInput::of("command", "holds a NUL character, which no shell accepts"));
    }
    Ok(command)
}

/// What a program wants to know of a finished command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BashDetails {
    /// How the command ended.
    pub end: BashEnd,
    /// The shell's working directory afterwards.
    pub cwd: String,
    /// From the command's start to its end.
    pub duration_ms: u64,
    /// Bytes that the command wrote to its standard output and error, also those not shown.
    pub output_bytes: u64,
    /// What of it was standard error, as shown and cut short; the answer's text has both streams interleaved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BashEnd {
    /// It ran to its end with this status, 0 to 255.
    Exited(i32),
    /// It exceeded its time and was killed; the shell lives on.
    TimedOut,
    /// It was cancelled and killed; the shell lives on.
    Cancelled,
    /// It ended the shell itself, which has been replaced.
    ShellEnded,
    /// The shell was restarted on request.
    Restarted,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_is_required_unless_restarting() {
        let error = BashAction::parse(&json!({})).expect_err("required").to_string();
        assert_eq!(error, "parameter `command` is required unless `restart` is true; it takes a string");
        assert_eq!(BashAction::parse(&json!({"restart": true})), Ok(BashAction::Restart));
    }

    #[test]
    fn a_restart_takes_nothing_else_but_nulls() {
        let with_nulls = json!({"restart": true, "command": null, "timeout": null});
        assert_eq!(BashAction::parse(&with_nulls), Ok(BashAction::Restart));
        for (told, arguments) in [
            ("`timeout` is `5`", json!({"restart": true, "timeout": 5})),
            ("`command` is `\"ls\"`", json!({"restart": true, "command": "ls"})),
        ] {
            let error = BashAction::parse(&arguments).expect_err("beside it").to_string();
            assert_eq!(error, format!("parameter {told}; it is not accepted beside `restart`"));
        }
    }

    #[test]
    fn a_timeout_out_of_range_says_what_is_allowed() {
        for seconds in [0.0, -1.0, 1e9] {
            let error = BashAction::parse(&json!({"command": "ls", "timeout": seconds})).expect_err("out of range");
            assert!(error.to_string().contains("up to 86400"), "{error}");
        }
    }

    #[test]
    fn a_nul_in_a_command_is_refused() {
        assert!(BashAction::parse(&json!({"command": "echo a\0b"})).is_err());
    }
}
