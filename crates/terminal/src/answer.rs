//! What the model reads of a terminal: the lines that scrolled by, the screen, and a last line in brackets.

use handspike_command::View;
use handspike_types::{
    ToolDetails, ToolOutput, quoted,
    terminal::{TerminalDetails, TerminalWait},
};

use crate::{
    terminal::{Taken, Terminal},
    wait::Reason,
};

/// A look at a terminal, and what else is to be said.
pub(crate) struct Told<'a> {
    /// What happened besides, if anything.
    pub(crate) news: Option<String>,
    pub(crate) reason: Reason,
    pub(crate) wait: &'a TerminalWait,
    pub(crate) taken: Taken,
}

impl Told<'_> {
    pub(crate) fn answer(self, terminal: &mut Terminal) -> ToolOutput {
        let (scrolled, details) = look(terminal);
        let mut text = self.news.as_ref().map(|news| format!("[{news}]\n")).unwrap_or_default();
        text.push_str(&page(&scrolled, &details.screen));
        let notes = [self.status(details.exit_status), self.untaken(), Some(place(&details))];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        text.push_str(&format!("[{}]", notes.join("; ")));
        ToolOutput::text(text).with_details(ToolDetails::Terminal(details))
    }

    fn status(&self, exit_status: Option<i32>) -> Option<String> {
        if let Some(status) = exit_status {
            return Some(ended(status));
        }
        let seconds = self.wait.timeout.as_secs_f64();
        Some(match (self.reason, &self.wait.until) {
            (Reason::TimedOut, Some(until)) => {
                format!("running; {} did not appear within {seconds} s", quoted(until))
            }
            (Reason::TimedOut, None) => format!("running, and not quiet after {seconds} s"),
            (Reason::Cancelled, _) => "running; the call was cancelled".to_owned(),
            (Reason::Ended | Reason::Found | Reason::Quiet, _) => "running".to_owned(),
        })
    }

    fn untaken(&self) -> Option<String> {
        match self.taken {
            Taken::All => None,
            Taken::Part(sent, all) => {
                let bytes = if all == 1 { "byte that was" } else { "bytes that were" };
                Some(format!("of {all} {bytes} to be typed the program took {sent}; the rest is dropped"))
            }
            Taken::Cancelled => Some("not all was typed".to_owned()),
        }
    }
}

/// The answer to a terminal's closing.
pub(crate) fn closed(name: &str, terminal: &mut Terminal) -> ToolOutput {
    let how = match terminal.exit_status() {
        Some(status) => format!("its command had {}", ended(status)),
        None => "its command was ended, and all it started".to_owned(),
    };
    let (scrolled, details) = look(terminal);
    let text = page(&scrolled, &details.screen) + &format!("[terminal `{name}` is closed; {how}]");
    ToolOutput::text(text).with_details(ToolDetails::Terminal(details))
}

/// How a command ended, in words.
pub(crate) fn ended(status: i32) -> String {
    match status {
        129..=192 => format!("ended with exit status {status}, which is 128 and signal {}", status - 128),
        _ => format!("ended with exit status {status}"),
    }
}

fn look(terminal: &mut Terminal) -> (View, TerminalDetails) {
    let exit_status = terminal.exit_status();
    let mut state = terminal.shared().state();
    let scrolled = state.screen.take_scrolled();
    let (size, cursor, screen) = (state.screen.size(), state.screen.cursor(), state.screen.rows());
    (scrolled, TerminalDetails { exit_status, size, cursor, screen })
}

fn page(scrolled: &View, screen: &[String]) -> String {
    let mut text = match scrolled {
        View::Whole(text) => text.clone(),
        View::Cut { head, tail, lines_left_out, bytes_left_out } => {
            let newline = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
            format!("{head}{newline}[{lines_left_out} lines, {bytes_left_out} bytes left out here]\n{tail}")
        }
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let shown = screen.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
    for row in &screen[..shown] {
        text.push_str(row);
        text.push('\n');
    }
    text
}

fn place(details: &TerminalDetails) -> String {
    let (column, row) = details.cursor;
    let size = details.size;
    format!("cursor at column {column}, row {row}, counted from 0; {} columns, {} rows", size.columns, size.rows)
}
