//! Lines of a file that is only bytes: counting them, finding them, and how they end.
//!
//! A line ends after `\n` and nowhere else; a `\r` before it is part of the ending. Text after the last `\n`
//! is a line too, but nothing after it is not, so no file ends in an empty line that is not there.

use std::{borrow::Cow, ops::Range};

use memchr::{memchr, memchr_iter, memrchr};

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Lf,
    CrLf,
}

impl Ending {
    /// The ending of the line that holds the byte at `at`; of the line before it where that has none.
    pub(crate) fn near(content: &[u8], at: usize) -> Self {
        let newline = memchr(b'\n', &content[at..]).map(|index| at + index).or_else(|| memrchr(b'\n', &content[..at]));
        match newline {
            Some(newline) if content[..newline].ends_with(b"\r") => Self::CrLf,
            _ => Self::Lf,
        }
    }

    /// The ending's bytes, as text.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }

    /// A model's text with this ending. A text with carriage returns of its own is taken at its word.
    pub(crate) fn give_to(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::CrLf if !text.contains('\r') => Cow::Owned(text.replace('\n', "\r\n")),
            Self::CrLf | Self::Lf => Cow::Borrowed(text),
        }
    }
}

/// How many lines there are.
pub(crate) fn count(content: &[u8]) -> usize {
    let is_open = !content.is_empty() && !content.ends_with(b"\n");
    memchr_iter(b'\n', content).count() + usize::from(is_open)
}

/// The number, from 1, of the line that holds the byte at `offset`.
pub(crate) fn number_at(content: &[u8], offset: usize) -> usize {
    memchr_iter(b'\n', &content[..offset]).count() + 1
}

/// Where the first line after `lines` lines starts: the end of the content when there are no more.
pub(crate) fn offset_after(content: &[u8], lines: usize) -> usize {
    match lines.checked_sub(1) {
        None => 0,
        Some(index) => memchr_iter(b'\n', content).nth(index).map_or(content.len(), |newline| newline + 1),
    }
}

/// The bytes of whole lines that hold `range`, and of up to `around` lines on either side.
pub(crate) fn whole(content: &[u8], range: Range<usize>, around: usize) -> Range<usize> {
    let mut start = line_start(content, range.start);
    for _ in 0..around {
        start = line_start(content, start.saturating_sub(1));
    }
    let end = range.end + offset_after(&content[range.end..], around + 1);
    start..end
}

/// The lines, each with its ending.
pub(crate) fn split(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The line without its ending.
pub(crate) fn without_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn line_start(content: &[u8], offset: usize) -> usize {
    memrchr(b'\n', &content[..offset]).map_or(0, |newline| newline + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_newlines_count_and_nothing_follows_the_last() {
        let counts =
            [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("a\r\nb\r\n", 2), ("a\rb\u{b}c\u{2028}d", 1), ("\n", 1)];
        for (text, lines) in counts {
            assert_eq!(count(text.as_bytes()), lines, "{text:?}");
        }
    }

    #[test]
    fn a_range_grows_to_whole_lines_and_the_lines_around_it() {
        let content = b"one\ntwo\nthree\nfour\nfive";
        assert_eq!(whole(content, 9..10, 0), 8..14);
        assert_eq!(whole(content, 9..10, 1), 4..19);
        assert_eq!(whole(content, 9..10, 9), 0..23);
        assert_eq!(whole(b"", 0..0, 3), 0..0);
    }

    #[test]
    fn the_ending_is_that_of_the_line_or_of_the_one_before() {
        assert_eq!(Ending::near(b"a\r\nb\nc", 0), Ending::CrLf);
        assert_eq!(Ending::near(b"a\r\nb\nc", 3), Ending::Lf);
        assert_eq!(Ending::near(b"a\r\nb", 3), Ending::CrLf);
        assert_eq!(Ending::near(b"a", 0), Ending::Lf);
    }

    #[test]
    fn a_text_with_carriage_returns_keeps_them() {
        assert_eq!(Ending::CrLf.give_to("a\nb"), "a\r\nb");
        assert_eq!(Ending::CrLf.give_to("a\r\nb\n"), "a\r\nb\n");
        assert_eq!(Ending::Lf.give_to("a\nb"), "a\nb");
    }
}
