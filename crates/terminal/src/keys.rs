//! Names of keys and the bytes that a terminal sends for them, as xterm does.
//!
//! Names are those of the computer tool, `ctrl+c`, `Page_Up`, and what models write instead, `PageUp`, `esc`; case,
//! underscores and dashes don't matter. A chord is parsed before anything is sent, and turned into bytes when it is sent,
//! as the cursor keys depend on the mode that the program has set.

use std::fmt;

use handspike_types::quoted;

/// How many names an error suggests.
const SUGGESTIONS: usize = 4;

/// Characters of a name that is no key's that are compared with names.
const LONGEST_NAME: usize = 40;

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chord {
    key: Key,
    held: Held,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Char(char),
    /// `ESC [ x`, in application mode `ESC O x`.
    Cursor(char),
    /// `ESC O x`: F1 to F4.
    Function(char),
    /// `ESC [ n ~`.
    Numbered(u8),
    BackTab,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    shift: bool,
    alt: bool,
    ctrl: bool,
}

/// How the program wants the cursor keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CursorMode {
    Normal,
    Application,
}

/// A name that stands for no key of a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownKey {
    /// The name as it is repeated.
    quoted: String,
    close: Vec<&'static str>,
}

/// The keys that have names; of several for one key, the first is the usual one.
const NAMES: &[(&str, Key)] = &[
    ("Return", Key::Char('\r')),
    ("Enter", Key::Char('\r')),
    ("KP_Enter", Key::Char('\r')),
    ("Tab", Key::Char('\t')),
    ("BackTab", Key::BackTab),
    ("ISO_Left_Tab", Key::BackTab),
    ("Escape", Key::Char('\x1b')),
    ("Esc", Key::Char('\x1b')),
    ("BackSpace", Key::Char('\x7f')),
    ("space", Key::Char(' ')),
    ("Up", Key::Cursor('A')),
    ("Down", Key::Cursor('B')),
    ("Right", Key::Cursor('C')),
    ("Left", Key::Cursor('D')),
    ("ArrowUp", Key::Cursor('A')),
    ("ArrowDown", Key::Cursor('B')),
    ("ArrowRight", Key::Cursor('C')),
    ("ArrowLeft", Key::Cursor('D')),
    ("Home", Key::Cursor('H')),
    ("End", Key::Cursor('F')),
    ("Insert", Key::Numbered(2)),
    ("Ins", Key::Numbered(2)),
    ("Delete", Key::Numbered(3)),
    ("Del", Key::Numbered(3)),
    ("Page_Up", Key::Numbered(5)),
    ("Prior", Key::Numbered(5)),
    ("PgUp", Key::Numbered(5)),
    ("Page_Down", Key::Numbered(6)),
    ("Next", Key::Numbered(6)),
    ("PgDn", Key::Numbered(6)),
    ("F1", Key::Function('P')),
    ("F2", Key::Function('Q')),
    ("F3", Key::Function('R')),
    ("F4", Key::Function('S')),
    ("F5", Key::Numbered(15)),
    ("F6", Key::Numbered(17)),
    ("F7", Key::Numbered(18)),
    ("F8", Key::Numbered(19)),
    ("F9", Key::Numbered(20)),
    ("F10", Key::Numbered(21)),
    ("F11", Key::Numbered(23)),
    ("F12", Key::Numbered(24)),
    ("plus", Key::Char('+')),
    ("minus", Key::Char('-')),
    ("equal", Key::Char('=')),
    ("comma", Key::Char(',')),
    ("period", Key::Char('.')),
    ("slash", Key::Char('/')),
    ("backslash", Key::Char('\\')),
    ("semicolon", Key::Char(';')),
    ("colon", Key::Char(':')),
    ("apostrophe", Key::Char('\'')),
    ("quotedbl", Key::Char('"')),
    ("grave", Key::Char('`')),
    ("underscore", Key::Char('_')),
    ("question", Key::Char('?')),
    ("exclam", Key::Char('!')),
    ("at", Key::Char('@')),
    ("bracketleft", Key::Char('[')),
    ("bracketright", Key::Char(']')),
];

