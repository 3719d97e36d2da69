//! What a script expects of a call's result.

use handspike_types::{
    ContentPart, ToolDetails, ToolOutput,
    bash::{BashDetails, BashEnd},
};
use serde::{Deserialize, Deserializer};

/// What must hold of a call's result; whatever is not given is not checked, except for `is_error`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The status that the shell command exits with.
    pub exit_status: Option<i32>,
    /// Texts that occur in the output: one or a list.
    #[serde(deserialize_with = "one_or_many")]
    pub contains: Vec<String>,
    /// Texts that do not: one or a list.
    #[serde(deserialize_with = "one_or_many")]
    pub not_contains: Vec<String>,
    /// Whether the result is a tool error. A call must not be one unless this says so; a command that exits with
    /// another status than 0 is none.
    pub is_error: bool,
    /// Whether the result has a picture.
    pub image: Option<bool>,
    /// Whether a desktop action changed the screen.
    pub changed: Option<bool>,
}

impl Expectation {
    /// What does not hold of an output, a sentence each; nothing when all does.
    pub(super) fn mismatches(&self, output: &ToolOutput) -> Vec<String> {
        let text = output.joined_text();
        let mut wrong = Vec::new();
        if self.is_error != output.is_error {
            wrong.push(match self.is_error {
                true => "expected a tool error, but the call succeeded".to_owned(),
                false => "expected no tool error (`is_error: true` would allow it), but it is one".to_owned(),
            });
        }
        if let Some(status) = self.exit_status
            && bash_end(output) != Some(BashEnd::Exited(status))
        {
            wrong.push(format!("expected exit status {status}, but {}", end_in_words(bash_end(output))));
        }
        for part in self.contains.iter().filter(|part| !text.contains(*part)) {
            wrong.push(format!("expected the output to contain `{part}`, but it does not"));
        }
        for part in self.not_contains.iter().filter(|part| text.contains(*part)) {
            wrong.push(format!("expected the output not to contain `{part}`, but it does"));
        }
        let has_image = output.content.iter().any(|part| matches!(part, ContentPart::Image(_)));
        match self.image {
            Some(true) if !has_image => wrong.push("expected a picture, but there is none".to_owned()),
            Some(false) if has_image => wrong.push("expected no picture, but there is one".to_owned()),
            Some(_) | None => {}
        }
        if let Some(changed) = self.changed {
            wrong.extend(screen_mismatch(changed, output));
        }
        wrong
    }
}

fn bash_end(output: &ToolOutput) -> Option<BashEnd> {
    if let Some(ToolDetails::Bash(BashDetails { end, .. })) = output.details { Some(end) } else { None }
}

fn end_in_words(end: Option<BashEnd>) -> String {
    match end {
        Some(BashEnd::Exited(status)) => format!("it was {status}"),
        Some(BashEnd::TimedOut) => "the command ran out of time".to_owned(),
        Some(BashEnd::Cancelled) => "the command was cancelled".to_owned(),
        Some(BashEnd::ShellEnded) => "the shell itself ended".to_owned(),
        Some(BashEnd::Restarted) => "the shell was restarted".to_owned(),
        None => "no command was run".to_owned(),
    }
}

fn screen_mismatch(expected: bool, output: &ToolOutput) -> Option<String> {
    let changed = if let Some(ToolDetails::Computer(details)) = &output.details { Some(details.changed) } else { None };
    match (expected, changed) {
        (_, Some(changed)) if changed == expected => None,
        (true, Some(_)) => Some("expected the screen to change, but it did not".to_owned()),
        (false, Some(_)) => Some("expected the screen not to change, but it did".to_owned()),
        (_, None) => Some("expected a desktop action to tell whether the screen changed, but none did".to_owned()),
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    })
}
