//! From a tool's name and arguments to what is to be done, whatever the version: the one place that knows all tools of
//! a sandbox by name. The host checks calls with it before they go anywhere; the guest reads them with it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    ComputerVersion, InvalidInput, ToolSettings,
    bash::{self, BashAction},
    computer::{self, ComputerAction, batch, input},
    desktop::{self, DesktopAction},
    editor::EditorCommand,
    shell::{self, ShellAction, ShellName},
    spec::SandboxTool,
    terminal::{self, TerminalAction},
};

/// How long a call may take that says nothing of it: enough for a file of 100 MiB or a text of many thousand keys.
const TIME_OF_OTHERS: Duration = Duration::from_secs(120);
/// What a character of a text may take on top of that: a program that is never at rest is waited for time and again.
const TIME_OF_A_CHARACTER: Duration = Duration::from_millis(50);

/// A call to a tool of the sandbox, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub enum SandboxCall {
    /// A command for a shell, that of the tool `bash` among them.
    Shell(ShellName, BashAction),
    /// The end of a shell.
    CloseShell(ShellName),
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
    /// Reads a call to a tool of the versions in the settings. What they don't offer, there is not.
    pub fn parse(tool: &str, arguments: &Value, settings: &ToolSettings) -> Result<Self, CallError> {
        Ok(match tool {
            bash::NAME => Self::Shell(ShellName::main(), BashAction::parse(arguments)?),
            shell::NAME => match shell::parse(arguments)? {
                (name, ShellAction::Bash(action)) => Self::Shell(name, action),
                (name, ShellAction::Close) => Self::CloseShell(name),
            },
            terminal::NAME => {
                let (name, action) = terminal::parse(arguments)?;
                Self::Terminal(name, action)
            }
            editor if editor == settings.editor.version.tool_name() => {
                Self::Editor(EditorCommand::parse(arguments, &settings.editor)?)
            }
            computer::NAME if !has_toolset(settings) => {
                Self::Computer(ComputerAction::parse(arguments, &settings.computer)?)
            }
            batch::NAME if has_toolset(settings) => Self::ComputerBatch(batch::parse(arguments, &settings.computer)?),
            desktop::NAME => Self::Desktop(DesktopAction::parse(arguments)?),
            member if is_member(member, settings) => {
                let arguments = input::with_action(member, arguments)?;
                Self::Computer(ComputerAction::parse(&arguments, &settings.computer)?)
            }
            _ => return Err(CallError::NoSuchTool),
        })
    }

    /// Whether the calls to this tool in one step are a batch, in which none is run after one that failed: those to the
    /// members of the toolset, and to what takes several of them.
    #[must_use]
    pub fn is_batched(tool: &str, settings: &ToolSettings) -> bool {
        is_member(tool, settings) || (tool == batch::NAME && has_toolset(settings))
    }

    /// The set that a tool is a member of in its version, if it is.
    #[must_use]
    pub fn toolset(tool: &str, settings: &ToolSettings) -> Option<&'static str> {
        is_member(tool, settings).then_some(computer::NAME)
    }

    /// Whether the left button is down once this has been done; none where that is as before.
    #[must_use]
    pub fn leaves_button_down(&self) -> Option<bool> {
        match self {
            Self::Computer(action) => action.leaves_button_down(),
            Self::ComputerBatch(actions) => actions.iter().rev().find_map(ComputerAction::leaves_button_down),
            Self::Shell(..) | Self::CloseShell(_) | Self::Terminal(..) | Self::Editor(_) | Self::Desktop(_) => None,
        }
    }

    /// The tool and the arguments of a call that releases the button.
    #[must_use]
    pub fn button_release(settings: &ToolSettings) -> (&'static str, Map<String, Value>) {
        const RELEASE: &str = "left_mouse_up";
        if has_toolset(settings) {
            (RELEASE, Map::new())
        } else {
            (computer::NAME, Map::from_iter([("action".to_owned(), RELEASE.into())]))
        }
    }

    /// The tool that it is for.
    #[must_use]
    pub fn tool(&self, asked_as: &str) -> SandboxTool {
        match self {
            Self::Shell(..) if asked_as == bash::NAME => SandboxTool::Bash,
            Self::Shell(..) | Self::CloseShell(_) => SandboxTool::Shell,
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
            Self::Shell(_, BashAction::Restart) | Self::CloseShell(_) | Self::Terminal(_, TerminalAction::Close) => {
                Duration::ZERO
            }
            Self::Editor(_) | Self::Desktop(_) => TIME_OF_OTHERS,
            Self::Computer(action) => TIME_OF_OTHERS + action.time(settings),
            Self::ComputerBatch(actions) => {
                TIME_OF_OTHERS + actions.iter().map(|action| action.time(settings)).sum::<Duration>()
            }
        }
    }
}

impl ComputerAction {
    /// Nothing but this outlasts its call: other keys and buttons are released at its end, whatever comes of it.
    fn leaves_button_down(&self) -> Option<bool> {
        match self {
            Self::LeftMouseDown => Some(true),
            Self::LeftMouseUp => Some(false),
            Self::Key { .. }
            | Self::HoldKey { .. }
            | Self::Type(_)
            | Self::MouseMove(_)
            | Self::Click { .. }
            | Self::LeftClickDrag { .. }
            | Self::Scroll { .. }
            | Self::Wait(_)
            | Self::Screenshot
            | Self::Zoom(_)
            | Self::CursorPosition => None,
        }
    }

