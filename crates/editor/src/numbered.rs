//! Lines with their numbers, as `cat -n` prints them, up to a bound.
//!
//! The bound counts the characters of the lines, not of the numbers. It cuts between lines; only a first line
//! that is too long by itself is cut within.

use std::ops::RangeInclusive;

use crate::lines;

/// Numbered lines, and what the bound left out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// One line of text for each line of the file.
    pub(crate) text: String,
    /// The last line that is shown.
    pub(crate) last: usize,
    /// Why the lines stop before the end of what was asked for.
    pub(crate) cut: Option<Cut>,
}

/// Where the bound fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// After a whole line.
    BetweenLines,
    /// In the only line shown.
    WithinLine,
}

/// Numbers the lines `range` of a content that has them all.
pub(crate) fn numbered(content: &[u8], range: RangeInclusive<usize>, limit: usize) -> Numbered {
    let (first, last) = range.into_inner();
    let mut text = String::new();
    let mut shown = 0;
    let start = lines::offset_after(content, first - 1);
    for (number, line) in (first..=last).zip(content[start..].split_inclusive(|byte| *byte == b'\n')) {
        let line = lines::without_ending(line);
        // A character has at most four bytes, so what is beyond them need not be decoded to be left out.
        let line = String::from_utf8_lossy(&line[..line.len().min(limit.saturating_mul(4) + 4)]);
        let length = line.chars().count();
        if shown + length > limit {
            if number > first {
                return Numbered { text, last: number - 1, cut: Some(Cut::BetweenLines) };
            }
            push(&mut text, number, &line.chars().take(limit).collect::<String>());
            return Numbered { text, last: number, cut: Some(Cut::WithinLine) };
        }
        shown += length;
        push(&mut text, number, &line);
    }
    Numbered { text, last, cut: None }
}

fn push(text: &mut String, number: usize, line: &str) {
    text.push_str(&format!("{number:6}\t{line}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_six_wide_and_followed_by_a_tab() {
        assert_eq!(numbered(b"a\r\n\tb\nc", 2..=3, 100).text, "     2\t\tb\n     3\tc\n");
    }

    #[test]
    fn the_bound_cuts_between_lines() {
        let lines = numbered(b"abc\ndef\nghi\n", 1..=3, 7);
        assert_eq!(
            lines,
            Numbered { text: "     1\tabc\n     2\tdef\n".into(), last: 2, cut: Some(Cut::BetweenLines) }
        );
    }

    #[test]
    fn a_line_that_is_too_long_by_itself_is_cut_within() {
        let lines = numbered("äöüß\n".as_bytes(), 1..=1, 3);
        assert_eq!(lines, Numbered { text: "     1\täöü\n".into(), last: 1, cut: Some(Cut::WithinLine) });
    }
}
