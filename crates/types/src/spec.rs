//! The sandbox's tools as a model is offered them: names, words and schemas. The schemas are derived from the
//! input types, so what a model is told and what the executors accept can't drift apart.

use std::{fmt, str::FromStr};

use serde_json::Value;

use crate::{
    ComputerVersion, ToolSettings, ToolSpec, bash,
    computer::{self, ComputerInput, batch, input, words},
    desktop::{self, DesktopInput},
    editor::EditorInput,
    form::schema_of,
    quoted, shell, terminal,
};

/// The tools that a sandbox has, by the names under which people choose them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the descriptions below say it")]
pub enum SandboxTool {
    Bash,
    Editor,
    Computer,
    Shell,
    Terminal,
    Desktop,
}

impl SandboxTool {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Bash, Self::Editor, Self::Computer, Self::Shell, Self::Terminal, Self::Desktop];

    /// The name under which people choose it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Editor => "editor",
            Self::Computer => "computer",
            Self::Shell => "shell",
            Self::Terminal => "terminal",
            Self::Desktop => "desktop",
        }
    }

    /// The tools that a model is offered for it: one, or the members of a set.
    #[must_use]
    pub fn specs(self, settings: &ToolSettings) -> Vec<ToolSpec> {
        match self {
            Self::Bash => vec![bash_tool(settings)],
            Self::Editor => vec![editor_tool(settings)],
            Self::Computer => match settings.computer.version {
                ComputerVersion::V20241022 | ComputerVersion::V20250124 | ComputerVersion::V20251124 => {
                    vec![computer_tool(settings)]
                }
                ComputerVersion::V20260801 => computer_toolset(settings),
            },
            Self::Shell => vec![shell_tool(settings)],
            Self::Terminal => vec![terminal_tool()],
            Self::Desktop => vec![desktop_tool()],
        }
    }
}

/// A name that no tool of a sandbox has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTool(String);

impl fmt::Display for UnknownTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = SandboxTool::ALL.map(SandboxTool::name).join(", ");
        write!(f, "there is no tool {}\nhint: the tools are {names}", quoted(&self.0))
    }
}

impl std::error::Error for UnknownTool {}

impl FromStr for SandboxTool {
    type Err = UnknownTool;

    fn from_str(name: &str) -> Result<Self, UnknownTool> {
        Self::ALL.into_iter().find(|tool| tool.name() == name).ok_or_else(|| UnknownTool(name.to_owned()))
    }
}

/// The specs of some tools.
#[must_use]
pub fn specs(tools: &[SandboxTool], settings: &ToolSettings) -> Vec<ToolSpec> {
    tools.iter().flat_map(|tool| tool.specs(settings)).collect()
}

fn bash_tool(settings: &ToolSettings) -> ToolSpec {
    ToolSpec::new(
        bash::NAME,
        "Runs a command in a persistent bash shell. Working directory, variables, functions and background \
         jobs carry over from call to call. Standard input is empty. The answer holds what the command wrote \
         and its exit status; long output is cut in the middle and kept whole in a file that the answer \
         names. A command that exceeds its time is killed with all it started, and the shell lives on.",
        with_default_timeout(schema_of::<bash::BashInput>(), settings),
    )
}

/// The schema with the session's own time for a command.
fn with_default_timeout(mut schema: Value, settings: &ToolSettings) -> Value {
    let timeout = &mut schema["properties"]["timeout"]["description"];
    let meaning = timeout.as_str().unwrap_or_default();
    *timeout = format!("{meaning} The default is {}.", settings.bash.timeout().as_secs_f64()).into();
    schema
}

fn editor_tool(settings: &ToolSettings) -> ToolSpec {
    let version = settings.editor.version;
    let forms = version.forms();
    let undo = if forms.forms.iter().any(|form| form.verb == "undo_edit") {
        ", `undo_edit` takes back the last edit of a file"
    } else {
        ""
    };
    let mut schema = forms.schema::<EditorInput>();
    schema["required"] = serde_json::json!(["command", "path"]);
    ToolSpec::new(
        version.tool_name(),
        format!(
            "Views, creates and edits files. `view` shows a file with numbered lines, a picture, or lists a directory; \
             `create` makes a file, `str_replace` replaces a text that occurs exactly once, `insert` adds text after a \
             line{undo}. Paths are absolute."
        ),
        schema,
    )
}

