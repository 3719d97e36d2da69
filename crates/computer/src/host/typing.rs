//! A text in the pieces that enigo types without loss.
//!
//! Line ends and tabs are pressed as keys, since enigo doubles the first on Windows and puts invisible characters before
//! them on macOS. Pieces are short, so that a cancelled text stops soon.

use xkeysym::Keysym;

use crate::{DesktopError, key_names::key_of};

/// How many characters are typed between two looks at the cancel descriptor.
const LONGEST: usize = 32;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Characters(String),
    Key(Keysym),
}

/// The pieces in order, or the first character that no key stands for. A line end of two characters is one key.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, DesktopError> {
    let mut pieces = Vec::new();
    let (mut run, mut length, mut previous) = (String::new(), 0, None);
    for (position, character) in text.chars().enumerate() {
        let keysym = key_of(character).ok_or(DesktopError::Untypable { character, position })?;
        let ends_a_line_again = (previous.replace(character), character) == (Some('\r'), '\n');
        if !character.is_control() {
            run.push(character);
            length += 1;
        }
        if length == LONGEST || (character.is_control() && length > 0) {
            pieces.push(Piece::Characters(std::mem::take(&mut run)));
            length = 0;
        }
        if character.is_control() && !ends_a_line_again {
            pieces.push(Piece::Key(keysym));
        }
    }
    if length > 0 {
        pieces.push(Piece::Characters(run));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn characters(text: &str) -> Piece {
        Piece::Characters(text.to_owned())
    }

    #[test]
    fn line_ends_and_tabs_are_keys_between_runs_of_characters() {
        let expected = [
            characters("a"),
            Piece::Key(Keysym::Return),
            Piece::Key(Keysym::Tab),
            characters("é世"),
            Piece::Key(Keysym::Return),
        ];
        assert_eq!(pieces("a\r\n\té世\n").expect("typable"), expected);
    }

    #[test]
    fn a_long_text_comes_in_short_pieces_that_make_it_up() {
        let text = "x".repeat(70);
        let pieces = pieces(&text).expect("typable");
        assert_eq!(pieces, [characters(&text[..32]), characters(&text[..32]), characters(&text[..6])]);
    }

    #[test]
    fn a_control_character_is_named_with_its_place() {
        let error = pieces("ab\u{3}").expect_err("no key for it").to_string();
        assert!(error.contains(r"`\u{3}` at position 2"), "{error}");
    }
}
