//! Calls and results in a line or two, for the terminal and the report. What a sandbox says is hostile: nothing of it
//! reaches a terminal but printable characters.

use handspike_types::{
    ContentPart, Message, ToolCall, ToolDetails, ToolOutput,
    bash::{self, BashDetails, BashEnd},
    computer,
};
use serde_json::Value;

/// What a turn was begun with.
pub(crate) fn of_input(input: &[Message]) -> String {
    let texts: Vec<String> = input.iter().map(|message| message.joined_text().trim().to_owned()).collect();
    texts.join("\n")
}

/// What a call is about, in one line: the command, the file, the action.
pub(crate) fn of_call(call: &ToolCall) -> String {
    let text = |key: &str| call.arguments.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let line = match call.name.as_str() {
        bash::NAME if call.arguments.get("restart").is_some() => "restart".to_owned(),
        bash::NAME => text("command"),
        "str_replace_editor" | "str_replace_based_edit_tool" => format!("{} {}", text("command"), text("path")),
        computer::NAME => {
            let coordinate = call.arguments.get("coordinate").map(Value::to_string).unwrap_or_default();
            let typed = call.arguments.get("text").map(Value::to_string).unwrap_or_default();
            [text("action"), coordinate, typed].join(" ")
        }
        _ => call.arguments.to_string(),
    };
    one_line(&line)
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
    fn long_text_is_cut() {
        let output = ToolOutput::text("word ".repeat(1000));
        assert!(of_output(&output).chars().count() <= 161);
    }
}
