//! Named shells: the shell tool again, several times in one session. Beyond the published tools.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    InvalidInput,
    bash::{BashAction, BashInput},
    input::{parse_with, refuse_beside},
};

/// The tool's name on the wire.
pub const NAME: &str = "shell";

/// The arguments as a model sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShellInput {
    /// Which shell: 1 to 32 of `a-z`, `0-9`, `_` and `-`. A name that is new starts one; 16 may be there at once. `main` is
    /// that of the tool `bash`.
    pub name: String,
    /// The command to run, any number of lines. Required unless `restart` or `close` is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// True to replace the shell by a fresh one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<bool>,
    /// Seconds after which the command and all it started are killed, up to 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// True to end the shell and all it started. `main` can't be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<bool>,
}

/// What is asked of a shell by its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ShellAction {
    /// What the tool `bash` does, too.
    Bash(BashAction),
    /// End it.
    Close,
}

/// The name of a shell or terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShellName(String);

impl ShellName {
    /// What a name takes.
    pub(crate) const TAKES: &str = "1 to 32 of `a-z`, `0-9`, `_` and `-`";

    /// The shell of the tool `bash`.
    #[must_use]
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    pub(crate) fn parse(name: String) -> Result<Self, InvalidInput> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if (1..=32).contains(&name.len()) && name.chars().all(fits) {
            return Ok(Self(name));
        }
        Err(InvalidInput::wrong("name", &name, Self::TAKES))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads and checks a model's arguments.
pub(crate) fn parse(arguments: &Value) -> Result<(ShellName, ShellAction), InvalidInput> {
    let input: ShellInput = parse_with(arguments, &[("name", ShellName::TAKES.to_owned())])?;
    let ShellInput { name, command, restart, timeout, close } = input;
    let name = ShellName::parse(name)?;
    if !close.unwrap_or(false) {
        let input = BashInput { command, restart, timeout };
        return Ok((name, ShellAction::Bash(BashAction::checked(input, arguments, &["name", "close"])?)));
    }
    refuse_beside("close", &["name"], arguments)?;
    if name == ShellName::main() {
        let refusal = "not accepted for `main`, which is the shell of the tool `bash`; `restart` replaces it";
        return Err(InvalidInput::foreign("close", &true.into(), refusal));
    }
    Ok((name, ShellAction::Close))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shell_is_closed_by_its_name_and_nothing_else() {
        let (name, action) = parse(&json!({"name": "a", "close": true, "command": null})).expect("fits");
        assert_eq!((name.as_str(), action), ("a", ShellAction::Close));
        for (told, arguments) in [
            ("`command` is `\"ls\"`", json!({"name": "a", "close": true, "command": "ls"})),
            ("`restart` is `true`", json!({"name": "a", "close": true, "restart": true})),
            ("`timeout` is `5`", json!({"name": "a", "close": true, "timeout": 5})),
        ] {
            let error = parse(&arguments).expect_err("beside it").to_string();
            assert_eq!(error, format!("parameter {told}; it is not accepted beside `close`"));
        }
        let error = parse(&json!({"command": "ls"})).expect_err("nameless").to_string();
        assert_eq!(error, "parameter `name` is required; it takes 1 to 32 of `a-z`, `0-9`, `_` and `-`");
        parse(&json!({"name": "a", "restart": true, "close": false})).expect("not closed");
        let error = parse(&json!({"name": "main", "close": true})).expect_err("bash's own").to_string();
        assert!(error.starts_with("parameter `close` is `true`; it is not accepted for `main`"), "{error}");
    }
}