    /// What the action waits for by its nature, settling included.
    fn time(&self, settings: &ToolSettings) -> Duration {
        let settling = Duration::from_millis(settings.computer.settle.limit_ms);
        settling
            + match self {
                Self::HoldKey { duration, .. } | Self::Wait(duration) => *duration,
                Self::Type(text) => {
                    TIME_OF_A_CHARACTER.saturating_mul(u32::try_from(text.chars().count()).unwrap_or(u32::MAX))
                }
                Self::Key { .. }
                | Self::MouseMove(_)
                | Self::Click { .. }
                | Self::LeftMouseDown
                | Self::LeftMouseUp
                | Self::LeftClickDrag { .. }
                | Self::Scroll { .. }
                | Self::Screenshot
                | Self::Zoom(_)
                | Self::CursorPosition => Duration::ZERO,
            }
    }
}

/// Whether the computer is a set of tools in its version.
fn has_toolset(settings: &ToolSettings) -> bool {
    match settings.computer.version {
        ComputerVersion::V20241022 | ComputerVersion::V20250124 | ComputerVersion::V20251124 => false,
        ComputerVersion::V20260801 => true,
    }
}

/// Whether a name is that of a tool of this set.
fn is_member(tool: &str, settings: &ToolSettings) -> bool {
    has_toolset(settings) && input::forms(&settings.computer).forms.iter().any(|form| form.verb == tool)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ToolVersions, spec::specs};

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
    fn a_tool_is_there_under_the_names_that_its_version_offers_only() {
        let all = ["str_replace_editor", "str_replace_based_edit_tool", "computer", "computer_batch", "screenshot"];
        for date in ToolVersions::DATES {
            let settings = ToolSettings::of(date.parse().expect("a version"));
            let offered: Vec<String> = specs(&SandboxTool::ALL, &settings).into_iter().map(|spec| spec.name).collect();
            for name in all {
                let is_there = SandboxCall::parse(name, &json!({}), &settings) != Err(CallError::NoSuchTool);
                assert_eq!(is_there, offered.iter().any(|one| one == name), "{name} in {date}");
            }
        }
    }

    #[test]
    fn the_calls_that_are_batched_are_those_to_the_toolset() {
        let newest = ToolSettings::of(ToolVersions::NEWEST);
        for (tool, is_batched) in [("screenshot", true), ("zoom", true), ("computer_batch", true), ("bash", false)] {
            assert_eq!(SandboxCall::is_batched(tool, &newest), is_batched, "{tool}");
            assert!(!SandboxCall::is_batched(tool, &ToolSettings::default()), "{tool}");
        }
        assert_eq!(SandboxCall::toolset("screenshot", &newest), Some("computer"));
        assert_eq!(SandboxCall::toolset("computer_batch", &newest), None);
        assert_eq!(SandboxCall::toolset("screenshot", &ToolSettings::default()), None);
    }

    #[test]
    fn a_pressed_button_is_released_by_a_call_of_the_same_version() {
        for date in ["20250124", "20251124", "20260801"] {
            let settings = ToolSettings::of(date.parse().expect("a version"));
            let (tool, arguments) = SandboxCall::button_release(&settings);
            let release = SandboxCall::parse(tool, &arguments.into(), &settings).expect("fits");
            assert_eq!(release.leaves_button_down(), Some(false), "{date}");
        }
        let batch = |actions: &[ComputerAction]| SandboxCall::ComputerBatch(actions.to_vec()).leaves_button_down();
        let (down, up) = (ComputerAction::LeftMouseDown, ComputerAction::LeftMouseUp);
        assert_eq!(batch(&[up.clone(), down.clone(), ComputerAction::Screenshot]), Some(true));
        assert_eq!(batch(&[down, up]), Some(false));
        assert_eq!(batch(&[ComputerAction::Screenshot]), None);
    }

    #[test]
    fn a_batch_with_one_wrong_action_names_it() {
        let settings = ToolSettings::of(ToolVersions::NEWEST);
        for (second, named) in [
            (json!({"name": "fly"}), "parameter `actions[1].name` is `fly`; it takes `key`, "),
            (
                json!({"name": "mouse_move", "input": {"coordinate": [1]}}),
                "parameter `actions[1].input.coordinate` is `[1]`",
            ),
            (
                json!({"name": "key", "input": {"text": 7}}),
                "parameter `actions[1].input.text` is `7`; it takes a string",
            ),
            (
                json!({"name": "key", "input": {"action": "key"}}),
                "parameter `actions[1].input.action` is `\"key\"`; it is not accepted",
            ),
            (json!({"name": "key", "input": 7}), "parameter `actions[1].input` is `7`; it takes an object"),
            (json!({"input": {}}), "parameter `actions[1].name` is required; it takes a string"),
        ] {
            let actions = json!({"actions": [{"name": "wait", "input": {"duration": 1}}, second]});
            let error = SandboxCall::parse(batch::NAME, &actions, &settings).expect_err("the second does not fit");
            let CallError::Invalid(error) = error else { panic!("{error:?}") };
            assert!(error.to_string().starts_with(named), "{error}");
        }
        let alone = json!({"actions": [{"name": "wait", "input": {"duration": 1}}]});
        let batch = SandboxCall::parse(batch::NAME, &alone, &settings).expect("fits");
        assert_eq!(batch.time(&settings), TIME_OF_OTHERS + Duration::from_secs(1 + 2));
    }

    #[test]
    fn a_text_has_time_for_each_of_its_characters() {
        let settings = ToolSettings::default();
        let time = |text: &str| SandboxCall::Computer(ComputerAction::Type(text.to_owned())).time(&settings);
        assert_eq!(time(&"é".repeat(200)) - time(""), Duration::from_secs(10));
    }
}
