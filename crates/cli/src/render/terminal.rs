//! A session as a person follows it: what the model says, each call with its time and a short result, diffs in
//! colour, and where the screenshots are.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    mem,
    path::PathBuf,
};

use async_trait::async_trait;
use console::{Style, style};
use handspike_core::EventSink;
use handspike_types::{ContentPart, Event, EventKind, Outcome, ToolCall, ToolOutput, Usage};

use super::{Activity, summary, unless_unread};
use crate::units::show_millis;

/// The longest diff that is shown in full.
const DIFF_LINES: usize = 40;

/// Writes events to standard output, with the activity line below them.
pub(crate) struct Terminal {
    activity: Activity,
    record: PathBuf,
    running: HashMap<String, ToolCall>,
    /// Whether a part of the model's answer stands on the screen already, in a line that has not ended.
    is_writing: bool,
}

impl Terminal {
    pub(crate) fn new(activity: Activity, record: PathBuf) -> Self {
        Self { activity, record, running: HashMap::new(), is_writing: false }
    }

    fn print(&self, text: &str) -> io::Result<()> {
        self.activity.aside(|| print_plainly(text))
    }

    /// Shows more of what the model says, as it says it.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let text = if self.is_writing { text } else { text.trim_start() };
        if text.is_empty() {
            return Ok(());
        }
        // The activity's line would be drawn over the unfinished one.
        self.activity.idle();
        let start = if self.is_writing { "" } else { "\n" };
        self.is_writing = true;
        print_plainly(&format!("{start}{}", summary::printable(text)))
    }

    /// Ends a line that was left open.
    fn end_writing(&mut self) -> io::Result<()> {
        if mem::take(&mut self.is_writing) { print_plainly("\n") } else { Ok(()) }
    }

    fn finished_call(&self, call: Option<&ToolCall>, name: &str, output: &ToolOutput, duration_ms: u64) -> String {
        let mark = if output.is_error { style("✗").red() } else { style("✓").green() };
        let what = call.map(summary::of_call).unwrap_or_default();
        let mut text = format!("  {mark} {} {what}  {}\n", style(name).cyan(), style(show_millis(duration_ms)).dim());
        match summary::diff_of(output) {
            Some(diff) => text.push_str(&coloured(diff)),
            None => text.push_str(&format!("    {}\n", style(summary::of_output(output)).dim())),
        }
        for part in &output.content {
            if let ContentPart::Image(image) = part
                && let Some(file) = &image.file
            {
                text.push_str(&format!("    {} {}\n", style("screenshot").dim(), self.record.join(file).display()));
            }
        }
        text
    }
}

#[async_trait]
impl EventSink for Terminal {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::SessionStarted { model, .. } => {
                let line = format!("{} {}  model {model}\n", style("session").bold(), event.session);
                self.print(&line)
            }
            EventKind::TurnStarted { input, .. } => {
                let task = summary::printable(&summary::of_input(input));
                self.print(&format!("{} {task}\n", style("task").bold()))
            }
            EventKind::StepStarted { step, .. } => {
                self.activity.busy(&format!("step {step}: the model thinks"));
                Ok(())
            }
            // Of several answers, the first is the one that counts.
            EventKind::MessageDelta { choice: 0, text, .. } => self.write(text),
            EventKind::MessageDelta { .. } => Ok(()),
            EventKind::ModelAnswered { text, warnings, .. } => {
                self.activity.idle();
                match text.trim() {
                    _ if self.is_writing => self.end_writing()?,
                    "" => {}
                    text => self.print(&format!("\n{}\n", summary::printable(text)))?,
                }
                for warning in warnings {
                    self.print(&format!("  {} {}\n", style("!").yellow(), summary::printable(warning)))?;
                }
                Ok(())
            }
            EventKind::CallStarted { call, .. } => {
                self.activity.busy(&format!("{} {}", call.name, summary::of_call(call)));
                self.running.insert(call.id.clone(), call.clone());
                Ok(())
            }
            EventKind::CallFinished { call_id, name, output, duration_ms, .. } => {
                self.activity.idle();
                let call = self.running.remove(call_id);
                self.print(&self.finished_call(call.as_ref(), &summary::printable(name), output, *duration_ms))
            }
            EventKind::Progress { text } => {
                self.activity.busy(text);
                Ok(())
            }
            EventKind::TurnFinished { outcome, steps, usage, duration_ms, .. } => {
                self.activity.idle();
                self.end_writing()?;
                self.print(&ending(outcome, *steps, *usage, *duration_ms))
            }
        }
    }
}

fn print_plainly(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    unless_unread(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn ending(outcome: &Outcome, steps: u32, usage: Usage, duration_ms: u64) -> String {
    let (mark, what) = match outcome {
        Outcome::Done { .. } => (style("done").green().bold(), String::new()),
        Outcome::AwaitsClient { pending } => {
            (style("waiting").yellow().bold(), format!(" for the results of {}", pending.join(", ")))
        }
        Outcome::LimitReached { limit, .. } => (style("limit reached").yellow().bold(), format!(": {limit}")),
        Outcome::Cancelled => (style("interrupted").yellow().bold(), String::new()),
        Outcome::ModelFailed { error } => (style("the model failed").red().bold(), format!(": {error}")),
        Outcome::ExpectationFailed { error } => (style("expectation not met").red().bold(), format!(": {error}")),
        Outcome::Faulted { error } => (style("failed").red().bold(), format!(": {error}")),
    };
    let tokens = match usage.total() {
        0 => String::new(),
        total => format!(", {total} tokens"),
    };
    let steps = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
    format!(
        "\n{mark}{}\n{}\n",
        summary::printable(&what),
        style(format!("{steps}{tokens}, {}", show_millis(duration_ms))).dim()
    )
}

fn coloured(diff: &str) -> String {
    let mut text = String::new();
    let lines: Vec<&str> = diff.lines().collect();
    for line in lines.iter().take(DIFF_LINES) {
        let style = match line.as_bytes().first() {
            _ if line.starts_with("+++") || line.starts_with("---") => Style::new().dim(),
            Some(b'+') => Style::new().green(),
            Some(b'-') => Style::new().red(),
            Some(b'@') => Style::new().cyan(),
            _ => Style::new(),
        };
        text.push_str(&format!("    {}\n", style.apply_to(summary::printable(line))));
    }
    if lines.len() > DIFF_LINES {
        text.push_str(&format!("    … {} lines more, in the report\n", lines.len() - DIFF_LINES));
    }
    text
}
