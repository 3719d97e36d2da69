//! What came from outside, repeated in words that a model reads: bounded, and free of control characters and of those that
//! can't be seen or that turn the direction of what follows.
//!
//! A model may send a megabyte as the name of a key, and a window's title may hold an escape sequence. An error repeats
//! enough to recognise the value, and no more. Details for programs keep it as it is.

/// Characters of a value that are repeated.
const REPEATED: usize = 200;

/// A text between backticks, its control characters escaped. What is longer than 200 characters is cut, with its length
/// told.
#[must_use]
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(REPEATED) {
        None => format!("`{}`", escaped(text)),
        Some((end, _)) => format!("`{}…` ({} characters)", escaped(&text[..end]), text.chars().count()),
    }
}

/// A text with its control characters, and those that format without being seen, escaped as in `\n`, `\u{1b}` and
/// `\u{202e}`.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_unseen(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a character has no width or changes the direction of others: a name with one looks like another name.
fn is_unseen(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_repeated_as_it_is_and_a_long_one_cut_with_its_length() {
        assert_eq!(quoted("a `b` é世"), "`a `b` é世`");
        assert_eq!(quoted(&"é".repeat(REPEATED)), format!("`{}`", "é".repeat(REPEATED)));
        assert_eq!(quoted(&"é".repeat(100_000)), format!("`{}…` (100000 characters)", "é".repeat(REPEATED)));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(quoted("\u{1b}]0;x\u{7}\n\u{9b}"), r"`\u{1b}]0;x\u{7}\n\u{9b}`");
    }

    #[test]
    fn characters_that_turn_or_hide_others_are_escaped() {
        assert_eq!(
            quoted("a\u{202e}fdp.exe\u{2069}\u{200b}\u{200f}\u{feff}"),
            r"`a\u{202e}fdp.exe\u{2069}\u{200b}\u{200f}\u{feff}`"
        );
        let near = "\u{200a}\u{2010}\u{2029}\u{202f}\u{2065}\u{206a}";
        assert_eq!(escaped(near), near);
    }
}
