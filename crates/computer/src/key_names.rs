//! The names of keys: X keysyms as xdotool spells them, and what models write instead.
//!
//! A name is looked up as a single character, then among the aliases, then as an X name in its exact
//! spelling, and last as an X name without regard to case, underscores and dashes: `page_down`, `PageDown`
//! and `Page_Down` are one key, while `eacute` and `Eacute` stay two.

use std::collections::HashMap;
use std::sync::LazyLock;

use xkeysym::Keysym;

/// Names that X does not know, or knows for something that nobody means, and second names of a key, of which
/// the table of keysyms has only the first. Their spelling is loose, too.
const ALIASES: &[(&str, Keysym)] = &[
    ("ctrl", Keysym::Control_L),
    ("control", Keysym::Control_L),
    ("ctl", Keysym::Control_L),
    ("lctrl", Keysym::Control_L),
    ("rctrl", Keysym::Control_R),
    ("shift", Keysym::Shift_L),
    ("lshift", Keysym::Shift_L),
    ("rshift", Keysym::Shift_R),
    ("alt", Keysym::Alt_L),
    ("lalt", Keysym::Alt_L),
    ("ralt", Keysym::Alt_R),
    ("option", Keysym::Alt_L),
    ("opt", Keysym::Alt_L),
    ("altgr", Keysym::ISO_Level3_Shift),
    ("altgraph", Keysym::ISO_Level3_Shift),
    ("meta", Keysym::Meta_L),
    ("super", Keysym::Super_L),
    ("win", Keysym::Super_L),
    ("windows", Keysym::Super_L),
    ("cmd", Keysym::Super_L),
    ("command", Keysym::Super_L),
    ("hyper", Keysym::Hyper_L),
    ("enter", Keysym::Return),
    ("ret", Keysym::Return),
    ("newline", Keysym::Return),
    ("esc", Keysym::Escape),
    ("bksp", Keysym::BackSpace),
    ("del", Keysym::Delete),
    ("ins", Keysym::Insert),
    ("spacebar", Keysym::space),
    ("Page_Up", Keysym::Page_Up),
    ("Page_Down", Keysym::Page_Down),
    ("KP_Page_Up", Keysym::KP_Page_Up),
    ("KP_Page_Down", Keysym::KP_Page_Down),
    ("pgup", Keysym::Page_Up),
    ("pgdn", Keysym::Page_Down),
    ("pgdown", Keysym::Page_Down),
    ("arrowleft", Keysym::Left),
    ("arrowright", Keysym::Right),
    ("arrowup", Keysym::Up),
    ("arrowdown", Keysym::Down),
    ("leftarrow", Keysym::Left),
    ("rightarrow", Keysym::Right),
    ("uparrow", Keysym::Up),
    ("downarrow", Keysym::Down),
    ("printscreen", Keysym::Print),
    ("prtsc", Keysym::Print),
    ("prtscr", Keysym::Print),
    ("contextmenu", Keysym::Menu),
    ("apps", Keysym::Menu),
    ("numpadenter", Keysym::KP_Enter),
    ("capslock", Keysym::Caps_Lock),
    ("backtab", Keysym::ISO_Left_Tab),
    ("dot", Keysym::period),
    ("fullstop", Keysym::period),
    ("dash", Keysym::minus),
    ("hyphen", Keysym::minus),
    ("equals", Keysym::equal),
    ("backquote", Keysym::grave),
    ("backtick", Keysym::grave),
    ("tilde", Keysym::asciitilde),
    ("caret", Keysym::asciicircum),
    ("hash", Keysym::numbersign),
    ("pipe", Keysym::bar),
    ("quote", Keysym::apostrophe),
    ("singlequote", Keysym::apostrophe),
    ("doublequote", Keysym::quotedbl),
    ("questionmark", Keysym::question),
    ("exclamation", Keysym::exclam),
    ("openbracket", Keysym::bracketleft),
    ("closebracket", Keysym::bracketright),
    ("leftbracket", Keysym::bracketleft),
    ("rightbracket", Keysym::bracketright),
];

/// Where X keysyms with names lie. The order settles which one a loose spelling means: keys before characters.
const NAMED: [std::ops::RangeInclusive<u32>; 5] =
    [0xfe00..=0xffff, 0x20..=0xff, 0x100..=0x20ff, 0x0100_0100..=0x0100_28ff, 0x1008_1000..=0x1008_ffff];

/// How many suggestions an error makes.
const SUGGESTIONS: usize = 5;

struct Names {
    /// In loose spelling, as are the last ones.
    aliases: HashMap<String, Keysym>,
    exact: HashMap<String, Keysym>,
    loose: HashMap<String, Keysym>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let aliases = ALIASES.iter().map(|(alias, keysym)| (loose(alias), *keysym)).collect();
    let mut names = Names { aliases, exact: HashMap::new(), loose: HashMap::new() };
    for (name, keysym) in NAMED.into_iter().flatten().filter_map(named) {
        names.loose.entry(loose(&name)).or_insert(keysym);
        names.exact.entry(name).or_insert(keysym);
    }
    names
});

/// What an error may suggest, in loose spelling and as it is written: keys and Latin characters.
static SUGGESTED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let keys = NAMED[..2].iter().cloned().flatten().filter_map(named).map(|(name, _)| name);
    let names = keys.chain(ALIASES.iter().map(|(alias, _)| (*alias).to_owned()));
    names.map(|name| (loose(&name), name)).collect()
});

