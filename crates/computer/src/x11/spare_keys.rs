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
use super::reader::{Before, Reader, Reading};
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

    /// Puts all of these symbols on keys, at most [`Self::capacity`] of them. Says what became of the keys that were sent
    /// before, if that mattered: none of the symbols is there when those are missing.
    pub(super) fn provide(&mut self, display: &Display, symbols: &[Keysym]) -> Result<Option<Reading>, DesktopError> {
        if symbols.is_empty() {
            return Ok(None);
        }
        // Those that are there already become the most recent, so that they are not taken for the others.
        self.keys.sort_by_key(|key| key.symbol.is_some_and(|symbol| symbols.contains(&symbol)));
        let missing: Vec<Keysym> =
            symbols.iter().copied().filter(|symbol| self.keys.iter().all(|key| key.symbol != Some(*symbol))).collect();
        let unread = |keys: &[SpareKey]| keys.iter().any(|key| key.unread);
        let takes_unread = unread(&self.keys[..missing.len()]);
        let mut reading = None;
        if takes_unread || (unread(&self.keys) && self.reader.has_changed(display)?) {
            reading = Some(self.reader.wait(display, Before::NewSymbols)?);
            if let Some(Reading::Missing(_)) = reading {
                return Ok(reading);
            }
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
        self.reader.note(display)?;
        Ok(reading)
    }

    /// Returns when whoever has the keyboard has read what was typed, if they are one who tells. None when they are not.
    pub(super) fn catch_up(&mut self, display: &Display, limit: Duration) -> Result<Option<Reading>, DesktopError> {
        self.reader.catch_up(display, limit)
    }

    /// Whether whoever has the keyboard is known not to have read the end of a text, which it will still find as it was
    /// typed. What is on the layout keeps its symbol in any case, so a short look does for it.
    pub(super) fn is_end_unread(&mut self, display: &Display) -> Result<bool, DesktopError> {
        if self.keys.iter().all(|key| !key.unread) {
            return self.reader.is_stopped(display);
        }
        let reading = self.reader.wait(display, Before::TheEnd)?;
        if reading == Reading::Done {
            self.keys.iter_mut().for_each(|key| key.unread = false);
        }
        Ok(matches!(reading, Reading::Missing(_)))
    }

    /// The key that a symbol is on, which is about to be pressed.
    pub(super) fn stroke(&mut self, symbol: Keysym) -> Option<Stroke> {
        let key = self.keys.iter_mut().find(|key| key.symbol == Some(symbol))?;
        key.unread = true;
        self.last_use = Some(Instant::now());
        Some(Stroke { keycode: key.keycode, modifiers: 0 })
    }

    /// Takes the symbols away if the last use was long ago, and nobody still has to look one up.
    pub(super) fn put_back_if_idle(&mut self, display: &Display) -> Result<(), DesktopError> {
        if self.last_use.is_none_or(|last_use| last_use.elapsed() < IDLE) {
            return Ok(());
        }
        let is_unread = self.keys.iter().any(|key| key.unread);
        if is_unread && let Reading::Missing(_) = self.reader.wait(display, Before::TidyingUp)? {
            self.last_use = Some(Instant::now());
            return Ok(());
        }
        self.put_back(display)
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
