//! What is told of a call's output while it runs.

use std::time::{Duration, Instant};

use crate::capture::Capture;

/// How often there may be news.
const PERIOD: Duration = Duration::from_secs(1);
/// How many characters of a line are told.
const LONGEST: usize = 200;

/// Tells the last line of the output, if it is another one than the time before.
pub(crate) struct Progress<'a> {
    tell: &'a mut dyn FnMut(&str),
    due: Instant,
    lines_told: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(tell: &'a mut dyn FnMut(&str)) -> Self {
        Self { tell, due: Instant::now() + PERIOD, lines_told: 0 }
    }

    /// When there may be news again.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Tells what is new, if anything is.
    pub(crate) fn report(&mut self, capture: &Capture) {
        self.due = Instant::now() + PERIOD;
        let lines = capture.complete_lines();
        if lines == self.lines_told {
            return;
        }
        self.lines_told = lines;
        if let Some(line) = capture.last_line().filter(|line| !line.trim().is_empty()) {
            let end = line.char_indices().nth(LONGEST).map_or(line.len(), |(end, _)| end);
            (self.tell)(&line[..end]);
        }
    }
}
