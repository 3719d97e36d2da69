//! Chords and text on whatever layout the server has.
//!
//! The map is read afresh for each action, which takes less than a millisecond, so that nobody who changes
//! the layout meanwhile makes us type nonsense.

use std::time::Duration;

use x11rb::protocol::xkb::{ConnectionExt as _, Group, ID};
use x11rb::protocol::xproto::{Keycode, ModMask};
use xkeysym::Keysym;

use super::display::Display;
use super::hands::{Hands, Held};
use super::key_map::KeyMap;
use super::layout::{Layout, Stroke};
use super::reader::{ANSWER, LAST_ANSWER, Reading};
use super::spare_keys::SpareKeys;
use crate::key_names::key_of;
use crate::{Chord, Delivery, DesktopError};

/// How many keys are typed between two looks at the cancel descriptor. The server is waited for as often, so
/// that a cancelled text stops within as many characters.
const BURST: usize = 32;
/// How many keys are typed at most before their reader is waited for.
const ROUND: usize = 256;
/// How long a program may take to show the keys that it has read.
const SHOWN: Duration = Duration::from_millis(300);

/// Presses keys by symbol.
#[derive(Debug)]
pub(super) struct Keyboard {
    spares: SpareKeys,
    /// Locked modifiers that were unlocked to type, to be locked again.
    unlocked: u8,
}

impl Keyboard {
    pub(super) fn new(display: &Display) -> Result<Self, DesktopError> {
        Ok(Self { spares: SpareKeys::new(display)?, unlocked: 0 })
    }

    /// Presses a chord's keys in order and keeps them down.
    pub(super) fn press(&mut self, display: &Display, hands: &mut Hands, chord: &Chord) -> Result<(), DesktopError> {
        let map = KeyMap::read(display)?;
        let layout = self.layout(&map);
        let missing: Vec<Keysym> = chord.keys().iter().copied().filter(|key| layout.stroke(*key).is_none()).collect();
        if let Some(Reading::Missing(waited)) = self.lend(display, &missing)? {
            return Err(DesktopError::EarlierNotRead(waited));
        }
        for keysym in chord.keys() {
            let stroke = self.stroke(&layout, *keysym)?;
            for keycode in layout.keys_for(stroke.modifiers).chain([stroke.keycode]) {
                if !hands.is_holding(Held::Key(keycode)) {
                    hands.press(display, Held::Key(keycode))?;
                }
            }
        }
        display.check_cancelled()?;
        display.sync()
    }

    /// Types a text, and says what is known of its arrival. Nothing is typed of a text with a character that no key can
    /// stand for.
    pub(super) fn type_text(
        &mut self,
        display: &Display,
        hands: &mut Hands,
        text: &str,
    ) -> Result<Delivery, DesktopError> {
        let keysyms = keysyms_of(text)?;
        let map = KeyMap::read(display)?;
        let layout = self.layout(&map);
        self.unlock(display, map.locked)?;
        let mut progress = Progress { total: keysyms.len(), ..Progress::default() };
        let (mut shows, mut shown) = (true, false);
        while progress.sent < progress.total {
            let rest = &keysyms[progress.sent..];
            let (now, missing) = self.next_round(&layout, rest);
            if let Some(reading) = self.lend(display, &missing)? {
                progress.note(reading)?;
            }
            if shows {
                display.forget_changes()?;
            }
            self.type_round(display, hands, &layout, &rest[..now])?;
            progress.sent += now;
            shows = self.catch_up(display, &mut progress, shows)?;
            shown |= shows;
        }
        if shown {
            display.count_as_changed();
        }
        hands.release_keys(display)?;
        self.lock_again(display)?;
        display.sync()?;
        if !progress.is_end_unread && progress.read < progress.total {
            progress.is_end_unread = self.spares.is_end_unread(display)?;
        }
        Ok(progress.delivery())
    }

    /// Undoes what a call that was broken off left behind, and what idle ones did.
    pub(super) fn tidy(&mut self, display: &Display) -> Result<(), DesktopError> {
        self.lock_again(display)?;
        self.spares.put_back_if_idle(display)
    }

    /// Leaves the keyboard as it was found.
    pub(super) fn put_back(&mut self, display: &Display) -> Result<(), DesktopError> {
        self.lock_again(display)?;
        self.spares.put_back(display)
    }

    /// Waits for programs that tell how far they have read, so that what is typed does not pile up in front of them, and
    /// says whether they then show something: a browser reads its keys long before its page has them. That is not
    /// waited for again once it did not happen, since a program may have nothing to show.
    fn catch_up(&mut self, display: &Display, progress: &mut Progress, shows: bool) -> Result<bool, DesktopError> {
        let is_end = progress.sent == progress.total;
        match self.spares.catch_up(display, if is_end { LAST_ANSWER } else { ANSWER })? {
            // All of the text is typed, and there is nothing left to keep back.
            Some(Reading::Missing(_)) if is_end => progress.is_end_unread = true,
            Some(reading) => progress.note(reading)?,
            None => return Ok(false),
        }
        Ok(!progress.is_end_unread && shows && display.wait_for_change(SHOWN)?)
    }

    fn layout(&mut self, map: &KeyMap) -> Layout {
        self.spares.reconcile(map);
        Layout::of(map, &self.spares.lent())
    }

    fn stroke(&mut self, layout: &Layout, keysym: Keysym) -> Result<Stroke, DesktopError> {
        let stroke = layout.stroke(keysym).or_else(|| self.spares.stroke(keysym));
        stroke.ok_or_else(|| no_spare_key(keysym))
    }

