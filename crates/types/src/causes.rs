//! An error and its causes as one text, for readers who get nothing else of it.

use std::error::Error;

/// The error's text, then those of its causes, in one sentence; the hints that any of them gives follow, each on a line
/// of its own.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let (mut sentence, mut hints) = (String::new(), String::new());
    let mut last = String::new();
    let mut current = Some(error);
    while let Some(error) = current {
        let text = error.to_string();
        let (what, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
        // Some libraries repeat a cause's text in the error that it caused.
        if what != last {
            sentence.push_str(if sentence.is_empty() { "" } else { ": " });
            sentence.push_str(what);
        }
        if !hint.is_empty() {
            hints.push_str("\nhint: ");
            hints.push_str(hint);
        }
        what.clone_into(&mut last);
        current = error.source();
    }
    sentence + &hints
}

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use super::*;

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the file cannot be read\nhint: look for it")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_hint_comes_after_all_causes() {
        let text = with_causes(&Outer(io::Error::other("disk on fire")));
        assert_eq!(text, "the file cannot be read: disk on fire\nhint: look for it");
    }
}
