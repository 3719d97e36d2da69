//! What a call wrote, as it will be shown: the page, standard error apart, and the spool. All three are bounded.

use crate::{
    BashConfig,
    pipes::Stream,
    spool::{Spool, Spooled},
    text::{Cleaner, Piece},
    window::{View, Window},
};

/// How much of standard error goes to programs.
const STDERR_LIMIT: usize = 8 * 1024;
/// How many runs of lines the answer lists as standard error.
const RUNS_LIMIT: usize = 8;

/// Takes the output of a call.
#[derive(Debug)]
pub(crate) struct Capture {
    cleaner: Cleaner,
    page: Page,
    err_cleaner: Cleaner,
    err: Window,
    spool: Spool,
    out_bytes: u64,
    err_bytes: u64,
}

#[derive(Debug)]
struct Page {
    window: Window,
    line: u64,
    err_lines: ErrLines,
}

/// Which lines, counted from 1, standard error wrote to.
#[derive(Debug, Default)]
pub(crate) struct ErrLines {
    pub(crate) runs: Vec<(u64, u64)>,
    pub(crate) more: bool,
}

/// A call's whole output.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) view: View,
    /// Only if the view is cut.
    pub(crate) spooled: Option<Spooled>,
    pub(crate) err_lines: ErrLines,
    pub(crate) stderr: String,
    pub(crate) out_bytes: u64,
    pub(crate) err_bytes: u64,
}

impl Capture {
    pub(crate) fn new(config: &BashConfig) -> Self {
        let window = Window::new(config.answer_limit);
        Self {
            cleaner: Cleaner::default(),
            page: Page { window, line: 1, err_lines: ErrLines::default() },
            err_cleaner: Cleaner::default(),
            err: Window::new(STDERR_LIMIT),
            spool: Spool::new(&config.spool_dir, config.answer_limit, config.spool_limit),
            out_bytes: 0,
            err_bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, stream: Stream, bytes: &[u8]) {
        self.spool.push(bytes);
        self.cleaner.push(stream, bytes, &mut |piece| self.page.add(&piece));
        match stream {
            Stream::Out => self.out_bytes += bytes.len() as u64,
            Stream::Err => {
                self.err_bytes += bytes.len() as u64;
                self.err_cleaner.push(stream, bytes, &mut |piece| self.err.push(piece.text));
            }
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.out_bytes + self.err_bytes
    }

    pub(crate) fn finish(mut self) -> Captured {
        self.cleaner.finish(&mut |piece| self.page.add(&piece));
        self.err_cleaner.finish(&mut |piece| self.err.push(piece.text));
        let view = self.page.window.finish();
        let spooled = match view {
            View::Cut { .. } => Some(self.spool.keep()),
            View::Whole(_) => {
                self.spool.discard();
                None
            }
        };
        let stderr = match self.err.finish() {
            View::Whole(text) => text,
            View::Cut { head, tail, bytes_left_out, .. } => {
                format!("{head}\n[{bytes_left_out} bytes left out]\n{tail}")
            }
        };
        let (err_lines, out_bytes, err_bytes) = (self.page.err_lines, self.out_bytes, self.err_bytes);
        Captured { view, spooled, err_lines, stderr, out_bytes, err_bytes }
    }
}

impl Page {
    fn add(&mut self, piece: &Piece<'_>) {
        self.window.push(piece.text);
        if piece.from_err {
            self.err_lines.add(self.line);
        }
        if piece.text.ends_with('\n') {
            self.line += 1;
        }
    }
}

impl ErrLines {
    fn add(&mut self, line: u64) {
        let room = self.runs.len() < RUNS_LIMIT;
        match self.runs.last_mut() {
            Some((_, last)) if *last + 1 >= line => *last = line,
            Some(_) | None if room => self.runs.push((line, line)),
            Some(_) | None => self.more = true,
        }
    }
}