fn computer_tool(settings: &ToolSettings) -> ToolSpec {
    let forms = input::forms(&settings.computer);
    let clicks = match settings.computer.version {
        ComputerVersion::V20241022 => " Clicks happen where the pointer is, so move it there first.",
        ComputerVersion::V20250124 | ComputerVersion::V20251124 | ComputerVersion::V20260801 => "",
    };
    ToolSpec::new(
        computer::NAME,
        format!(
            "Looks at the desktop's screen and uses its mouse and keyboard. Coordinates are pixels of the \
             screenshot.{clicks} Every action that may change something answers with a screenshot, taken once the \
             screen has come to rest."
        ),
        forms.schema::<ComputerInput>(),
    )
}

/// The newest version: a tool for each action, and one that takes several, for models that don't know the set.
fn computer_toolset(settings: &ToolSettings) -> Vec<ToolSpec> {
    let members = input::forms(&settings.computer).forms.into_iter().map(|form| {
        let (does, schema) = words::describe(form, form.schema::<ComputerInput>());
        ToolSpec { toolset: Some(computer::NAME.to_owned()), ..ToolSpec::new(form.verb, does, schema) }
    });
    let batch = ToolSpec::new(
        batch::NAME,
        "Runs several actions of the desktop in order, stops at the first that fails, and answers with a screenshot at \
         the end.",
        schema_of::<batch::BatchInput>(),
    );
    members.chain([batch]).collect()
}

fn shell_tool(settings: &ToolSettings) -> ToolSpec {
    ToolSpec::new(
        shell::NAME,
        "Runs a command in one of several persistent bash shells, each with its own working directory, variables and \
         jobs. Otherwise like the tool `bash`.",
        with_default_timeout(schema_of::<shell::ShellInput>(), settings),
    )
}

fn terminal_tool() -> ToolSpec {
    ToolSpec::new(
        terminal::NAME,
        "Runs a command on a terminal of its own, for programs that ask questions or draw on the screen. Call it with \
         `command` to start one, then with `input` and `keys` to type at it, or with the name alone to look again. \
         Answers with the terminal's screen.",
        schema_of::<terminal::TerminalInput>(),
    )
}

