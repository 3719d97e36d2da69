//! The place that a model probably meant, when its text is not in the file.
//!
//! Each line of the file that equals a line of the text, apart from spaces at its ends, votes for the place
//! where the text would have to start for the two to meet; most votes win. When no line is equal, the line
//! that shares the longest beginning and end with the text's first line is taken. Both take time in
//! proportion to the file.

use std::collections::HashMap;

use memchr::memmem;

use crate::{diff, lines};

/// Larger files are not searched: the hint is not worth the memory for all their lines.
const FILE_LIMIT: usize = 1 << 20;
/// A text of more lines is not searched for either.
const TEXT_LINE_LIMIT: usize = 500;
/// A line of the text that recurs, as a closing brace does, votes for this many places at most.
const VOTE_LIMIT: usize = 8;
/// Characters of the difference that are shown.
const SHOWN_LIMIT: usize = 4000;

/// Lines of the file, and how the text that was looked for differs from them.
#[derive(Debug)]
pub(crate) struct Closest {
    first: usize,
    last: usize,
    /// Hunks that lead from the text to the file; empty where only line endings or invisible parts differ.
    hunks: String,
}

impl Closest {
    /// The place in `content` that is most like `text`, if any is like it at all.
    pub(crate) fn find(content: &[u8], text: &str) -> Option<Self> {
        if content.len() > FILE_LIMIT {
            return None;
        }
        let file: Vec<&[u8]> = lines::split(content).into_iter().map(lines::without_ending).collect();
        let wanted: Vec<&[u8]> = lines::split(text.as_bytes()).into_iter().map(lines::without_ending).collect();
        if wanted.len() > TEXT_LINE_LIMIT {
            return None;
        }
        let start = by_equal_lines(&file, &wanted).or_else(|| by_first_line(&file, &wanted))?;
        let end = (start + wanted.len()).min(file.len());
        let hunks = diff::hunks(&closed(&wanted), &closed(&file[start..end]), [0, start]);
        Some(Self { first: start + 1, last: end, hunks: diff::clipped(&hunks, SHOWN_LIMIT) })
    }

    /// The end of the sentence that says that a text was not found.
    pub(crate) fn in_words(closest: Option<&Self>) -> String {
        let Some(Self { first, last, hunks }) = closest else { return String::new() };
        let place = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        if hunks.is_empty() {
            return format!("; the closest place is {place}, which differs only in how its lines end");
        }
        format!("; the closest place is {place}, where `old_str` (-) and the file (+) differ:\n{}", hunks.trim_end())
    }
}

fn by_equal_lines(file: &[&[u8]], wanted: &[&[u8]]) -> Option<usize> {
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, line) in wanted.iter().enumerate() {
        let indexes = places.entry(line.trim_ascii()).or_default();
        if indexes.len() < VOTE_LIMIT {
            indexes.push(index);
        }
    }
    // Empty lines are equal everywhere, and a vote for everywhere is none.
    places.remove(&b""[..]);
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (number, line) in file.iter().enumerate() {
        for index in places.get(line.trim_ascii()).into_iter().flatten() {
            if let Some(start) = number.checked_sub(*index) {
                *votes.entry(start).or_default() += 1;
            }
        }
    }
    votes.into_iter().max_by_key(|(start, votes)| (*votes, std::cmp::Reverse(*start))).map(|(start, _)| start)
}

fn by_first_line(file: &[&[u8]], wanted: &[&[u8]]) -> Option<usize> {
    let (index, line) = wanted.iter().enumerate().find(|(_, line)| !line.trim_ascii().is_empty())?;
    let line = line.trim_ascii();
    let likeness = |other: &[u8]| {
        let contained = if memmem::find(other, line).is_some() { line.len() } else { 0 };
        contained.max(shared_ends(line, other.trim_ascii()))
    };
    let (start, score) = file
        .iter()
        .enumerate()
        .skip(index)
        .map(|(number, other)| (number - index, likeness(other)))
        .max_by_key(|(start, score)| (*score, std::cmp::Reverse(*start)))?;
    (score * 2 >= line.len()).then_some(start)
}

fn shared_ends(one: &[u8], other: &[u8]) -> usize {
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    start + one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Lines with an ending each, so that a diff does not mark the last as open.
fn closed(lines: &[&[u8]]) -> Vec<Vec<u8>> {
    lines.iter().map(|line| [line, &b"\n"[..]].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &str, text: &str) -> String {
        Closest::in_words(Closest::find(content.as_bytes(), text).as_ref())
    }

    #[test]
    fn the_place_with_most_equal_lines_wins() {
        let words = found("a\n}\nfn b() {\n    one();\n    two();\n}\n", "fn b() {\n    one();\n    three();\n}\n");
        assert!(words.contains("lines 3 to 6"), "{words}");
        assert!(words.contains("-    three();\n+    two();"), "{words}");
        assert!(words.contains("@@ -1,4 +3,4 @@"), "{words}");
    }

    #[test]
    fn spaces_at_the_ends_of_lines_are_shown_as_the_difference() {
        let words = found("if x:\n\treturn 1\n", "    return 1\n");
        assert!(words.contains("line 2") && words.contains("-    return 1\n+\treturn 1"), "{words}");
    }

    #[test]
    fn a_misspelt_line_is_found_by_what_it_shares() {
        let words = found("alpha\nlet total = sum(values);\nomega\n", "let total = sum(value);");
        assert!(words.contains("line 2"), "{words}");
    }

    #[test]
    fn a_text_unlike_anything_has_no_closest_place() {
        assert_eq!(found("alpha\nbeta\n", "something else entirely"), "");
        assert_eq!(found("", "x"), "");
    }

    #[test]
    fn a_difference_of_line_endings_alone_is_named() {
        assert!(found("a\nb\n", "a\r\nb\r\n").contains("only in how its lines end"));
    }
}
