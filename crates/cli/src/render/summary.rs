//! Calls and results in a line or two, for the terminal and the report. What a sandbox says is hostile: nothing of it
//! reaches a terminal but printable characters.

use handspike_types::{
    ContentPart, Message, SandboxCall, ToolCall, ToolDetails, ToolOutput, ToolSettings, ToolVersions,
    bash::{self, BashAction, BashDetails, BashEnd},
    computer::ComputerAction,
    escaped,
    shell::ShellName,
    terminal::TerminalAction,
};
use serde_json::Value;

/// What a turn was begun with.
pub(crate) fn of_input(input: &[Message]) -> String {
    let texts: Vec<String> = input.iter().map(|message| message.joined_text().trim().to_owned()).collect();
    texts.join("\n")
}

/// What a call is about, in one line: the command, the file, the action. What is no call is shown as it came.
pub(crate) fn of_call(call: &ToolCall) -> String {
    one_line(&read(call).map_or_else(|| call.arguments.to_string(), |read| about(call, &read)))
}

/// The call as the newest version reads it that can.
fn read(call: &ToolCall) -> Option<SandboxCall> {
    let versions = ToolVersions::DATES.iter().rev().filter_map(|date| date.parse().ok());
    versions.map(ToolSettings::of).find_map(|at| SandboxCall::parse(&call.name, &call.arguments, &at).ok())
}

fn about(call: &ToolCall, read: &SandboxCall) -> String {
    let text = |key: &str| call.arguments.get(key).and_then(Value::as_str).unwrap_or_default();
    let in_shell = |name: &ShellName, what: &str| match call.name.as_str() {
        bash::NAME => what.to_owned(),
        _ => format!("{name}: {what}"),
    };
    match read {
        SandboxCall::Shell(name, BashAction::Run { command, .. }) => in_shell(name, command),
        SandboxCall::Shell(name, BashAction::Restart) => in_shell(name, "restart"),
        SandboxCall::CloseShell(name) => in_shell(name, "close"),
        SandboxCall::Terminal(name, TerminalAction::Start { command, .. }) => format!("{name}: {command}"),
        SandboxCall::Terminal(name, TerminalAction::Send { typed, .. }) => {
            let typed = [escaped(&typed.text), typed.keys.join(" ")];
            format!("{name}: {}", typed.join(" "))
        }
        SandboxCall::Terminal(name, TerminalAction::Close) => format!("{name}: close"),
        SandboxCall::Editor(_) => format!("{} {}", text("command"), text("path")),
        SandboxCall::Computer(_) | SandboxCall::Desktop(_) => format!("{} {}", text("action"), others(call)),
        SandboxCall::ComputerBatch(actions) => {
            actions.iter().map(ComputerAction::name).collect::<Vec<&str>>().join(", ")
        }
    }
}

/// The arguments beside the action, as they were written.
fn others(call: &ToolCall) -> String {
    let given = call.arguments.as_object().into_iter().flatten();
    given.filter(|(name, _)| *name != "action").map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" ")
}

/// How a call ended, in one line.
pub(crate) fn of_output(output: &ToolOutput) -> String {
    let first_line = || {
        let is_picture = output.content.iter().any(|part| matches!(part, ContentPart::Image(_)));
        let silent = if is_picture { "a picture" } else { "no output" };
        one_line(output.joined_text().lines().find(|line| !line.trim().is_empty()).unwrap_or(silent))
    };
    if output.is_error {
        return format!("error: {}", first_line());
    }
    match &output.details {
        Some(ToolDetails::Bash(details)) => of_bash(details, output),
        Some(
            ToolDetails::Computer(_) | ToolDetails::Editor(_) | ToolDetails::Terminal(_) | ToolDetails::Desktop(_),
        )
        | None => first_line(),
    }
}

