//! Where a model's text stands in a file.
//!
//! A model is shown lines and writes `\n`; the file may say `\r\n`. So a `\n` in the text matches both, unless
//! the text has a `\r` of its own, which says that the model knows better. To stay linear for every file, the
//! search runs over a copy without those carriage returns and maps what it finds back to the file.

use std::ops::Range;

use memchr::memmem;

/// Matches that are looked for. Two would do to refuse an edit; the rest is for the list of line numbers.
pub(crate) const MATCH_LIMIT: usize = 100;

/// Up to `MATCH_LIMIT + 1` places in `content` that read as `text`, in order. They may overlap: a text that
/// fits in two ways is not found once.
pub(crate) fn find(content: &[u8], text: &str) -> Vec<Range<usize>> {
    let has_crlf = memmem::find(content, b"\r\n").is_some();
    if !has_crlf || text.contains('\r') || !text.contains('\n') {
        return starts_of(content, text).into_iter().map(|start| start..start + text.len()).collect();
    }
    let starts = starts_of(&without_carriage_returns(content), text);
    let ends: Vec<usize> = starts.iter().map(|start| start + text.len()).collect();
    let (starts, ends) = (in_original(content, &starts), in_original(content, &ends));
    starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
}

fn starts_of(content: &[u8], text: &str) -> Vec<usize> {
    let finder = memmem::Finder::new(text);
    let mut starts = Vec::new();
    let mut from = 0;
    while starts.len() <= MATCH_LIMIT
        && let Some(index) = content.get(from..).and_then(|rest| finder.find(rest))
    {
        starts.push(from + index);
        from += index + 1;
    }
    starts
}

fn without_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut flat = Vec::with_capacity(content.len());
    let mut from = 0;
    for crlf in memmem::find_iter(content, b"\r\n") {
        flat.extend_from_slice(&content[from..crlf]);
        from = crlf + 1;
    }
    flat.extend_from_slice(&content[from..]);
    flat
}

/// Maps ascending offsets of the copy to the file. A `\n` of the copy stands for the whole `\r\n`.
fn in_original(content: &[u8], offsets: &[usize]) -> Vec<usize> {
    let mut dropped = memmem::find_iter(content, b"\r\n").peekable();
    let mut count = 0;
    offsets
        .iter()
        .map(|offset| {
            while dropped.next_if(|crlf| crlf - count < *offset).is_some() {
                count += 1;
            }
            offset + count
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(content: &'a str, text: &str) -> Vec<&'a str> {
        find(content.as_bytes(), text).into_iter().map(|range| &content[range]).collect()
    }

    #[test]
    fn a_newline_matches_either_ending() {
        assert_eq!(found("a\r\nb\r\n", "a\nb\n"), ["a\r\nb\r\n"]);
        assert_eq!(found("x\r\na\nb\r\ny\r\n", "a\nb\ny"), ["a\nb\r\ny"]);
        assert_eq!(found("a\r\nb a\nb", "a\nb"), ["a\r\nb", "a\nb"]);
    }

    #[test]
    fn a_match_that_begins_with_a_newline_takes_its_carriage_return_along() {
        assert_eq!(found("a\r\nb\r\nc", "\nb"), ["\r\nb"]);
        assert_eq!(found("a\r\nb\r\nc", "a\nb"), ["a\r\nb"]);
    }

    #[test]
    fn a_carriage_return_in_the_text_is_meant() {
        assert_eq!(found("a\nb a\r\nb", "a\r\nb"), ["a\r\nb"]);
    }

    #[test]
    fn overlapping_matches_are_all_found() {
        assert_eq!(found("aaa", "aa"), ["aa", "aa"]);
    }

    #[test]
    fn a_lone_carriage_return_is_no_ending() {
        assert_eq!(found("a\rb\r\nc\r\r\nd", "c\r\r\nd"), ["c\r\r\nd"]);
        assert_eq!(found("a\rb\r\nc", "b\nc"), ["b\r\nc"]);
        assert!(found("a\rb\r\n", "a\nb").is_empty());
    }
}
