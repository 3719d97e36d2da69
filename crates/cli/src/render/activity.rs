//! What goes on right now: a spinner with the time it has taken, on a terminal; nothing elsewhere, where the notes
//! and events tell enough.

use std::{io::IsTerminal as _, time::Duration};

use console::measure_text_width;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::summary;
use crate::exit::tell;

/// The one line at the bottom of the screen that shows slow work. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    spinner: ProgressBar,
}

impl Activity {
    /// A line on standard error, where that is a terminal.
    pub(crate) fn shown() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self::drawn_to(if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() })
    }

    /// No line; notes are still told.
    pub(crate) fn hidden() -> Self {
        Self::drawn_to(ProgressDrawTarget::hidden())
    }

    fn drawn_to(target: ProgressDrawTarget) -> Self {
        let spinner = ProgressBar::with_draw_target(None, target);
        // A template that does not parse would be a slip of this line; the plain style serves as well.
        let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        spinner.set_style(style);
        spinner.finish_and_clear();
        Self { spinner }
    }

    /// Shows what goes on, from now on.
    pub(crate) fn busy(&self, what: &str) {
        let what = summary::one_line(what);
        if measure_text_width(&self.spinner.message()) == 0 {
            self.spinner.reset();
            self.spinner.enable_steady_tick(Duration::from_millis(100));
        }
        self.spinner.set_message(what);
    }

    /// Shows nothing any more. A spinner that has finished is not drawn again either, so that text can be written in its
    /// place piece by piece.
    pub(crate) fn idle(&self) {
        self.spinner.disable_steady_tick();
        self.spinner.set_message("");
        self.spinner.finish_and_clear();
    }

    /// Runs something that prints, with the line out of its way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.spinner.suspend(print)
    }

    /// Tells a person something, on standard error.
    pub(crate) fn note(&self, text: &str) {
        self.aside(|| tell(text));
    }
}
