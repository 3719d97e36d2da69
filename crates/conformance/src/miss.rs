//! What comes of a case that is not passed, and the smallest judgements that lead there.

use std::{fmt::Debug, time::Duration};

/// How much of what was found is shown: enough to recognise it, not a screenful.
const EXCERPT: usize = 300;

/// Why a case did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// The server did something else.
    Failed {
        /// What a good server does.
        expected: String,
        /// What this one did, shortened.
        found: String,
    },
    /// The server lacks what the case is about.
    NotApplicable(String),
    /// The server ended, or left a call without an answer, so that it can't be used any further.
    Gone {
        /// What a good server does.
        expected: String,
        /// What became of this one.
        found: String,
    },
}

impl Miss {
    /// A failure, with what was found cut short.
    pub(crate) fn failed(expected: impl Into<String>, found: impl AsRef<str>) -> Self {
        Self::Failed { expected: expected.into(), found: excerpt(found.as_ref()) }
    }

    /// The server lacks something.
    pub(crate) fn lacks(what: impl AsRef<str>) -> Self {
        Self::NotApplicable(format!("this server has no {}", what.as_ref()))
    }

    /// A call without an answer in time.
    pub(crate) fn silent(deadline: Duration) -> Self {
        let seconds = deadline.as_secs_f64();
        Self::Gone { expected: format!("an answer within {seconds} s"), found: "none".to_owned() }
    }
}

/// Judges one fact.
pub(crate) fn expect(holds: bool, expected: impl Into<String>, found: impl AsRef<str>) -> Result<(), Miss> {
    if holds { Ok(()) } else { Err(Miss::failed(expected, found)) }
}

/// Judges that two things are the same.
pub(crate) fn expect_same<T: PartialEq + Debug>(expected: T, found: T) -> Result<(), Miss> {
    expect(expected == found, excerpt(&format!("{expected:?}")), format!("{found:?}"))
}

/// Judges that bytes are these, and says where they begin to differ.
pub(crate) fn expect_bytes(expected: &[u8], found: &[u8]) -> Result<(), Miss> {
    if expected == found {
        return Ok(());
    }
    let same = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
    let around = |bytes: &[u8]| {
        let from = same.saturating_sub(10).min(bytes.len());
        let to = (same + 30).min(bytes.len());
        format!("{} bytes with `{}` at {from}", bytes.len(), bytes[from..to].escape_ascii())
    };
    Err(Miss::failed(around(expected), around(found)))
}

/// The beginning and the end of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let line: String = text.trim().chars().flat_map(visible).collect();
    let count = line.chars().count();
    if count <= EXCERPT {
        return line;
    }
    let head: String = line.chars().take(EXCERPT * 2 / 3).collect();
    let tail: String = line.chars().skip(count - EXCERPT / 3).collect();
    format!("{head} […] {tail}")
}

fn visible(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line_with_both_ends() {
        let text = format!("begin\n{}\u{1b}end", "x".repeat(5000));
        let shown = excerpt(&text);
        assert!(shown.starts_with("begin\\n") && shown.ends_with("\\u{1b}end"), "{shown}");
        assert!(shown.chars().count() < EXCERPT + 10 && !shown.contains('\n'));
        assert_eq!(excerpt("  short "), "short");
    }

    #[test]
    fn bytes_that_differ_are_shown_where_they_differ() {
        let Err(Miss::Failed { expected, found }) = expect_bytes(b"one\r\ntwo", b"one\ntwo") else {
            panic!("they differ");
        };
        assert_eq!(expected, "8 bytes with `one\\r\\ntwo` at 0");
        assert_eq!(found, "7 bytes with `one\\ntwo` at 0");
        assert_eq!(expect_bytes(b"same", b"same"), Ok(()));
    }

    #[test]
    fn what_is_missing_is_not_a_failure() {
        assert_eq!(Miss::lacks("xterm"), Miss::NotApplicable("this server has no xterm".to_owned()));
        assert!(matches!(expect_same(1, 2), Err(Miss::Failed { .. })));
    }
}
