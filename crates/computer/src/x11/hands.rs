//! Pressing and letting go, through the XTEST extension, and the memory of what is down.

use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Keycode, MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use super::display::Display;
use crate::{Button, DesktopError};

/// Something that can be held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Key(Keycode),
    Button(Button),
}

/// What is down at the moment, in the order of pressing.
#[derive(Debug, Default)]
pub(super) struct Hands {
    held: Vec<Held>,
}

impl Hands {
    pub(super) fn is_holding(&self, what: Held) -> bool {
        self.held.contains(&what)
    }

    pub(super) fn press(&mut self, display: &Display, what: Held) -> Result<(), DesktopError> {
        // Remembered first: should the request fail half-way, one release too many does no harm.
        self.held.push(what);
        let (kind, detail) = match what {
            Held::Key(keycode) => (KEY_PRESS_EVENT, keycode),
            Held::Button(button) => (BUTTON_PRESS_EVENT, number(button)),
        };
        fake(display, kind, detail, 0, 0)
    }

    pub(super) fn release(&mut self, display: &Display, what: Held) -> Result<(), DesktopError> {
        let (kind, detail) = match what {
            Held::Key(keycode) => (KEY_RELEASE_EVENT, keycode),
            Held::Button(button) => (BUTTON_RELEASE_EVENT, number(button)),
        };
        fake(display, kind, detail, 0, 0)?;
        self.held.retain(|held| *held != what);
        Ok(())
    }

    /// Lets go of everything, the last pressed first.
    pub(super) fn release_all(&mut self, display: &Display) -> Result<(), DesktopError> {
        while let Some(what) = self.held.last().copied() {
            self.release(display, what)?;
        }
        Ok(())
    }

    pub(super) fn move_to(&self, display: &Display, x: i16, y: i16) -> Result<(), DesktopError> {
        fake(display, MOTION_NOTIFY_EVENT, 0, x, y)
    }
}

fn fake(display: &Display, kind: u8, detail: u8, x: i16, y: i16) -> Result<(), DesktopError> {
    display.connection.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, display.root(), x, y, 0)?;
    Ok(())
}

fn number(button: Button) -> u8 {
    match button {
        Button::Left => 1,
        Button::Middle => 2,
        Button::Right => 3,
    }
}
