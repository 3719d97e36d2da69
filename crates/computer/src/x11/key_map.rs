//! The keyboard map as the X server describes it, through the XKB extension.
//!
//! Each key has symbols by group (a layout) and level (what modifiers choose). Which modifiers choose which
//! level is the key's type's business. This module flattens all that, for the group that is in force, into
//! [`Level`]s: this key with these modifiers gives this symbol.

use std::ops::RangeInclusive;

use x11rb::connection::RequestConnection as _;
use x11rb::protocol::xkb::{
    ConnectionExt as _, GetMapReply, GetMapRequest, ID, KeySymMap, KeyType, MapPart, SetMapAux, SetMapFlags, VMod,
};
use x11rb::protocol::xproto::{Keycode, ModMask};
use xkeysym::Keysym;

use super::display::Display;
use crate::DesktopError;

/// One symbol on the keyboard and how it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) keysym: Keysym,
    pub(super) keycode: Keycode,
    /// The modifiers to hold, one bit each: shift, lock, control, and the five numbered ones.
    pub(super) modifiers: u8,
}

/// The server's map at one moment.
pub(super) struct KeyMap {
    reply: GetMapReply,
    group: usize,
    /// The modifiers that are locked, such as caps lock.
    pub(super) locked: u8,
}

impl KeyMap {
    pub(super) fn read(display: &Display) -> Result<Self, DesktopError> {
        let keyboard = ID::USE_CORE_KBD.into();
        let full = MapPart::KEY_TYPES | MapPart::KEY_SYMS | MapPart::MODIFIER_MAP;
        let request = GetMapRequest { device_spec: keyboard, full, ..GetMapRequest::default() };
        let map = display.connection.send_trait_request_with_reply(request)?;
        let state = display.connection.xkb_get_state(keyboard)?;
        let (reply, state) = (map.reply()?, state.reply()?);
        Ok(Self { reply, group: usize::from(u8::from(state.group)), locked: bits(state.locked_mods) })
    }

    /// Gives keys one symbol each, or none.
    ///
    /// All keys from the first to the last go into one request, those in between as they are: programs and
    /// window managers do a lot at each news of a change, and one request is one piece of news.
    pub(super) fn assign(
        mut self,
        display: &Display,
        symbols: &[(Keycode, Option<Keysym>)],
    ) -> Result<(), DesktopError> {
        let first = symbols.iter().map(|(keycode, _)| *keycode).min();
        let last = symbols.iter().map(|(keycode, _)| *keycode).max();
        let Some((first, last)) = first.zip(last) else { return Ok(()) };
        let start = usize::from(first.saturating_sub(self.reply.first_key_sym));
        let keys = self.reply.map.syms_rtrn.take().unwrap_or_default().into_iter();
        let mut keys: Vec<KeySymMap> = keys.skip(start).take(usize::from(last - first) + 1).collect();
        for (keycode, symbol) in symbols {
            let key = keys.get_mut(usize::from(keycode - first)).ok_or(DesktopError::Keyboard)?;
            *key = symbol.map_or_else(KeySymMap::default, one_symbol);
        }
        send(display, self.reply.min_key_code..=self.reply.max_key_code, first, keys)
    }

    /// Every symbol of the group in force.
    pub(super) fn levels(&self) -> impl Iterator<Item = Level> {
        self.keys().flat_map(|(keycode, key)| self.levels_of(keycode, key))
    }

    /// All symbols of a key, in every group.
    pub(super) fn symbols(&self, keycode: Keycode) -> &[u32] {
        let found = self.keys().find(|(candidate, _)| *candidate == keycode);
        found.map_or(&[], |(_, key)| &key.syms)
    }

    /// The keys that have no symbol and are no modifiers.
    pub(super) fn empty_keys(&self) -> impl Iterator<Item = Keycode> {
        self.keys()
            .filter(|(_, key)| key.syms.iter().all(|symbol| *symbol == 0))
            .map(|(keycode, _)| keycode)
            .filter(|keycode| self.modifier_keys().all(|(modifier, _)| modifier != *keycode))
    }

    /// The keys that act as modifiers, with the bits that they set.
    pub(super) fn modifier_keys(&self) -> impl Iterator<Item = (Keycode, u8)> {
        let keys = self.reply.map.modmap_rtrn.as_deref().unwrap_or_default();
        keys.iter().map(|key| (key.keycode, bits(key.mods)))
    }

    fn keys(&self) -> impl Iterator<Item = (Keycode, &KeySymMap)> {
        let keys = self.reply.map.syms_rtrn.as_deref().unwrap_or_default();
        (self.reply.first_key_sym..=Keycode::MAX).zip(keys)
    }

    fn levels_of<'a>(&'a self, keycode: Keycode, key: &'a KeySymMap) -> impl Iterator<Item = Level> + use<'a> {
        let groups = usize::from(key.group_info & 0x0f);
        // A key that has fewer layouts than the keyboard goes round: that is the usual of three ways to go on.
        let group = if groups == 0 { 0 } else { self.group % groups };
        let width = usize::from(key.width);
        let symbols = key.syms.get(group * width..(group + 1) * width).unwrap_or_default();
        let types = self.reply.map.types_rtrn.as_deref().unwrap_or_default();
        let kind = key.kt_index.get(group).and_then(|index| types.get(usize::from(*index)));
        symbols.iter().zip(0u8..).filter(|(symbol, _)| **symbol != 0).filter_map(move |(symbol, level)| {
            let modifiers = modifiers_for(kind?, level)?;
            Some(Level { keysym: Keysym::new(*symbol), keycode, modifiers })
        })
    }
}

/// A key with the same symbol with and without shift: programs that look keys up the old way take a key of
/// one symbol for a letter and make a small and a capital one of it.
fn one_symbol(symbol: Keysym) -> KeySymMap {
    const TYPE_OF_TWO_LEVELS: u8 = 1;
    KeySymMap { kt_index: [TYPE_OF_TWO_LEVELS, 0, 0, 0], group_info: 1, width: 2, syms: vec![symbol.raw(); 2] }
}

/// Sends the symbols of neighbouring keys. The request could change nine more parts of the map; each of the
/// zeros says that it leaves one alone.
#[rustfmt::skip]
fn send(
    display: &Display,
    all: RangeInclusive<Keycode>,
    first: Keycode,
    keys: Vec<KeySymMap>,
) -> Result<(), DesktopError> {
    let (count, total) = (keys.len() as u8, keys.iter().map(|key| key.syms.len() as u16).sum());
    let (keyboard, flags) = (ID::USE_CORE_KBD.into(), SetMapFlags::RECOMPUTE_ACTIONS);
    let (lowest, highest) = all.into_inner();
    display.connection.xkb_set_map(
        keyboard, flags, lowest, highest, 0, 0, first, count, total,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, VMod::from(0u16),
        &SetMapAux::new().syms(keys),
    )?;
    Ok(())
}

/// The fewest modifiers that choose a level. Caps lock is never one of them, since it cannot be held.
fn modifiers_for(kind: &KeyType, level: u8) -> Option<u8> {
    if level == 0 {
        return Some(0);
    }
    let choices = kind.map.iter().filter(|entry| entry.active && entry.level == level);
    let lock = bits(ModMask::LOCK);
    choices.map(|entry| bits(entry.mods_mask)).filter(|mask| mask & lock == 0).min_by_key(|mask| mask.count_ones())
}

fn bits(mask: ModMask) -> u8 {
    u16::from(mask) as u8
}
