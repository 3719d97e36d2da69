//! Pressing and letting go, through the XTEST extension, and the memory of what is down.

use std::time::Duration;

use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Keycode, MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;

use handspike_types::computer::{Button, ScrollDirection};
use x11rb::protocol::xproto::ConnectionExt as _;

use super::display::Display;
use crate::DesktopError;

/// Something that can be held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Key(Keycode),
    /// The buttons of a mouse are numbered from 1, and those from 4 to 7 are its wheel.
    Button(u8),
}

impl Held {
    pub(super) fn button(button: Button) -> Self {
        Self::Button(match button {
            Button::Left => 1,
            Button::Middle => 2,
            Button::Right => 3,
        })
    }

    pub(super) fn wheel(direction: ScrollDirection) -> Self {
        Self::Button(match direction {
            ScrollDirection::Up => 4,
            ScrollDirection::Down => 5,
            ScrollDirection::Left => 6,
            ScrollDirection::Right => 7,
        })
    }
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
        self.press_after(Duration::ZERO, display, what)
    }

    /// Has the server press it that long after what was asked of it before, to the millisecond.
    pub(super) fn press_after(&mut self, pause: Duration, display: &Display, what: Held) -> Result<(), DesktopError> {
        // Remembered first: should the request fail half-way, one release too many does no harm.
        if !self.is_holding(what) {
            self.held.push(what);
        }
        let (kind, detail) = match what {
            Held::Key(keycode) => (KEY_PRESS_EVENT, keycode),
            Held::Button(button) => (BUTTON_PRESS_EVENT, button),
        };
        fake(display, pause, kind, detail, 0, 0)
    }

    pub(super) fn release(&mut self, display: &Display, what: Held) -> Result<(), DesktopError> {
        self.release_after(Duration::ZERO, display, what)
    }

    /// The same for letting go.
    pub(super) fn release_after(&mut self, pause: Duration, display: &Display, what: Held) -> Result<(), DesktopError> {
        let (kind, detail) = match what {
            Held::Key(keycode) => (KEY_RELEASE_EVENT, keycode),
            Held::Button(button) => (BUTTON_RELEASE_EVENT, button),
        };
        fake(display, pause, kind, detail, 0, 0)?;
        self.held.retain(|held| *held != what);
        Ok(())
    }

    /// Lets go of every key, the last pressed first.
    pub(super) fn release_keys(&mut self, display: &Display) -> Result<(), DesktopError> {
        let is_key = |held: &&Held| matches!(held, Held::Key(_));
        while let Some(what) = self.held.iter().rfind(is_key).copied() {
            self.release(display, what)?;
        }
        Ok(())
    }

    /// Lets go of everything, also of what was left down by somebody who is gone: what the XTEST extension presses
    /// outlives the client that pressed it.
    pub(super) fn release_all(&mut self, display: &Display) -> Result<(), DesktopError> {
        while let Some(what) = self.held.last().copied() {
            self.release(display, what)?;
        }
        for what in down(display)? {
            self.release(display, what)?;
        }
        Ok(())
    }

    pub(super) fn move_to(&self, display: &Display, x: i16, y: i16) -> Result<(), DesktopError> {
        fake(display, Duration::ZERO, MOTION_NOTIFY_EVENT, 0, x, y)
    }
}

/// What the display says is down.
fn down(display: &Display) -> Result<Vec<Held>, DesktopError> {
    let (keys, pointer) = (display.connection.query_keymap()?, display.connection.query_pointer(display.root())?);
    let (keys, buttons) = (keys.reply()?.keys, u16::from(pointer.reply()?.mask) >> 8);
    let is_down = |keycode: &Keycode| keys[usize::from(keycode / 8)] & (1 << (keycode % 8)) != 0;
    let keys = (0..=Keycode::MAX).filter(is_down).map(Held::Key);
    Ok(keys.chain((1..=5).filter(|button| buttons & (1 << (button - 1)) != 0).map(Held::Button)).collect())
}

fn fake(display: &Display, pause: Duration, kind: u8, detail: u8, x: i16, y: i16) -> Result<(), DesktopError> {
    let pause = u32::try_from(pause.as_millis()).unwrap_or(u32::MAX);
    display.connection.xtest_fake_input(kind, detail, pause, display.root(), x, y, 0)?;
    Ok(())
}
