//! From the text of a `key` action to the keys that it presses.
//!
//! A chord is names joined by `+`: `ctrl+s`, `Page_Down`, `ctrl++` for control and plus. Several chords
//! with spaces between them are pressed one after the other, as xdotool does. All names are resolved before
//! anything is pressed, so a misspelt one presses nothing.

use handspike_types::quoted;
use xkeysym::Keysym;

use crate::key_names::{close_to, find};

/// What may be held during a click.
const MODIFIERS: &str = "modifiers are `shift`, `ctrl`, `alt` and `super`";

/// Chords that were joined by `-` are guessed up to this many names.
const DASHED: usize = 6;

/// Keys that are pressed in this order and released in reverse. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chord(Vec<Keysym>);

/// Why a text, which is that of the parameter `text` wherever keys are named, names none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is nothing between two `+`, or nothing at all.
    #[error(
        "parameter `text` holds {}, which lacks the name of a key; nothing was pressed\nhint: write `plus` for the key +, as in `ctrl+plus`",
        quoted(chord)
    )]
    Empty {
        /// The chord as it was written.
        chord: String,
    },
    /// A chord is asked for, and these are several.
    #[error(
        "parameter `text` is {}, which is more than one chord; nothing was pressed\nhint: join keys that are held together by `+`",
        quoted(text)
    )]
    Several {
        /// The chords as they were written.
        text: String,
    },
    /// A key that is no modifier is asked to be held during a click or a scroll.
    #[error(
        "parameter `text` holds {}, which is no modifier; nothing was pressed\nhint: {MODIFIERS}, joined by `+`",
        quoted(name)
    )]
    NoModifier {
        /// The name as it was written.
        name: String,
    },
    /// No key has this name.
    #[error("parameter `text` holds {}, which is no key; nothing was pressed\nhint: {}", quoted(name), hint(.close))]
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
    if chords.is_empty() { Err(KeyError::Empty { chord: text.to_owned() }) } else { Ok(chords) }
}

/// Reads the modifiers that an action is done with, such as `ctrl+shift`.
pub fn parse_modifiers(text: &str) -> Result<Chord, KeyError> {
    let chords = parse_chords(text)?;
    let [chord] = chords.as_slice() else { return Err(KeyError::Several { text: text.to_owned() }) };
    let stranger =
        tidied(text).split('+').zip(chord.keys()).find(|(_, key)| !is_modifier(**key)).map(|(name, _)| name.to_owned());
    match stranger {
        Some(name) => Err(KeyError::NoModifier { name }),
        None => Ok(chord.clone()),
    }
}

/// Whether a key does something only together with others. Locks do not count: they would outlast the action. Nor does
/// Hyper, which no program knows and no layout has.
fn is_modifier(key: Keysym) -> bool {
    let locks = [Keysym::Caps_Lock, Keysym::Shift_Lock];
    key == Keysym::ISO_Level3_Shift || ((Keysym::Shift_L..=Keysym::Super_R).contains(&key) && !locks.contains(&key))
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
            return Err(KeyError::Empty { chord: chord.to_owned() });
        }
        find(name).ok_or_else(|| KeyError::Unknown { name: name.to_owned(), close: close(name) })
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
    if (2..=DASHED).contains(&dashed.len()) && dashed.iter().all(|part| find(part).is_some()) {
        return vec![dashed.join("+")];
    }
    close_to(name)
}

fn hint(close: &[String]) -> String {
    if close.is_empty() {
        return "keys are named as in xdotool, such as `Return`, `Page_Down`, `ctrl+s` or `F5`".into();
    }
    let quoted: Vec<String> = close.iter().map(|name| quoted(name)).collect();
    format!("close to it: {}", quoted.join(", "))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
