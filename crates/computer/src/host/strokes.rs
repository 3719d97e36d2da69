//! Keys by the names that enigo has for them, on platforms other than X11.
//!
//! macOS is special: enigo asks the system which key has a character, which the system allows on the main thread only
//! and else ends the program. So characters in chords are looked up here, on the keyboard of the United States.

use enigo::Key;
use xkeysym::Keysym;

/// One key to press, with shift or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke {
    pub(super) key: Pressed,
    pub(super) shifted: bool,
}

/// A key, as enigo can be told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    Named(Key),
    #[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "only macOS goes by places"))]
    Place(u16),
}

/// How a key is pressed. None: this platform has no such key.
pub(super) fn stroke(keysym: Keysym) -> Option<Stroke> {
    if let Some(key) = named(keysym).or_else(|| elsewhere(keysym)) {
        return Some(Stroke { key: Pressed::Named(key), shifted: false });
    }
    match keysym.key_char() {
        Some(character) if !character.is_control() => of_character(character),
        Some(_) | None => of_symbol(keysym),
    }
}

/// The keys that every platform has.
fn named(keysym: Keysym) -> Option<Key> {
    Some(match keysym {
        Keysym::Return | Keysym::KP_Enter => Key::Return,
        Keysym::Tab => Key::Tab,
        Keysym::BackSpace => Key::Backspace,
        Keysym::Escape => Key::Escape,
        Keysym::Delete | Keysym::KP_Delete => Key::Delete,
        Keysym::space => Key::Space,
        Keysym::Left | Keysym::KP_Left => Key::LeftArrow,
        Keysym::Right | Keysym::KP_Right => Key::RightArrow,
        Keysym::Up | Keysym::KP_Up => Key::UpArrow,
        Keysym::Down | Keysym::KP_Down => Key::DownArrow,
        Keysym::Home | Keysym::KP_Home => Key::Home,
        Keysym::End | Keysym::KP_End => Key::End,
        Keysym::Page_Up | Keysym::KP_Page_Up => Key::PageUp,
        Keysym::Page_Down | Keysym::KP_Page_Down => Key::PageDown,
        Keysym::Help => Key::Help,
        Keysym::Caps_Lock => Key::CapsLock,
        Keysym::Shift_L => Key::Shift,
        Keysym::Shift_R => Key::RShift,
        Keysym::Control_L => Key::Control,
        Keysym::Control_R => Key::RControl,
        Keysym::Alt_L | Keysym::Alt_R => Key::Alt,
        Keysym::Super_L | Keysym::Super_R | Keysym::Meta_L | Keysym::Meta_R => Key::Meta,
        Keysym::KP_Add => Key::Add,
        Keysym::KP_Subtract => Key::Subtract,
        Keysym::KP_Multiply => Key::Multiply,
        Keysym::KP_Divide => Key::Divide,
        Keysym::KP_Decimal => Key::Decimal,
        Keysym::XF86_AudioMute => Key::VolumeMute,
        Keysym::XF86_AudioLowerVolume => Key::VolumeDown,
        Keysym::XF86_AudioRaiseVolume => Key::VolumeUp,
        Keysym::XF86_AudioPlay => Key::MediaPlayPause,
        Keysym::XF86_AudioNext => Key::MediaNextTrack,
        Keysym::XF86_AudioPrev => Key::MediaPrevTrack,
        _ => return numbered(keysym),
    })
}

/// Function keys and the digits of the keypad.
fn numbered(keysym: Keysym) -> Option<Key> {
    const FUNCTION: [Key; 20] = [
        Key::F1,
        Key::F2,
        Key::F3,
        Key::F4,
        Key::F5,
        Key::F6,
        Key::F7,
        Key::F8,
        Key::F9,
        Key::F10,
        Key::F11,
        Key::F12,
        Key::F13,
        Key::F14,
        Key::F15,
        Key::F16,
        Key::F17,
        Key::F18,
        Key::F19,
        Key::F20,
    ];
    const KEYPAD: [Key; 10] = [
        Key::Numpad0,
        Key::Numpad1,
        Key::Numpad2,
        Key::Numpad3,
        Key::Numpad4,
        Key::Numpad5,
        Key::Numpad6,
        Key::Numpad7,
        Key::Numpad8,
        Key::Numpad9,
    ];
    let nth = |keys: &[Key], first: Keysym| {
        let index = keysym.raw().checked_sub(first.raw())?;
        keys.get(index as usize).copied()
    };
    nth(&FUNCTION, Keysym::F1).or_else(|| nth(&KEYPAD, Keysym::KP_0))
}

