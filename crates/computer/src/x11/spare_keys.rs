//! Keys without a symbol, lent to symbols that the layout lacks.
//!
//! A program looks a key's symbol up when it reads the key press, which may be long after the press, so a
//! key must keep its symbol until then. Each new symbol therefore gets the key that was used longest ago,
//! and before a key changes its symbol that somebody may still have to read, they are waited for.
//! Symbols stay where they are between calls; they are taken away once nobody has typed for a while.

use std::time::{Duration, Instant};

use x11rb::protocol::xproto::Keycode;
use xkeysym::Keysym;

use super::display::Display;
use super::key_map::KeyMap;
use super::layout::Stroke;
use super::reader::Reader;
use crate::DesktopError;

/// The lowest code there is means no key at all to some toolkits.
const LOWEST: Keycode = 8;
/// After this time every program has read what was typed to it.
const IDLE: Duration = Duration::from_secs(5);
/// The keys to lend, the least recently used first.
#[derive(Debug)]
pub(super) struct SpareKeys {
    keys: Vec<SpareKey>,
    reader: Reader,
    last_use: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct SpareKey {
    keycode: Keycode,
    symbol: Option<Keysym>,
    /// Pressed since the reader was last waited for.
    unread: bool,
}

impl SpareKeys {
    pub(super) fn new(display: &Display) -> Result<Self, DesktopError> {
        Ok(Self { keys: Vec::new(), reader: Reader::new(display)?, last_use: None })
    }

    /// Brings this up to date with a map that others may have changed.
    pub(super) fn reconcile(&mut self, map: &KeyMap) {
        self.keys.retain_mut(|key| {
            let mut present = map.symbols(key.keycode).iter().filter(|symbol| **symbol != 0).peekable();
            if present.peek().is_none() {
                key.symbol = None;
            }
            present.all(|symbol| key.symbol.is_some_and(|own| own.raw() == *symbol))
        });
        for keycode in map.empty_keys().filter(|keycode| *keycode != LOWEST) {
            if !self.keys.iter().any(|key| key.keycode == keycode) {
                self.keys.insert(0, SpareKey { keycode, symbol: None, unread: false });
            }
        }
    }

    /// The keys that are lent at the moment.
    pub(super) fn lent(&self) -> Vec<Keycode> {
        self.keys.iter().filter(|key| key.symbol.is_some()).map(|key| key.keycode).collect()
    }

    /// How many symbols can be on the keyboard at a time.
    pub(super) fn capacity(&self) -> usize {
        self.keys.len()
    }

    /// Puts all of these symbols on keys, at most [`Self::capacity`] of them.
    pub(super) fn provide(&mut self, display: &Display, symbols: &[Keysym]) -> Result<(), DesktopError> {
        if symbols.is_empty() {
            return Ok(());
        }
        // Those that are there already become the most recent, so that they are not taken for the others.
        self.keys.sort_by_key(|key| key.symbol.is_some_and(|symbol| symbols.contains(&symbol)));
        let missing: Vec<Keysym> =
            symbols.iter().copied().filter(|symbol| self.keys.iter().all(|key| key.symbol != Some(*symbol))).collect();
        let unread = |keys: &[SpareKey]| keys.iter().any(|key| key.unread);
        let takes_unread = unread(&self.keys[..missing.len()]);
        if takes_unread || (unread(&self.keys) && self.reader.has_changed(display)?) {
            self.reader.wait(display)?;
            self.keys.iter_mut().for_each(|key| key.unread = false);
        }
        let taken = missing.len();
        let mut changed = Vec::with_capacity(taken);
        for (key, symbol) in self.keys.iter_mut().zip(missing) {
            key.symbol = Some(symbol);
            changed.push((key.keycode, Some(symbol)));
        }
        self.keys.rotate_left(taken);
        // The map is read again, lest a layout that was chosen meanwhile be undone.
        KeyMap::read(display)?.assign(display, &changed)?;
        self.reader.note(display)
    }

    /// Returns when whoever has the keyboard has read what was typed. False when they do not tell.
    pub(super) fn catch_up(&mut self, display: &Display, limit: Duration) -> Result<bool, DesktopError> {
        self.reader.catch_up(display, limit)
    }

    /// The key that a symbol is on, which is about to be pressed.
    pub(super) fn stroke(&mut self, symbol: Keysym) -> Option<Stroke> {
        let key = self.keys.iter_mut().find(|key| key.symbol == Some(symbol))?;
        key.unread = true;
        self.last_use = Some(Instant::now());
        Some(Stroke { keycode: key.keycode, modifiers: 0 })
    }

    /// Takes the symbols away if the last use was long ago.
    pub(super) fn put_back_if_idle(&mut self, display: &Display) -> Result<(), DesktopError> {
        match self.last_use {
            Some(last_use) if last_use.elapsed() >= IDLE => self.put_back(display),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes the symbols away.
    pub(super) fn put_back(&mut self, display: &Display) -> Result<(), DesktopError> {
        let lent: Vec<_> = self.lent().into_iter().map(|keycode| (keycode, None)).collect();
        if lent.is_empty() {
            return Ok(());
        }
        for key in &mut self.keys {
            key.symbol = None;
            key.unread = false;
        }
        self.last_use = None;
        KeyMap::read(display)?.assign(display, &lent)
    }
}
