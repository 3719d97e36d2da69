//! The session as one HTML file that opens without a network: steps, diffs and pictures. It is written while the
//! session runs, so an interrupted one has its report too; a browser closes what is left open.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
};

use async_trait::async_trait;
use handspike_core::EventSink;
use handspike_types::{ContentPart, Event, EventKind, Image, Outcome, ToolCall, ToolOutput};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::summary;
use crate::units::show_millis;

const STYLE: &str = include_str!("report.css");

/// Writes the report of one session.
pub(crate) struct Report {
    file: File,
}

impl Report {
    pub(crate) const FILE: &'static str = "report.html";

    /// Starts a report.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        // Held as long as the report is written: two runs with one folder would mix their records.
        file.try_lock().map_err(|_| io::Error::other("another run writes to it"))?;
        file.set_len(0)?;
        Ok(Self { file })
    }
}

#[async_trait]
impl EventSink for Report {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        let markup = match &event.kind {
            EventKind::SessionStarted { model, .. } => head(&event.session.to_string(), model),
            EventKind::TurnStarted { input, .. } => {
                html! { section.task { h2 { "Task" } pre { (summary::of_input(input)) } } }
            }
            EventKind::ModelAnswered { step, text, duration_ms, usage, .. } => html! {
                section.step {
                    h2 { "Step " (step) " " small { (show_millis(*duration_ms)) @if usage.total() > 0 { ", " (usage.total()) " tokens" } } }
                    @if !text.trim().is_empty() { p.said { (text.trim()) } }
                }
            },
            EventKind::CallStarted { call, .. } => html! { (call_head(call)) },
            EventKind::CallFinished { call_id, output, duration_ms, .. } => result(call_id, output, *duration_ms),
            EventKind::TurnFinished { outcome, steps, duration_ms, .. } => ending(outcome, *steps, *duration_ms),
            EventKind::StepStarted { .. } | EventKind::MessageDelta { .. } | EventKind::Progress { .. } => {
                return Ok(());
            }
        };
        self.file.write_all(markup.into_string().as_bytes())
    }
}

fn head(session: &str, model: &str) -> Markup {
    html! {
        (DOCTYPE)
        meta charset="utf-8";
        meta name="viewport" content="width=device-width";
        // Nothing that a sandbox said may load or run anything, whatever it manages to write here.
        meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'";
        title { "Handspike session " (session) }
        style { (PreEscaped(STYLE)) }
        header { h1 { "Handspike session" } p { code { (session) } " with model " b { (model) } } }
    }
}

fn call_head(call: &ToolCall) -> Markup {
    let arguments = serde_json::to_string_pretty(&call.arguments).unwrap_or_default();
    html! {
        div.call {
            h3 { b { (call.name) } " " code { (summary::of_call(call)) } }
            details { summary { "arguments" } pre { (summary::printable(&arguments)) } }
        }
    }
}

fn result(call_id: &str, output: &ToolOutput, duration_ms: u64) -> Markup {
    let text = summary::printable(&output.joined_text());
    html! {
        div.result.error[output.is_error] id=(call_id) {
            p.outcome { (summary::of_output(output)) " " small { (show_millis(duration_ms)) } }
            @if let Some(diff) = summary::diff_of(output) { (coloured(diff)) }
            @if !text.is_empty() { details open[output.is_error] { summary { "answer" } pre { (text) } } }
            @for part in &output.content {
                @if let ContentPart::Image(image) = part { (picture(image)) }
            }
        }
    }
}

fn coloured(diff: &str) -> Markup {
    html! {
        pre.diff {
            @for line in diff.lines() {
                @let kind = match line.as_bytes().first() { Some(b'+') => "added", Some(b'-') => "removed", Some(b'@') => "place", _ => "same" };
                span class=(kind) { (summary::printable(line)) "\n" }
            }
        }
    }
}

fn picture(image: &Image) -> Markup {
    html! { img loading="lazy" alt="screenshot" src={ "data:" (image.media_type) ";base64," (image.data) }; }
}

fn ending(outcome: &Outcome, steps: u32, duration_ms: u64) -> Markup {
    let (kind, title, text) = match outcome {
        Outcome::Done { text } => ("done", "Done", text.clone()),
        Outcome::AwaitsClient { pending } => ("stopped", "Waiting for results", pending.join("\n")),
        Outcome::LimitReached { limit, .. } => ("stopped", "Limit reached", limit.clone()),
        Outcome::Cancelled => ("stopped", "Interrupted", String::new()),
        Outcome::ModelFailed { error } => ("failed", "The model failed", error.clone()),
        Outcome::ExpectationFailed { error } => ("failed", "Expectation not met", error.clone()),
        Outcome::Faulted { error } => ("failed", "Failed", error.clone()),
    };
    html! {
        section.ending.(kind) {
            h2 { (title) " " small { (steps) " steps, " (show_millis(duration_ms)) } }
            @if !text.is_empty() { pre { (summary::printable(&text)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sandbox_says_stays_text() {
        let forged = Image::new("image/png\" onerror=\"x", "AAAA\" onerror=\"x");
        let output = ToolOutput::text("<script>alert(1)</script>").with_image(forged);
        let markup = result("call\"><script>", &output, 1).into_string();
        assert!(!markup.contains("<script>"), "{markup}");
        assert!(!markup.contains("\" onerror"), "{markup}");
    }
}
