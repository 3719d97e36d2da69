//! `key`, `hold_key` and `type`, and the modifiers that are held during other actions.

use std::time::Duration;

use super::Acting;
use crate::{Chord, Desktop, DesktopError, KeyError, answer::Outcome, parse_chords, parse_modifiers};

impl<D: Desktop> Acting<'_, D> {
    pub(super) fn key(&mut self, keys: &str, repeat: u32) -> Result<Outcome, DesktopError> {
        let chords = parse_chords(keys)?;
        for _ in 0..repeat {
            for chord in &chords {
                self.desktop.press_keys(chord)?;
                self.desktop.release_keys()?;
            }
        }
        self.settled()
    }

    pub(super) fn hold_key(&mut self, keys: &str, duration: Duration) -> Result<Outcome, DesktopError> {
        let chords = parse_chords(keys)?;
        let [chord] = chords.as_slice() else {
            return Err(KeyError::Several { text: keys.to_owned() }.into());
        };
        self.desktop.press_keys(chord)?;
        self.desktop.pause(duration)?;
        self.desktop.release_keys()?;
        self.settled()
    }

    pub(super) fn type_text(&mut self, text: &str) -> Result<Outcome, DesktopError> {
        let delivery = self.desktop.type_text(text)?;
        let settled = self.desktop.settle(self.settings.settle)?;
        Ok(Outcome::Typed(delivery, settled))
    }

    /// Does something while modifiers are held.
    pub(super) fn while_held(
        &mut self,
        modifiers: Option<&Chord>,
        act: impl FnOnce(&mut D) -> Result<(), DesktopError>,
    ) -> Result<(), DesktopError> {
        let Some(chord) = modifiers else { return act(self.desktop) };
        self.desktop.press_keys(chord)?;
        act(self.desktop)?;
        self.desktop.release_keys()
    }
}

/// The chord of a `text` that names modifiers, which may be empty.
pub(super) fn modifiers(text: Option<&str>) -> Result<Option<Chord>, KeyError> {
    text.filter(|text| !text.trim().is_empty()).map(parse_modifiers).transpose()
}
