//! Named shells: the shell tool again, several times in one session. Beyond the published tools.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    InvalidInput,
    bash::{BashAction, BashInput},
    parse_input,
};

/// The tool's name on the wire.
pub const NAME: &str = "shell";

/// The arguments as a model sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShellInput {
    /// Which shell: 1 to 32 of `a-z`, `0-9`, `_` and `-`. A name that is new starts one. `main` is that of the tool `bash`.
    pub name: String,
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

/// The name of a shell or terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShellName(String);

impl ShellName {
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
        Err(InvalidInput::wrong("name", &name, "1 to 32 of `a-z`, `0-9`, `_` and `-`"))
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
pub(crate) fn parse(arguments: &Value) -> Result<(ShellName, BashAction), InvalidInput> {
    let ShellInput { name, command, restart, timeout } = parse_input(arguments)?;
    Ok((ShellName::parse(name)?, BashAction::try_from(BashInput { command, restart, timeout })?))
}
