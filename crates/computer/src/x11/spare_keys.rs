//! Keys without a symbol, lent to symbols that the layout lacks.
//!
//! A program looks a key's symbol up when it reads the key press, which may be long after the press, so a
//! key must keep its symbol until then. Each new symbol therefore gets the key that was used longest ago,
//! and before a key that somebody may still have to read changes its symbol, the screen has to be still.
//! Symbols stay where they are between calls; they are taken away once nobody has typed for a while.

use std::time::{Duration, Instant};

use x11rb::protocol::xproto::{ConnectionExt as _, Keycode};
use xkeysym::Keysym;

use super::display::{Display, Patience};
use super::key_map::KeyMap;
use super::layout::Stroke;
use crate::DesktopError;

/// The lowest code there is means no key at all to some toolkits.
const LOWEST: Keycode = 8;
/// After this time every program has read what was typed to it.
const IDLE: Duration = Duration::from_secs(5);
/// How long the readers of one round of symbols are waited for before the next round.
const READERS: Patience = Patience {
    first_change: Duration::from_millis(150),
    quiet: Duration::from_millis(40),
    limit: Duration::from_secs(1),
};

/// The keys to lend, the least recently used first.
#[derive(Debug, Default)]
pub(super) struct SpareKeys {
    keys: Vec<SpareKey>,
    last_use: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct SpareKey {
    keycode: Keycode,
    symbol: Option<Keysym>,
    /// Pressed since the screen was last seen still.
    unread: bool,
}

impl SpareKeys {
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
        // Those that are there already become the most recent, so that they are not taken for the others.
        self.keys.sort_by_key(|key| key.symbol.is_some_and(|symbol| symbols.contains(&symbol)));
        let missing: Vec<Keysym> =
            symbols.iter().copied().filter(|symbol| self.keys.iter().all(|key| key.symbol != Some(*symbol))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        if self.keys.iter().take(missing.len()).any(|key| key.unread) {
            display.wait_until_still(READERS)?;
            self.keys.iter_mut().for_each(|key| key.unread = false);
        }
        let taken = missing.len().min(self.keys.len());
        let mut changed = Vec::with_capacity(taken);
        for (key, symbol) in self.keys.iter_mut().zip(missing) {
            key.symbol = Some(symbol);
            changed.push((key.keycode, symbol.raw()));
        }
        self.keys.rotate_left(taken);
        change(display, changed)
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
        let lent = self.lent();
        for key in &mut self.keys {
            key.symbol = None;
            key.unread = false;
        }
        self.last_use = None;
        change(display, lent.into_iter().map(|keycode| (keycode, x11rb::NO_SYMBOL)).collect())
    }
}

/// Gives keys their symbols. Neighbours go in one request, since programs read the whole map again after each.
fn change(display: &Display, mut symbols: Vec<(Keycode, u32)>) -> Result<(), DesktopError> {
    symbols.sort_unstable();
    for run in symbols.chunk_by(|left, right| left.0 + 1 == right.0) {
        // The same symbol with and without shift: programs that hold shift for their own reasons get it, too.
        let levels: Vec<u32> = run.iter().flat_map(|(_, symbol)| [*symbol; 2]).collect();
        display.connection.change_keyboard_mapping(run.len() as u8, run[0].0, 2, &levels)?;
    }
    Ok(())
}
