//! Which key, with which modifiers held, gives a symbol or a character.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use x11rb::protocol::xproto::Keycode;
use xkeysym::Keysym;

use super::key_map::{KeyMap, Level};

const SHIFT: u8 = 1;
const MODIFIERS: usize = 8;

/// How a symbol is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke {
    pub(super) keycode: Keycode,
    /// One bit for each modifier to hold.
    pub(super) modifiers: u8,
}

/// A keyboard, looked up by what is wanted.
#[derive(Debug)]
pub(super) struct Layout {
    by_symbol: HashMap<Keysym, Stroke>,
    /// Layouts name some characters by an older symbol than their code point, such as Cyrillic ones.
    by_character: HashMap<char, Stroke>,
    modifier_keys: [Option<Keycode>; MODIFIERS],
}

impl Layout {
    /// The layout of a map, without the keys that are lent to other symbols.
    pub(super) fn of(map: &KeyMap, lent: &[Keycode]) -> Self {
        let levels: Vec<Level> = map.levels().filter(|level| !lent.contains(&level.keycode)).collect();
        Self::from_levels(&levels, map.modifier_keys())
    }

    fn from_levels(levels: &[Level], modifiers: impl Iterator<Item = (Keycode, u8)>) -> Self {
        let mut layout = Self {
            by_symbol: HashMap::new(),
            by_character: HashMap::new(),
            modifier_keys: modifier_keys(levels, modifiers),
        };
        for level in levels {
            if !layout.can_hold(level.modifiers) {
                continue;
            }
            let stroke = Stroke { keycode: level.keycode, modifiers: level.modifiers };
            keep_better(layout.by_symbol.entry(level.keysym), stroke, level.keysym);
            if let Some(character) = character_of(level.keysym) {
                keep_better(layout.by_character.entry(character), stroke, level.keysym);
            }
        }
        layout
    }

    /// How to type a symbol. None: it is on no level of the layout.
    pub(super) fn stroke(&self, keysym: Keysym) -> Option<Stroke> {
        let by_symbol = self.by_symbol.get(&keysym);
        by_symbol.or_else(|| self.by_character.get(&character_of(keysym)?)).copied()
    }

    /// The keys to hold for these modifiers.
    pub(super) fn keys_for(&self, modifiers: u8) -> impl Iterator<Item = Keycode> {
        let wanted = (0..MODIFIERS).filter(move |bit| modifiers & (1 << bit) != 0);
        wanted.filter_map(|bit| self.modifier_keys[bit])
    }

    fn can_hold(&self, modifiers: u8) -> bool {
        self.keys_for(modifiers).count() == modifiers.count_ones() as usize
    }
}

/// For each modifier a key that sets it while it is down, which a lock key does not.
fn modifier_keys(levels: &[Level], modifiers: impl Iterator<Item = (Keycode, u8)>) -> [Option<Keycode>; MODIFIERS] {
    let mut keys = [None; MODIFIERS];
    for (keycode, bits) in modifiers {
        let symbol = levels.iter().find(|level| level.keycode == keycode && level.modifiers == 0);
        if symbol.is_none_or(|level| is_lock(level.keysym)) {
            continue;
        }
        for bit in (0..MODIFIERS).filter(|bit| bits & (1 << bit) != 0) {
            keys[bit].get_or_insert(keycode);
        }
    }
    keys
}

fn is_lock(keysym: Keysym) -> bool {
    keysym.name().is_some_and(|name| name.ends_with("_Lock"))
}

/// Of two ways to type a symbol the plainer one stays.
fn keep_better<K>(place: Entry<'_, K, Stroke>, stroke: Stroke, keysym: Keysym) {
    place
        .and_modify(|known| {
            if effort(stroke, keysym) < effort(*known, keysym) {
                *known = stroke;
            }
        })
        .or_insert(stroke);
}

/// A character is typed on the keys that people use, which have the low codes, even if it takes shift: some
/// layouts have a `(` of its own on a key that no keyboard has. A function key is pressed as plainly as can be.
fn effort(stroke: Stroke, keysym: Keysym) -> (u32, Keycode) {
    let counted = if character_of(keysym).is_some() { stroke.modifiers & !SHIFT } else { stroke.modifiers };
    (counted.count_ones(), stroke.keycode)
}

/// The character that a symbol types as text. Keypad keys and dead keys do not count: the first depend on
/// num lock, the second on what comes after.
fn character_of(keysym: Keysym) -> Option<char> {
    match keysym.raw() {
        0x20..0xfd00 | 0x0100_0000..=0x0110_ffff => keysym.key_char(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIFT_KEY: (Keycode, u8) = (50, 1);
    const NUM_LOCK_KEY: (Keycode, u8) = (77, 16);
    const LEVEL3_KEY: (Keycode, u8) = (92, 128);

    fn level(keysym: Keysym, keycode: Keycode, modifiers: u8) -> Level {
        Level { keysym, keycode, modifiers }
    }

    fn layout(mut levels: Vec<Level>) -> Layout {
        levels.push(level(Keysym::Shift_L, SHIFT_KEY.0, 0));
        levels.push(level(Keysym::Num_Lock, NUM_LOCK_KEY.0, 0));
        levels.push(level(Keysym::ISO_Level3_Shift, LEVEL3_KEY.0, 0));
        Layout::from_levels(&levels, [SHIFT_KEY, NUM_LOCK_KEY, LEVEL3_KEY].into_iter())
    }

    #[test]
    fn a_symbol_on_the_third_level_is_typed_with_its_modifier() {
        let layout = layout(vec![level(Keysym::q, 24, 0), level(Keysym::at, 24, 128)]);
        let stroke = layout.stroke(Keysym::at).expect("on the layout");
        assert_eq!(stroke, Stroke { keycode: 24, modifiers: 128 });
        assert!(layout.keys_for(stroke.modifiers).eq([LEVEL3_KEY.0]));
    }

    #[test]
    fn a_character_prefers_the_key_that_people_use() {
        let layout = layout(vec![level(Keysym::parenleft, 187, 0), level(Keysym::parenleft, 18, SHIFT)]);
        assert_eq!(layout.stroke(Keysym::parenleft), Some(Stroke { keycode: 18, modifiers: SHIFT }));
    }

    #[test]
    fn a_function_key_prefers_the_fewest_modifiers() {
        let layout = layout(vec![level(Keysym::Meta_L, 64, SHIFT), level(Keysym::Meta_L, 205, 0)]);
        assert_eq!(layout.stroke(Keysym::Meta_L), Some(Stroke { keycode: 205, modifiers: 0 }));
    }

    #[test]
    fn a_character_is_found_under_its_older_symbol() {
        let layout = layout(vec![level(Keysym::Cyrillic_ya, 52, 0)]);
        assert!(layout.stroke(Keysym::new(0x0100_044f)).is_some());
    }

    #[test]
    fn a_level_that_needs_a_lock_is_not_used() {
        let layout = layout(vec![level(Keysym::dollar, 30, 16)]);
        assert_eq!(layout.stroke(Keysym::dollar), None);
    }

    #[test]
    fn keypad_digits_do_not_stand_in_for_digits() {
        let layout = layout(vec![level(Keysym::KP_1, 87, 0)]);
        assert_eq!(layout.stroke(Keysym::new('1'.into())), None);
    }
}