    fn lend(&mut self, display: &Display, missing: &[Keysym]) -> Result<Option<Reading>, DesktopError> {
        match missing.get(self.spares.capacity()) {
            Some(keysym) => Err(no_spare_key(*keysym)),
            None => self.spares.provide(display, missing),
        }
    }

    /// How much of a text can be typed with half of the spare keys that there are, and which symbols they are for. The
    /// other half keeps the symbols of the round before, for a program that reads late in spite of its answer.
    fn next_round(&self, layout: &Layout, keysyms: &[Keysym]) -> (usize, Vec<Keysym>) {
        // At least one, so that a layout without any spare key is reported instead of looped over.
        let room = self.spares.capacity().div_ceil(2).max(1);
        let mut missing = Vec::new();
        for (index, keysym) in keysyms.iter().take(ROUND).enumerate() {
            if layout.stroke(*keysym).is_some() || missing.contains(keysym) {
                continue;
            }
            if missing.len() == room {
                return (index, missing);
            }
            missing.push(*keysym);
        }
        (keysyms.len().min(ROUND), missing)
    }

    fn type_round(
        &mut self,
        display: &Display,
        hands: &mut Hands,
        layout: &Layout,
        keysyms: &[Keysym],
    ) -> Result<(), DesktopError> {
        let mut modifiers = Vec::new();
        for burst in keysyms.chunks(BURST) {
            display.check_cancelled()?;
            for keysym in burst {
                let stroke = self.stroke(layout, *keysym)?;
                let wanted: Vec<Keycode> = layout.keys_for(stroke.modifiers).collect();
                exchange(display, hands, &mut modifiers, wanted)?;
                hands.press(display, Held::Key(stroke.keycode))?;
                hands.release(display, Held::Key(stroke.keycode))?;
            }
            display.sync()?;
        }
        exchange(display, hands, &mut modifiers, Vec::new())
    }

    /// Caps lock would turn letters round while they are typed.
    fn unlock(&mut self, display: &Display, locked: u8) -> Result<(), DesktopError> {
        self.unlocked = locked;
        set_locks(display, locked, 0)
    }

    fn lock_again(&mut self, display: &Display) -> Result<(), DesktopError> {
        set_locks(display, self.unlocked, self.unlocked)?;
        self.unlocked = 0;
        Ok(())
    }
}

/// How far a text has got, in key presses.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    total: usize,
    sent: usize,
    /// Of those that were sent, those that are known to have been read.
    read: usize,
    /// Keys have changed their symbols while it was a guess that nobody had to look them up any more.
    is_guessed: bool,
    is_end_unread: bool,
}

impl Progress {
    /// Takes note of what became of the keys that were sent so far. An error when the text cannot go on.
    fn note(&mut self, reading: Reading) -> Result<(), DesktopError> {
        let Self { total, sent, read, .. } = *self;
        match reading {
            Reading::Done => self.read = sent,
            Reading::Guessed => self.is_guessed |= sent > 0,
            Reading::Missing(waited) => return Err(DesktopError::NotRead { waited, read, sent, total }),
        }
        Ok(())
    }

    fn delivery(self) -> Delivery {
        match self {
            Self { is_guessed: true, .. } => Delivery::Unconfirmed,
            Self { is_end_unread: true, .. } => Delivery::Pending,
            Self { .. } => Delivery::Sound,
        }
    }
}

/// Lets go of the modifiers that are not wanted and presses those that are missing.
fn exchange(
    display: &Display,
    hands: &mut Hands,
    held: &mut Vec<Keycode>,
    wanted: Vec<Keycode>,
) -> Result<(), DesktopError> {
    for keycode in held.iter().filter(|keycode| !wanted.contains(keycode)) {
        hands.release(display, Held::Key(*keycode))?;
    }
    for keycode in wanted.iter().filter(|keycode| !held.contains(keycode)) {
        hands.press(display, Held::Key(*keycode))?;
    }
    *held = wanted;
    Ok(())
}

fn set_locks(display: &Display, affected: u8, locked: u8) -> Result<(), DesktopError> {
    if affected == 0 {
        return Ok(());
    }
    let mask = |bits: u8| ModMask::from(u16::from(bits));
    let (keyboard, group) = (ID::USE_CORE_KBD.into(), Group::M1);
    display.connection.xkb_latch_lock_state(keyboard, mask(affected), mask(locked), false, group, mask(0), false, 0)?;
    Ok(())
}

/// The symbols of a text. A carriage return with its newline is one key press.
fn keysyms_of(text: &str) -> Result<Vec<Keysym>, DesktopError> {
    let mut previous = None;
    let mut keysyms = Vec::with_capacity(text.len());
    for (position, character) in text.chars().enumerate() {
        if (previous.replace(character), character) == (Some('\r'), '\n') {
            continue;
        }
        keysyms.push(key_of(character).ok_or(DesktopError::Untypable { character, position })?);
    }
    Ok(keysyms)
}

fn no_spare_key(keysym: Keysym) -> DesktopError {
    let written = keysym.key_char().map(String::from);
    DesktopError::NoSpareKey(written.unwrap_or_else(|| format!("{:#x}", keysym.raw())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ending_of_two_characters_is_one_return() {
        let keysyms = keysyms_of("a\r\nb\n").expect("typable");
        assert_eq!(keysyms, [Keysym::a, Keysym::Return, Keysym::b, Keysym::Return]);
    }

    #[test]
    fn a_control_character_is_named_with_its_place() {
        let error = keysyms_of("ab\u{3}").expect_err("no key for it").to_string();
        assert!(error.contains(r"`\u{3}` at position 2"), "{error}");
    }
}