/// The change that an editor command made, as a unified diff.
pub(crate) fn diff_of(output: &ToolOutput) -> Option<&str> {
    match &output.details {
        Some(ToolDetails::Editor(details)) => details.diff.as_deref(),
        Some(ToolDetails::Bash(_) | ToolDetails::Computer(_) | ToolDetails::Terminal(_) | ToolDetails::Desktop(_))
        | None => None,
    }
}

fn of_bash(details: &BashDetails, output: &ToolOutput) -> String {
    let end = match details.end {
        BashEnd::Exited(status) => format!("exit status {status}"),
        BashEnd::TimedOut => "timed out".to_owned(),
        BashEnd::Cancelled => "cancelled".to_owned(),
        BashEnd::ShellEnded => "the shell ended".to_owned(),
        BashEnd::Restarted => "restarted".to_owned(),
    };
    if details.output_bytes == 0 {
        return end;
    }
    let text = output.joined_text();
    // The answer's last line is the executor's own note of the exit status.
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('['));
    last.map_or(end.clone(), |line| format!("{end} · {}", one_line(line)))
}

/// Printable characters only, on one line of bounded length.
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 160;
    let clean = printable(text);
    let mut words: Vec<&str> = clean.split_whitespace().collect();
    words.truncate(LONGEST);
    console::truncate_str(&words.join(" "), LONGEST, "…").into_owned()
}

/// The text with its control characters made visible, but for newlines and tabs. They are not left out: a line must not
/// read as less than it does.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        '\u{1b}' => '␛',
        c if c.is_control() || is_bidi_control(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Characters that turn the direction of writing, and can make a line read as another.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hostile_line_reaches_the_terminal_as_plain_text() {
        let call = ToolCall {
            id: "1".to_owned(),
            name: "bash".to_owned(),
            arguments: json!({"command": "echo \u{1b}[2J\u{1b}]0;owned\u{7} \r\u{202e}hidden\nsecond"}),
            toolset: None,
        };
        let line = of_call(&call);
        assert!(line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line:?}");
        assert!(line.contains("echo") && line.contains("owned") && line.contains("second"), "{line:?}");
    }

    #[test]
    fn a_call_is_told_by_what_it_does_whatever_the_tool_and_its_version() {
        for (name, arguments, told) in [
            ("bash", json!({"command": "ls -l"}), "ls -l"),
            ("bash", json!({"restart": true}), "restart"),
            ("shell", json!({"name": "web", "command": "make serve"}), "web: make serve"),
            ("shell", json!({"name": "web", "close": true}), "web: close"),
            ("terminal", json!({"name": "vi", "command": "vi a"}), "vi: vi a"),
            ("terminal", json!({"name": "vi", "input": ":q\n", "keys": ["Escape"]}), r"vi: :q\n Escape"),
            ("str_replace_editor", json!({"command": "undo_edit", "path": "/a"}), "undo_edit /a"),
            ("str_replace_based_edit_tool", json!({"command": "view", "path": "/a"}), "view /a"),
            ("computer", json!({"action": "type", "text": "90.00"}), r#"type "90.00""#),
            ("computer", json!({"action": "left_click", "coordinate": [3, 4]}), "left_click [3,4]"),
            ("left_click", json!({"coordinate": [3, 4]}), "[3,4]"),
            ("screenshot", json!({}), ""),
            (
                "computer_batch",
                json!({"actions": [{"name": "screenshot"}, {"name": "left_mouse_up"}]}),
                "screenshot, left_mouse_up",
            ),
            ("desktop", json!({"action": "write_clipboard", "text": "a"}), r#"write_clipboard "a""#),
            ("weather", json!({"place": "here"}), r#"{"place":"here"}"#),
        ] {
            let call = ToolCall { id: "1".to_owned(), name: name.to_owned(), arguments, toolset: None };
            assert_eq!(of_call(&call), told, "{name}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        let output = ToolOutput::text("word ".repeat(1000));
        assert!(of_output(&output).chars().count() <= 161);
    }
}
