//! What a call wrote, as it will be shown: the page, standard error apart, and the spool. All three are bounded.

use handspike_command::{View, Window};
use memchr::memchr_iter;

use crate::{
    BashConfig,
    line::Piece,
    pipes::Stream,
    spool::{Spool, Spooled},
    text::Cleaner,
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
    nul_bytes: u64,
}

#[derive(Debug)]
struct Page {
    window: Window,
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
    /// How many of them were NUL, which is never shown.
    pub(crate) nul_bytes: u64,
}

impl Capture {
    pub(crate) fn new(config: &BashConfig) -> Self {
        let window = Window::new(config.answer_limit);
        Self {
            cleaner: Cleaner::default(),
            page: Page { window, err_lines: ErrLines::default() },
            err_cleaner: Cleaner::default(),
            err: Window::new(STDERR_LIMIT),
            spool: Spool::new(&config.spool_dir, config.answer_limit, config.spool_limits),
            out_bytes: 0,
            err_bytes: 0,
            nul_bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, stream: Stream, bytes: &[u8]) {
        self.spool.push(bytes);
        self.nul_bytes += memchr_iter(0, bytes).count() as u64;
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

    /// How many lines have come to their end.
    pub(crate) fn complete_lines(&self) -> u64 {
        self.page.window.newlines()
    }

    /// The last of them, as it is shown.
    pub(crate) fn last_line(&self) -> Option<String> {
        self.page.window.last_line()
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
        let Self { page: Page { err_lines, .. }, out_bytes, err_bytes, nul_bytes, .. } = self;
        Captured { view, spooled, err_lines, stderr, out_bytes, err_bytes, nul_bytes }
    }
}

impl Page {
    fn add(&mut self, piece: &Piece<'_>) {
        let first = self.window.newlines() + 1;
        self.window.push(piece.text);
        if piece.from_err {
            let ended = self.window.newlines();
            self.err_lines.add(first, if piece.text.ends_with('\n') { ended } else { ended + 1 });
        }
    }
}

impl ErrLines {
    fn add(&mut self, first: u64, last: u64) {
        let room = self.runs.len() < RUNS_LIMIT;
        match self.runs.last_mut() {
            Some((_, end)) if *end + 1 >= first => *end = last,
            Some(_) | None if room => self.runs.push((first, last)),
            Some(_) | None => self.more = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    const LIMIT: usize = 64;

    fn captured(chunks: &[&[u8]], folder: &std::path::Path) -> Captured {
        let config = BashConfig { answer_limit: LIMIT, spool_dir: folder.to_owned(), ..BashConfig::default() };
        let mut capture = Capture::new(&config);
        chunks.iter().for_each(|chunk| capture.push(Stream::Out, chunk));
        capture.finish()
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop_oneof![
            "[a-z \n]{0,12}".prop_map(String::into_bytes),
            "[é€😀]{0,4}".prop_map(String::into_bytes),
            "(\r|\x08|\x1b\\[[0-9;]*m|\x1b\\]0;t\x07)".prop_map(String::into_bytes),
            vec(any::<u8>(), 0..6),
        ];
        vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_answer_does_not_depend_on_how_the_output_is_cut_and_the_spool_is_raw(
            bytes in bytes(),
            cuts in vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let (whole, cut) = (captured(&[&bytes], folder.path()), captured(&chunks, folder.path()));
            prop_assert_eq!(&whole.view, &cut.view);
            prop_assert_eq!(cut.out_bytes, bytes.len() as u64);
            prop_assert_eq!(cut.nul_bytes, bytes.iter().filter(|byte| **byte == 0).count() as u64);
            match (cut.view, cut.spooled) {
                (View::Whole(text), None) => prop_assert!(text.len() <= LIMIT),
                (View::Cut { head, tail, .. }, Some(Spooled::All(path))) => {
                    prop_assert!(head.len() + tail.len() <= LIMIT);
                    prop_assert_eq!(fs::read(path).expect("the spool"), bytes);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
