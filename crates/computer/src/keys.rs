//! From the text of a `key` action to the keys that it presses.
//!
//! A chord is names joined by `+`: `ctrl+s`, `Page_Down`, `ctrl++` for control and plus. Several chords
//! with spaces between them are pressed one after the other, as xdotool does. All names are resolved before
//! anything is pressed, so a misspelt one presses nothing.

use xkeysym::Keysym;

use crate::key_names::{close_to, find};

/// Keys that are pressed in this order and released in reverse. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chord(Vec<Keysym>);

/// Why a text names no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is nothing between two `+`, or nothing at all.
    #[error(
        "`{chord}` lacks the name of a key; nothing was pressed\nhint: write `plus` for the key +, as in `ctrl+plus`"
    )]
    Empty {
        /// The chord as it was written.
        chord: String,
    },
    /// No key has this name.
    #[error("no key is named `{name}`; nothing was pressed\nhint: {}", hint(.close))]
    Unknown {
        /// The name as it was written.
        name: String,
        /// Names that are spelt much the same, the closest first.
        close: Vec<String>,
    },
}

impl Chord {
    /// The keys, modifiers first as they were written.
    #[must_use]
    pub fn keys(&self) -> &[Keysym] {
        &self.0
    }
}

/// Reads one or more chords.
pub fn parse_chords(text: &str) -> Result<Vec<Chord>, KeyError> {
    if text.chars().count() == 1 {
        return Ok(vec![parse_chord(text)?]);
    }
    let tidy = tidied(text);
    let chords: Vec<Chord> = tidy.split_whitespace().map(parse_chord).collect::<Result<_, _>>()?;
    if chords.is_empty() { Err(KeyError::Empty { chord: text.into() }) } else { Ok(chords) }
}

/// Takes the spaces around a `+` away, and spells out a space that is itself the last key.
fn tidied(text: &str) -> String {
    let text = match text.strip_suffix("+ ") {
        Some(rest) if !rest.is_empty() => format!("{rest}+space"),
        _ => text.trim().to_owned(),
    };
    let mut tidy = String::new();
    for word in text.split_whitespace() {
        let joins = tidy.is_empty() || tidy.ends_with('+') || word.starts_with('+');
        if !joins {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}

fn parse_chord(chord: &str) -> Result<Chord, KeyError> {
    let keys = names(chord).map(|name| {
        if name.is_empty() {
            return Err(KeyError::Empty { chord: chord.into() });
        }
        find(name).ok_or_else(|| KeyError::Unknown { name: name.into(), close: close(name) })
    });
    Ok(Chord(keys.collect::<Result<_, _>>()?))
}

/// The names of a chord. A `+` that follows a `+` at the end is the key of that name.
fn names(chord: &str) -> impl Iterator<Item = &str> {
    let (modifiers, last) = match chord.strip_suffix("++") {
        _ if chord.chars().count() == 1 => (None, Some(chord)),
        Some(modifiers) => (Some(modifiers), Some("+")),
        None => (Some(chord), None),
    };
    modifiers.into_iter().flat_map(|names| names.split('+')).chain(last)
}

fn close(name: &str) -> Vec<String> {
    let dashed: Vec<&str> = name.split('-').collect();
    if dashed.len() > 1 && dashed.iter().all(|part| find(part).is_some()) {
        return vec![dashed.join("+")];
    }
    close_to(name)
}

fn hint(close: &[String]) -> String {
    if close.is_empty() {
        return "keys are named as in xdotool, such as `Return`, `Page_Down`, `ctrl+s` or `F5`".into();
    }
    let quoted: Vec<String> = close.iter().map(|name| format!("`{name}`")).collect();
    format!("close to it: {}", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Vec<Keysym>> {
        let chords = parse_chords(text).unwrap_or_else(|error| panic!("`{text}`: {error}"));
        chords.into_iter().map(|chord| chord.0).collect()
    }

    #[test]
    fn names_are_joined_by_plus() {
        assert_eq!(keys("ctrl+s"), [[Keysym::Control_L, Keysym::s]]);
        assert_eq!(keys("ctrl+shift+Tab"), [[Keysym::Control_L, Keysym::Shift_L, Keysym::Tab]]);
        assert_eq!(keys("Page_Down"), [[Keysym::Page_Down]]);
    }

    #[test]
    fn plus_and_minus_are_keys_too() {
        assert_eq!(keys("+"), [[Keysym::plus]]);
        assert_eq!(keys("ctrl++"), [[Keysym::Control_L, Keysym::plus]]);
        assert_eq!(keys("ctrl+plus"), [[Keysym::Control_L, Keysym::plus]]);
        assert_eq!(keys("ctrl+-"), [[Keysym::Control_L, Keysym::minus]]);
    }

    #[test]
    fn spaces_around_a_plus_do_not_matter_and_others_separate_chords() {
        assert_eq!(keys("ctrl + s"), keys("ctrl+s"));
        assert_eq!(keys("Down Down Return"), [[Keysym::Down], [Keysym::Down], [Keysym::Return]]);
        assert_eq!(keys("ctrl+a ctrl+c"), [[Keysym::Control_L, Keysym::a], [Keysym::Control_L, Keysym::c]]);
    }

    #[test]
    fn a_space_is_a_key() {
        assert_eq!(keys(" "), [[Keysym::space]]);
        assert_eq!(keys("ctrl+ "), [[Keysym::Control_L, Keysym::space]]);
    }

    #[test]
    fn a_chord_without_a_name_is_refused_with_a_hint() {
        for text in ["", "  ", "ctrl+", "+s", "ctrl++s"] {
            let error = parse_chords(text).expect_err(text);
            assert!(matches!(error, KeyError::Empty { .. }), "`{text}`: {error}");
        }
    }

    #[test]
    fn an_unknown_name_lists_what_is_close() {
        for (text, expected) in [("ctrl+Pagedwn", "`Page_Down`"), ("Retrun", "`Return`"), ("ctrl-s", "`ctrl+s`")] {
            let error = parse_chords(text).expect_err(text).to_string();
            assert!(error.contains("nothing was pressed") && error.contains(expected), "{error}");
        }
    }
}