/// The key of a name. None: no key is called that.
pub(crate) fn find(name: &str) -> Option<Keysym> {
    let mut characters = name.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return key_of(character);
    }
    let wanted = loose(name);
    let alias = NAMES.aliases.get(&wanted).copied();
    alias
        .or_else(|| NAMES.exact.get(name).copied())
        .or_else(|| NAMES.loose.get(&wanted).copied())
        .or_else(|| code_point(name).and_then(key_of))
}

/// The key that produces a character. None: a control character that no key stands for.
pub(crate) fn key_of(character: char) -> Option<Keysym> {
    match character {
        '\n' | '\r' => Some(Keysym::Return),
        '\t' => Some(Keysym::Tab),
        '\u{8}' => Some(Keysym::BackSpace),
        '\u{1b}' => Some(Keysym::Escape),
        '\u{7f}' => Some(Keysym::Delete),
        // X numbers Latin-1 as it is and everything else by its code point in a range of its own.
        ' '..='~' | '\u{a0}'..='\u{ff}' => Some(Keysym::new(character.into())),
        _ if character.is_control() => None,
        _ => Some(Keysym::new(0x0100_0000 + u32::from(character))),
    }
}

/// Names that are spelt much like this one, the closest first.
pub(crate) fn close_to(name: &str) -> Vec<String> {
    let wanted = loose(name);
    let length = wanted.chars().count();
    let far = (length / 3).clamp(1, 3);
    // Names are no closer than their lengths, and counting is quick where a text of any length is given as a name.
    let mut close: Vec<(usize, &str)> = SUGGESTED
        .iter()
        .filter(|(spelling, _)| spelling.chars().count().abs_diff(length) <= far)
        .map(|(spelling, candidate)| (strsim::osa_distance(&wanted, spelling), candidate.as_str()))
        .filter(|(distance, _)| *distance <= far)
        .collect();
    close.sort_unstable();
    close.dedup();
    close.into_iter().take(SUGGESTIONS).map(|(_, name)| name.to_owned()).collect()
}

/// The name of a keysym without the prefixes that C wants.
fn named(raw: u32) -> Option<(String, Keysym)> {
    let keysym = Keysym::new(raw);
    let name = keysym.name()?;
    Some((name.replacen("XK_", "", 1), keysym))
}

fn loose(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// `U4e16` is the character with that code point.
fn code_point(name: &str) -> Option<char> {
    let digits = name.strip_prefix(['U', 'u'])?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdotool_names_are_known() {
        for (name, keysym) in [
            ("Return", Keysym::Return),
            ("Next", Keysym::Page_Down),
            ("Prior", Keysym::Page_Up),
            ("Super_L", Keysym::Super_L),
            ("BackSpace", Keysym::BackSpace),
            ("F13", Keysym::F13),
            ("KP_0", Keysym::KP_0),
            ("KP_Enter", Keysym::KP_Enter),
            ("comma", Keysym::comma),
            ("Print", Keysym::Print),
            ("XF86AudioMute", Keysym::XF86_AudioMute),
            ("U4e16", Keysym::new(0x0100_4e16)),
        ] {
            assert_eq!(find(name), Some(keysym), "{name}");
        }
    }

    #[test]
    fn what_models_write_is_known() {
        for (name, keysym) in [
            ("Enter", Keysym::Return),
            ("return", Keysym::Return),
            ("PageDown", Keysym::Page_Down),
            ("page_down", Keysym::Page_Down),
            ("Esc", Keysym::Escape),
            ("backspace", Keysym::BackSpace),
            ("del", Keysym::Delete),
            ("f1", Keysym::F1),
            ("tab", Keysym::Tab),
            ("left", Keysym::Left),
            ("ArrowLeft", Keysym::Left),
            ("cmd", Keysym::Super_L),
            ("win", Keysym::Super_L),
            ("option", Keysym::Alt_L),
            ("PrintScreen", Keysym::Print),
            ("caps_lock", Keysym::Caps_Lock),
            (",", Keysym::comma),
            ("/", Keysym::slash),
            ("é", Keysym::eacute),
            ("世", Keysym::new(0x0100_4e16)),
        ] {
            assert_eq!(find(name), Some(keysym), "{name}");
        }
    }

    #[test]
    fn every_alias_is_known_in_any_spelling() {
        for (alias, keysym) in ALIASES {
            for spelling in [(*alias).to_owned(), alias.to_uppercase(), alias.to_lowercase(), alias.replace('_', "-")] {
                assert_eq!(find(&spelling), Some(*keysym), "{spelling}");
            }
        }
    }

    #[test]
    fn every_name_of_x_is_known() {
        for (name, keysym) in NAMED.into_iter().flatten().filter_map(named) {
            // A few keys share a name, and a few names mean another key to everybody but X.
            let found = find(&name).unwrap_or_else(|| panic!("`{name}`"));
            let is_alias = ALIASES.iter().any(|(alias, _)| loose(alias) == loose(&name));
            assert!(
                is_alias
                    || name.chars().count() == 1
                    || found == keysym
                    || named(found.raw()).is_some_and(|(other, _)| other == name),
                "{name}"
            );
        }
    }

    #[test]
    fn a_letters_case_is_kept() {
        assert_eq!(find("A"), Some(Keysym::A));
        assert_eq!(find("a"), Some(Keysym::a));
        assert_eq!(find("Eacute"), Some(Keysym::Eacute));
        assert_eq!(find("eacute"), Some(Keysym::eacute));
    }

    #[test]
    fn control_characters_are_no_keys() {
        assert_eq!(key_of('\u{3}'), None);
        assert_eq!(key_of('\u{85}'), None);
        assert_eq!(key_of('\n'), Some(Keysym::Return));
    }
}
