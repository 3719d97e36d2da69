//! How a session's tools are offered and behave. It accompanies each call into the sandbox, since the tools there serve
//! any number of clients at once and keep nothing of them.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{BashVersion, ComputerVersion, EditorVersion, ToolVersions, bash};

/// The key below which it travels in the `_meta` of an MCP call.
pub const SETTINGS_KEY: &str = "dev.handspike/settings";

/// The key below which a guest's greeting says, in its `_meta`, which of its runs this is: a guest that was started again
/// has another one, and nothing of what the last one held.
pub const RUN_KEY: &str = "dev.handspike/run";

/// How the tools are offered and behave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ToolSettings {
    pub bash: BashSettings,
    pub editor: EditorSettings,
    pub computer: ComputerSettings,
}

/// The shell's part, which also holds for named shells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BashSettings {
    /// As which version the tool is offered.
    pub version: BashVersion,
    /// Milliseconds that a command may take where its call does not say.
    pub timeout_ms: u64,
}

/// The editor's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EditorSettings {
    /// As which version the tool is offered.
    pub version: EditorVersion,
    /// Characters of a file that a view shows at most, as in the parameter of this name of `text_editor_20250728`.
    pub max_characters: usize,
    /// The only folders whose files may be seen and changed, links resolved; all of them when empty.
    pub roots: Vec<PathBuf>,
}

/// The computer's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComputerSettings {
    /// As which version the tool is offered.
    pub version: ComputerVersion,
    /// How large the pictures are that the model sees.
    pub fit: Fit,
    /// How long the screen is watched after an action.
    pub settle: Settle,
    /// Whether a picture that shows nothing new is sent again.
    pub unchanged: Unchanged,
}

/// How large the pictures are that a model sees, and so in which pixels its coordinates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// As large as the screen.
    Native,
    /// 1024x768, 1280x800 or 1366x768, whichever has the screen's shape, where the screen is larger.
    Targets,
    /// As large as a number of patches of 28x28 pixels allows, and no longer than an edge.
    Budget {
        /// Pixels of the longer side at most.
        long_edge: u32,
        /// Patches at most.
        patches: u32,
    },
}

impl Fit {
    /// What most models see without a loss.
    pub const STANDARD: Self = Self::Budget { long_edge: 1568, patches: 1568 };
    /// What newer models see.
    pub const HIGH: Self = Self::Budget { long_edge: 2576, patches: 4784 };

    /// The rule of a version, for a model of which nothing else is known.
    #[must_use]
    pub fn of(version: ComputerVersion) -> Self {
        match version {
            ComputerVersion::V20241022 | ComputerVersion::V20250124 => Self::Targets,
            ComputerVersion::V20251124 | ComputerVersion::V20260801 => Self::STANDARD,
        }
    }
}

/// How long the screen is watched after an action, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settle {
    /// For a first change.
    pub first_change_ms: u64,
    /// Without a change, after the first one, until the screen counts as quiet.
    pub quiet_ms: u64,
    /// In all.
    pub limit_ms: u64,
}

/// Whether a picture that shows nothing new is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unchanged {
    /// Every acting call answers with a picture.
    #[default]
    Sent,
    /// After an action that changed nothing on the screen a text says so.
    Told,
}

impl ToolSettings {
    /// The tools in these versions, and otherwise as usual.
    #[must_use]
    pub fn of(versions: ToolVersions) -> Self {
        Self {
            bash: BashSettings { version: versions.bash, ..BashSettings::default() },
            editor: EditorSettings { version: versions.editor, ..EditorSettings::default() },
            computer: ComputerSettings {
                version: versions.computer,
                fit: Fit::of(versions.computer),
                ..ComputerSettings::default()
            },
        }
    }
}

impl BashSettings {
    /// How long a command may take where its call does not say.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

impl Default for BashSettings {
    fn default() -> Self {
        let timeout_ms = u64::try_from(bash::DEFAULT_TIMEOUT.as_millis()).unwrap_or(u64::MAX);
        Self { version: ToolVersions::SCHEMAS.bash, timeout_ms }
    }
}

impl Default for EditorSettings {
    fn default() -> Self {
        Self { version: ToolVersions::SCHEMAS.editor, max_characters: 16_000, roots: Vec::new() }
    }
}

impl Default for ComputerSettings {
    fn default() -> Self {
        let version = ToolVersions::SCHEMAS.computer;
        Self { version, fit: Fit::of(version), settle: Settle::default(), unchanged: Unchanged::default() }
    }
}

impl Default for Settle {
    fn default() -> Self {
        Self { first_change_ms: 300, quiet_ms: 100, limit_ms: 2000 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_survive_the_wire_and_may_be_given_in_part() {
        let settings = ToolSettings::of(ToolVersions::NEWEST);
        let wire = serde_json::to_value(&settings).expect("settings are JSON");
        assert_eq!(serde_json::from_value::<ToolSettings>(wire).expect("round trip"), settings);
        let part: ToolSettings = serde_json::from_value(json!({"editor": {"max_characters": 5}})).expect("a part");
        assert_eq!(part.editor.max_characters, 5);
        assert_eq!(part.computer, ComputerSettings::default());
    }
}