impl Chord {
    /// Reads a name such as `ctrl+alt+Up`, `a`, `+` or `ctrl++`.
    pub(crate) fn parse(name: &str) -> Result<Self, UnknownKey> {
        let unknown = || UnknownKey::new(name);
        let (modifiers, key) = match name.strip_suffix('+') {
            Some(modifiers) => (modifiers.strip_suffix('+').unwrap_or(modifiers), "+"),
            None => name.rsplit_once('+').unwrap_or(("", name)),
        };
        let mut held = Held::default();
        for modifier in modifiers.split('+').filter(|_| !modifiers.is_empty()) {
            match loose(modifier).as_str() {
                "ctrl" | "control" | "ctl" => held.ctrl = true,
                "alt" | "meta" | "option" => held.alt = true,
                "shift" => held.shift = true,
                _ => return Err(unknown()),
            }
        }
        let mut characters = key.chars();
        let key = match (characters.next(), characters.next()) {
            (Some('\n'), None) => Key::Char('\r'),
            (Some(character), None) => Key::Char(character),
            _ => named(key).ok_or_else(unknown)?,
        };
        let chord = Self { key, held };
        match key {
            Key::Char(character) if held.ctrl && control(character).is_none() => Err(unknown()),
            Key::Char(_) | Key::Cursor(_) | Key::Function(_) | Key::Numbered(_) | Key::BackTab => Ok(chord),
        }
    }

    /// What a terminal in this mode sends for it.
    pub(crate) fn bytes(&self, mode: CursorMode) -> Vec<u8> {
        // As xterm counts them: none is 1.
        let modifiers = 1 + u8::from(self.held.shift) + 2 * u8::from(self.held.alt) + 4 * u8::from(self.held.ctrl);
        match (self.key, modifiers) {
            (Key::Char('\t'), _) if self.held.shift => b"\x1b[Z".to_vec(),
            (Key::Char(character), _) => self.character(character),
            (Key::BackTab, _) => b"\x1b[Z".to_vec(),
            (Key::Cursor(end), 1) if mode == CursorMode::Normal => format!("\x1b[{end}").into_bytes(),
            (Key::Cursor(end) | Key::Function(end), 1) => format!("\x1bO{end}").into_bytes(),
            (Key::Cursor(end) | Key::Function(end), _) => format!("\x1b[1;{modifiers}{end}").into_bytes(),
            (Key::Numbered(number), 1) => format!("\x1b[{number}~").into_bytes(),
            (Key::Numbered(number), _) => format!("\x1b[{number};{modifiers}~").into_bytes(),
        }
    }

    /// Whether it is the lone Escape, which a program takes for the beginning of another key if that follows at once.
    pub(crate) fn is_escape(&self) -> bool {
        self.key == Key::Char('\x1b')
    }

    fn character(&self, character: char) -> Vec<u8> {
        let character = if self.held.shift { shifted(character) } else { character };
        let mut bytes = if self.held.alt { vec![0x1b] } else { Vec::new() };
        match control(character).filter(|_| self.held.ctrl) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        bytes
    }
}

impl UnknownKey {
    fn new(name: &str) -> Self {
        // What is longer than this is close to no name, and would take long to compare.
        let start: String = name.chars().take(LONGEST_NAME).collect();
        let key = loose(start.rsplit('+').next().unwrap_or(&start));
        let mut close: Vec<(usize, &'static str)> = NAMES
            .iter()
            .map(|(candidate, _)| (strsim::osa_distance(&key, &loose(candidate)), *candidate))
            .filter(|(distance, _)| *distance <= 1 + key.len() / 3)
            .collect();
        close.sort_unstable();
        let close = close.into_iter().map(|(_, name)| name).take(SUGGESTIONS).collect();
        Self { quoted: quoted(name), close }
    }
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter `keys` holds {}, which is no key of a terminal; nothing was sent\nhint: ", self.quoted)?;
        match self.close.as_slice() {
            [] => f.write_str("keys are single characters and names such as `Return`, `Escape`, `Up`, `Page_Down`, `F1`, with `ctrl+`, `alt+` or `shift+` before them"),
            close => write!(f, "close to it are `{}`", close.join("`, `")),
        }
    }
}