/// The keys that Apple's keyboards lack.
#[cfg(not(target_os = "macos"))]
fn elsewhere(keysym: Keysym) -> Option<Key> {
    Some(match keysym {
        Keysym::Insert | Keysym::KP_Insert => Key::Insert,
        Keysym::Pause => Key::Pause,
        Keysym::Print => Key::PrintScr,
        Keysym::Num_Lock => Key::Numlock,
        #[cfg(windows)]
        Keysym::Menu => Key::Apps,
        #[cfg(windows)]
        Keysym::Scroll_Lock => Key::Scroll,
        _ => return None,
    })
}

#[cfg(target_os = "macos")]
fn elsewhere(_: Keysym) -> Option<Key> {
    None
}

/// A capital is its letter with shift: enigo leaves shift to its caller.
#[cfg(not(target_os = "macos"))]
fn of_character(character: char) -> Option<Stroke> {
    let shifted = character.is_ascii_uppercase();
    Some(Stroke { key: Pressed::Named(Key::Unicode(character.to_ascii_lowercase())), shifted })
}

#[cfg(target_os = "macos")]
fn of_character(character: char) -> Option<Stroke> {
    let (place, shifted) = us_place(character)?;
    Some(Stroke { key: Pressed::Place(place), shifted })
}

/// On Wayland enigo puts whatever symbol is asked for onto the keyboard.
#[cfg(target_os = "linux")]
fn of_symbol(keysym: Keysym) -> Option<Stroke> {
    Some(Stroke { key: Pressed::Named(Key::Other(keysym.raw())), shifted: false })
}

#[cfg(not(target_os = "linux"))]
fn of_symbol(_: Keysym) -> Option<Stroke> {
    None
}

/// Where a character is on Apple's keyboard of the United States, and whether it takes shift. The places are those of
/// the virtual key codes (`kVK_ANSI_A` and so on), which name keys by where they are.
#[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "only macOS goes by places"))]
fn us_place(character: char) -> Option<(u16, bool)> {
    const NO_KEY: char = '\0';
    /// The characters of the keys with the codes from 0, without shift and with it.
    const PLAIN: &str = "asdfhgzxcv\0bqweryt123465=97-80]ou[ip\0lj'k;\\,/nm.\0\0`";
    const SHIFTED: &str = "ASDFHGZXCV\0BQWERYT!@#$^%+(&_*)}OU{IP\0LJ\"K:|<?NM>\0\0~";
    let place = |row: &str| row.chars().position(|key| key == character && key != NO_KEY);
    let found = place(PLAIN).map(|place| (place, false)).or_else(|| place(SHIFTED).map(|place| (place, true)));
    found.map(|(place, shifted)| (place as u16, shifted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(keysym: Keysym) -> Option<Pressed> {
        stroke(keysym).map(|stroke| stroke.key)
    }

    #[test]
    fn keys_have_the_platforms_names() {
        for (keysym, expected) in [
            (Keysym::Return, Key::Return),
            (Keysym::Page_Down, Key::PageDown),
            (Keysym::Super_L, Key::Meta),
            (Keysym::F1, Key::F1),
            (Keysym::F20, Key::F20),
            (Keysym::KP_0, Key::Numpad0),
            (Keysym::KP_9, Key::Numpad9),
            (Keysym::space, Key::Space),
        ] {
            assert_eq!(key(keysym), Some(Pressed::Named(expected)), "{keysym:?}");
        }
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn a_capital_takes_shift() {
        let capital = stroke(Keysym::A).expect("a key");
        assert_eq!(capital, Stroke { key: Pressed::Named(Key::Unicode('a')), shifted: true });
        assert_eq!(key(Keysym::eacute), Some(Pressed::Named(Key::Unicode('é'))));
    }

    #[test]
    fn characters_are_at_their_places_on_a_keyboard_of_the_united_states() {
        for (character, place) in [
            ('a', (0x00, false)),
            ('v', (0x09, false)),
            ('b', (0x0b, false)),
            ('t', (0x11, false)),
            ('1', (0x12, false)),
            ('6', (0x16, false)),
            ('5', (0x17, false)),
            ('=', (0x18, false)),
            ('+', (0x18, true)),
            ('p', (0x23, false)),
            ('l', (0x25, false)),
            ('\\', (0x2a, false)),
            ('N', (0x2d, true)),
            ('.', (0x2f, false)),
            ('`', (0x32, false)),
            ('~', (0x32, true)),
        ] {
            assert_eq!(us_place(character), Some(place), "{character}");
        }
        assert_eq!(us_place('\0'), None);
        assert_eq!(us_place('é'), None);
    }
}