fn desktop_tool() -> ToolSpec {
    ToolSpec::new(
        desktop::NAME,
        "Reads and writes the desktop's clipboard, and lists its windows with their titles and places.",
        desktop::forms().schema::<DesktopInput>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolVersions;

    fn all_specs() -> Vec<ToolSpec> {
        let at = |date: &&str| ToolSettings::of(date.parse().expect("a version"));
        ToolVersions::DATES.iter().map(at).flat_map(|settings| specs(&SandboxTool::ALL, &settings)).collect()
    }

    #[test]
    fn each_schema_is_a_closed_object_without_references() {
        for spec in all_specs() {
            assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
            assert_eq!(spec.parameters["additionalProperties"], false, "{}", spec.name);
            assert!(!spec.parameters.to_string().contains("$ref"), "{}", spec.parameters);
        }
    }

    #[test]
    fn no_description_is_empty_or_has_a_line_break() {
        fn check(schema: &Value, at: &str) {
            match schema {
                Value::Object(fields) => fields.iter().for_each(|(name, value)| match (name.as_str(), value) {
                    ("description", Value::String(text)) => {
                        assert!(!text.is_empty() && !text.contains('\n'), "{at}: {text:?}");
                    }
                    _ => check(value, at),
                }),
                Value::Array(items) => items.iter().for_each(|item| check(item, at)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        for spec in all_specs() {
            assert!(spec.description.ends_with('.') && !spec.description.contains('\n'), "{}", spec.description);
            check(&spec.parameters, &spec.name);
        }
    }

    #[test]
    fn the_longest_times_are_told() {
        let told = |version: &str, tool: SandboxTool, name: &str, parameter: &str| {
            let settings = ToolSettings::of(version.parse().expect("a version"));
            let spec = tool.specs(&settings).into_iter().find(|spec| spec.name == name).expect("offered");
            spec.parameters["properties"][parameter]["description"].as_str().unwrap_or_default().to_owned()
        };
        let hold = computer::MAX_HOLD.as_secs();
        for (version, tool, name, parameter, limit) in [
            ("20250124", SandboxTool::Bash, "bash", "timeout", bash::MAX_TIMEOUT.as_secs()),
            ("20250124", SandboxTool::Shell, "shell", "timeout", bash::MAX_TIMEOUT.as_secs()),
            ("20250124", SandboxTool::Terminal, "terminal", "timeout", terminal::MAX_TIMEOUT.as_secs()),
            ("20251124", SandboxTool::Computer, "computer", "duration", 100),
            ("20260801", SandboxTool::Computer, "wait", "duration", hold),
            ("20260801", SandboxTool::Computer, "hold_key", "duration", hold),
        ] {
            let text = told(version, tool, name, parameter);
            assert!(text.contains(&format!(" to {limit}")), "{name}: {text}");
        }
    }

    fn names(version: &str, tool: SandboxTool) -> Vec<String> {
        let settings = ToolSettings::of(version.parse().expect("a version"));
        tool.specs(&settings).into_iter().map(|spec| spec.name).collect()
    }

    fn properties(version: &str, tool: SandboxTool) -> Vec<String> {
        let settings = ToolSettings::of(version.parse().expect("a version"));
        let spec = tool.specs(&settings).remove(0);
        spec.parameters["properties"].as_object().expect("an object").keys().cloned().collect()
    }

    #[test]
    fn a_version_offers_its_published_parameters_and_no_others() {
        assert_eq!(properties("20241022", SandboxTool::Computer), ["action", "coordinate", "text"]);
        assert!(!properties("20241022", SandboxTool::Editor).contains(&"insert_text".to_owned()));
        assert!(!properties("20250728", SandboxTool::Editor).contains(&"undo_edit".to_owned()));
        assert!(properties("20250728", SandboxTool::Editor).contains(&"insert_text".to_owned()));
        assert!(properties("20251124", SandboxTool::Computer).contains(&"region".to_owned()));
        assert!(!properties("20250124", SandboxTool::Computer).contains(&"region".to_owned()));
        assert_eq!(properties("20241022", SandboxTool::Bash), ["command", "restart", "timeout"]);
    }

    #[test]
    fn a_shells_schema_tells_the_sessions_own_default_timeout() {
        let mut settings = ToolSettings::default();
        for (timeout_ms, told) in [(120_000, "The default is 120."), (1500, "The default is 1.5.")] {
            settings.bash.timeout_ms = timeout_ms;
            for spec in specs(&[SandboxTool::Bash, SandboxTool::Shell], &settings) {
                let timeout = spec.parameters["properties"]["timeout"]["description"].as_str().unwrap_or_default();
                assert!(timeout.starts_with("Seconds ") && timeout.ends_with(told), "{}: {timeout}", spec.name);
            }
        }
    }

    #[test]
    fn the_verbs_of_a_version_are_an_enumeration() {
        let settings = ToolSettings::of("20250429".parse().expect("a version"));
        let spec = SandboxTool::Editor.specs(&settings).remove(0);
        let verbs = &spec.parameters["properties"]["command"]["enum"];
        assert_eq!(*verbs, serde_json::json!(["view", "create", "str_replace", "insert"]));
    }

    #[test]
    fn the_newest_computer_is_a_set_of_seventeen_and_a_batch() {
        let names = names("20260801", SandboxTool::Computer);
        assert_eq!(names.len(), 18);
        for name in ["screenshot", "zoom", "left_mouse_down", "hold_key", "computer_batch"] {
            assert!(names.contains(&name.to_owned()), "{names:?}");
        }
    }
}