fn named(name: &str) -> Option<Key> {
    let wanted = loose(name);
    NAMES.iter().find(|(candidate, _)| loose(candidate) == wanted).map(|(_, key)| *key)
}

fn loose(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

fn shifted(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => character,
    }
}

/// What ctrl makes of a character; none where terminals know of nothing.
fn control(character: char) -> Option<u8> {
    match character {
        'a'..='z' | '@'..='_' => Some((character as u8) & 0x1f),
        ' ' | '2' => Some(0),
        '3'..='7' => Some(0x1b + (character as u8 - b'3')),
        '8' | '?' => Some(0x7f),
        '/' | '-' => Some(0x1f),
        '\x7f' => Some(0x08),
        '\r' | '\t' | '\x1b' => Some(character as u8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(name: &str) -> Vec<u8> {
        Chord::parse(name).unwrap_or_else(|error| panic!("{error}")).bytes(CursorMode::Normal)
    }

    #[test]
    fn keys_are_sent_as_xterm_sends_them() {
        for (name, bytes) in [
            ("ctrl+c", "\x03"),
            ("Control+C", "\x03"),
            ("ctrl+space", "\0"),
            ("ctrl+[", "\x1b"),
            ("alt+x", "\x1bx"),
            ("alt+Return", "\x1b\r"),
            ("Return", "\r"),
            ("enter", "\r"),
            ("esc", "\x1b"),
            ("BackSpace", "\x7f"),
            ("Tab", "\t"),
            ("shift+tab", "\x1b[Z"),
            ("Up", "\x1b[A"),
            ("arrow_left", "\x1b[D"),
            ("ctrl+Right", "\x1b[1;5C"),
            ("ctrl+shift+alt+Home", "\x1b[1;8H"),
            ("PageDown", "\x1b[6~"),
            ("shift+page_up", "\x1b[5;2~"),
            ("F1", "\x1bOP"),
            ("ctrl+F1", "\x1b[1;5P"),
            ("f12", "\x1b[24~"),
            ("del", "\x1b[3~"),
            ("a", "a"),
            ("shift+a", "A"),
            ("é", "é"),
            ("世", "世"),
            ("+", "+"),
            ("alt++", "\x1b+"),
            ("plus", "+"),
            ("-", "-"),
        ] {
            assert_eq!(sent(name), bytes.as_bytes(), "`{name}`");
        }
    }

    #[test]
    fn cursor_keys_follow_the_programs_mode() {
        let up = Chord::parse("Up").expect("a key");
        assert_eq!(up.bytes(CursorMode::Application), b"\x1bOA");
    }

    #[test]
    fn an_unknown_name_lists_what_is_close() {
        let error = Chord::parse("PageDwn").expect_err("no key").to_string();
        assert!(error.contains("`PageDwn`") && error.contains("`Page_Down`"), "{error}");
        for name in ["", "cmd+a", "ctrl+1", "ctrl+é", "F99", "hyperspace"] {
            let error = Chord::parse(name).expect_err(name).to_string();
            assert!(error.contains("nothing was sent\nhint: "), "{error}");
        }
    }

    #[test]
    fn control_characters_are_escaped_in_an_error() {
        let error = Chord::parse("ctrl+\u{1b}[31m\u{7}").expect_err("no key").to_string();
        assert!(error.starts_with(r"parameter `keys` holds `ctrl+\u{1b}[31m\u{7}`, which is no key"), "{error}");
    }

    #[test]
    fn an_endless_name_is_not_repeated() {
        for name in ["x".repeat(10_000_000), "ctrl+".repeat(1_000_000), "é+".repeat(1_000_000) + "é"] {
            let error = Chord::parse(&name).expect_err("no key").to_string();
            assert!(error.chars().count() < 600, "{} characters", error.len());
        }
    }

    proptest! {
        #[test]
        fn no_name_is_too_odd_to_be_answered(name in "\\PC{0,12}|(ctrl|alt|shift|[+])*[+]?\\PC") {
            match Chord::parse(&name) {
                Ok(chord) => prop_assert!(!chord.bytes(CursorMode::Normal).is_empty()),
                Err(error) => prop_assert!(error.to_string().contains("is no key")),
            }
        }
    }
}
