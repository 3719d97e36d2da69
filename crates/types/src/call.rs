//! From a tool's name and arguments to what is to be done, whatever the version: the one place that knows all tools of
//! a sandbox by name. The host checks calls with it before they go anywhere; the guest reads them with it.

use std::time::Duration;

use serde_json::Value;

use crate::{
    ComputerVersion, InvalidInput, ToolSettings,
    bash::{self, BashAction},
    computer::{self, ComputerAction, batch, input},
    desktop::{self, DesktopAction},
    editor::EditorCommand,
    shell::{self, ShellName},
    spec::SandboxTool,
    terminal::{self, TerminalAction},
};

/// How long a call may take that says nothing of it: enough for a file of 100 MiB or a text of many thousand keys.
const TIME_OF_OTHERS: Duration = Duration::from_secs(120);

/// A call to a tool of the sandbox, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub enum SandboxCall {
    /// A command for a shell, that of the tool `bash` among them.
    Shell(ShellName, BashAction),
    /// Something for a terminal.
    Terminal(ShellName, TerminalAction),
    /// An editor command.
    Editor(EditorCommand),
    /// A desktop action.
    Computer(ComputerAction),
    /// Desktop actions, up to the first that fails.
    ComputerBatch(Vec<ComputerAction>),
    /// Clipboard and windows.
    Desktop(DesktopAction),
}

/// Why a call can't be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// A sandbox has no such tool in this version.
    NoSuchTool,
    /// The tool takes no such arguments.
    Invalid(InvalidInput),
}

impl From<InvalidInput> for CallError {
    fn from(error: InvalidInput) -> Self {
        Self::Invalid(error)
    }
}

impl SandboxCall {
    /// Reads a call. Tools whose name differs between versions answer to all of their names.
    pub fn parse(tool: &str, arguments: &Value, settings: &ToolSettings) -> Result<Self, CallError> {
        Ok(match tool {
            bash::NAME => Self::Shell(ShellName::main(), BashAction::parse(arguments)?),
            shell::NAME => {
                let (name, action) = shell::parse(arguments)?;
                Self::Shell(name, action)
            }
            terminal::NAME => {
                let (name, action) = terminal::parse(arguments)?;
                Self::Terminal(name, action)
            }
            "str_replace_editor" | "str_replace_based_edit_tool" => {
                Self::Editor(EditorCommand::parse(arguments, &settings.editor)?)
            }
            computer::NAME => Self::Computer(ComputerAction::parse(arguments, &settings.computer)?),
            batch::NAME => Self::ComputerBatch(batch::parse(arguments, &settings.computer)?),
            desktop::NAME => Self::Desktop(DesktopAction::parse(arguments)?),
            member if is_member(member, settings) => {
                let arguments = input::with_action(member, arguments)?;
                Self::Computer(ComputerAction::parse(&arguments, &settings.computer)?)
            }
            _ => return Err(CallError::NoSuchTool),
        })
    }

    /// The tool that it is for.
    #[must_use]
    pub fn tool(&self, asked_as: &str) -> SandboxTool {
        match self {
            Self::Shell(..) if asked_as == bash::NAME => SandboxTool::Bash,
            Self::Shell(..) => SandboxTool::Shell,
            Self::Terminal(..) => SandboxTool::Terminal,
            Self::Editor(_) => SandboxTool::Editor,
            Self::Computer(_) | Self::ComputerBatch(_) => SandboxTool::Computer,
            Self::Desktop(_) => SandboxTool::Desktop,
        }
    }

    /// How long it may take by what it asks for itself.
    #[must_use]
    pub fn time(&self, settings: &ToolSettings) -> Duration {
        match self {
            Self::Shell(_, BashAction::Run { timeout, .. }) => timeout.unwrap_or(settings.bash.timeout()),
            Self::Terminal(_, TerminalAction::Start { wait, .. } | TerminalAction::Send { wait, .. }) => wait.timeout,
            Self::Shell(_, BashAction::Restart) | Self::Terminal(_, TerminalAction::Close) => Duration::ZERO,
            Self::Editor(_) | Self::Desktop(_) => TIME_OF_OTHERS,
            Self::Computer(action) => TIME_OF_OTHERS + action.time(settings),
            Self::ComputerBatch(actions) => {
                TIME_OF_OTHERS + actions.iter().map(|action| action.time(settings)).sum::<Duration>()
            }
        }
    }
}

impl ComputerAction {
    /// What the action waits for by its nature, settling included.
    fn time(&self, settings: &ToolSettings) -> Duration {
        let settling = Duration::from_millis(settings.computer.settle.limit_ms);
        if let Self::HoldKey { duration, .. } | Self::Wait(duration) = self { *duration + settling } else { settling }
    }
}

/// Whether a name is that of a tool of the newest version's set.
fn is_member(tool: &str, settings: &ToolSettings) -> bool {
    settings.computer.version == ComputerVersion::V20260801
        && input::forms(&settings.computer).forms.iter().any(|form| form.verb == tool)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ToolVersions;

    #[test]
    fn a_member_of_the_toolset_is_a_tool_of_its_own() {
        let newest = ToolSettings::of(ToolVersions::NEWEST);
        let call = SandboxCall::parse("key", &json!({"text": "a"}), &newest);
        let key = ComputerAction::Key { keys: "a".to_owned(), repeat: 1 };
        assert_eq!(call, Ok(SandboxCall::Computer(key)));
        let before = SandboxCall::parse("key", &json!({"text": "a"}), &ToolSettings::default());
        assert_eq!(before, Err(CallError::NoSuchTool));
        SandboxCall::parse("key", &json!({"text": "a", "action": "key"}), &newest).expect_err("said twice");
    }

    #[test]
    fn a_batch_with_one_wrong_action_names_it() {
        let actions = json!([{"name": "wait", "input": {"duration": 1}}, {"name": "fly"}]);
        let settings = ToolSettings::of(ToolVersions::NEWEST);
        let error = SandboxCall::parse(batch::NAME, &json!({"actions": actions}), &settings).expect_err("no `fly`");
        let CallError::Invalid(error) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains("`actions[1]`"), "{error}");
        let alone = json!({"actions": [{"name": "wait", "input": {"duration": 1}}]});
        let batch = SandboxCall::parse(batch::NAME, &alone, &settings).expect("fits");
        assert_eq!(batch.time(&settings), TIME_OF_OTHERS + Duration::from_secs(1 + 2));
    }
}
