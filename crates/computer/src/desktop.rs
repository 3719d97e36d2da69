//! What a computer needs of a display: the seam between actions and the way a platform carries them out.
//!
//! A call is bracketed by [`Desktop::begin`] and [`Desktop::end`]. In between every wait ends when the call's cancel
//! descriptor becomes readable, with [`DesktopError::Cancelled`], and within a second of the display's end, with
//! [`DesktopError::Lost`]. Whatever is pressed stays down until it is released, beyond the call if need be: who
//! gives up half-way calls [`Desktop::release_held`].
//!
//! All positions here are pixels of the screen. The pixels of a scaled picture are [`Scale`](crate::Scale)'s business.

use std::{os::fd::BorrowedFd, time::Duration};

use handspike_types::{
    Settle,
    computer::{Button, Point, ScrollDirection},
    desktop::{Selection, Window},
};

use crate::{Chord, DesktopError, Frame};

/// A display with a pointer, a keyboard, a clipboard and windows.
pub trait Desktop {
    /// Starts a call: what changes on the screen counts from here, and waits end once `cancel` is readable. An error
    /// when it is readable already.
    fn begin(&mut self, cancel: BorrowedFd<'_>) -> Result<(), DesktopError>;

    /// Ends a call: forgets the cancel descriptor. Held keys and buttons stay down.
    fn end(&mut self);

    /// Lets go of every key and button, also of what an earlier client left down. Heeds no cancel, and gives up after
    /// a second.
    fn release_held(&mut self) -> Result<(), DesktopError>;

    /// The size of the screen, as it is now.
    fn size(&mut self) -> Result<Extent, DesktopError>;

    /// A picture of the whole screen with the pointer drawn in.
    fn capture(&mut self) -> Result<Frame, DesktopError>;

    /// Where the pointer is.
    fn pointer(&mut self) -> Result<Point, DesktopError>;

    /// Moves the pointer in one jump. The point is on the screen.
    fn move_pointer(&mut self, to: Point) -> Result<(), DesktopError>;

    /// Presses a button and keeps it down.
    fn press(&mut self, button: Button) -> Result<(), DesktopError>;

    /// Lets go of a button.
    fn release(&mut self, button: Button) -> Result<(), DesktopError>;

    /// Presses a button and lets go of it, several times where clicks are to be counted together, with a pause after each
    /// of the two.
    fn click(&mut self, button: Button, count: u8, pause: Duration) -> Result<(), DesktopError> {
        for click in 0..count {
            if click > 0 {
                self.pause(pause)?;
            }
            self.press(button)?;
            self.pause(pause)?;
            self.release(button)?;
        }
        Ok(())
    }

    /// Turns the wheel by a number of clicks, where the pointer is.
    fn scroll(&mut self, direction: ScrollDirection, clicks: u32) -> Result<(), DesktopError>;

    /// Presses the keys of a chord in order and keeps them down.
    fn press_keys(&mut self, chord: &Chord) -> Result<(), DesktopError>;

    /// Lets go of every key that [`Self::press_keys`] pressed, the last one first. Buttons stay as they are.
    fn release_keys(&mut self) -> Result<(), DesktopError>;

    /// Types a text, whatever its characters, or says which one cannot be typed before any is.
    fn type_text(&mut self, text: &str) -> Result<Delivery, DesktopError>;

    /// Lets time pass.
    fn pause(&mut self, time: Duration) -> Result<(), DesktopError>;

    /// Watches the screen until it has come to rest. Changes since [`Self::begin`] or the last settling count.
    fn settle(&mut self, patience: Settle) -> Result<Settled, DesktopError>;

    /// The text that was copied or selected last; none when there is none, or no text.
    fn read_clipboard(&mut self, selection: Selection) -> Result<Option<String>, DesktopError>;

    /// Has programs paste this text, for as long as this desktop lives and nobody else copies something.
    fn write_clipboard(&mut self, text: &str) -> Result<(), DesktopError>;

    /// The windows of programs, the topmost first.
    fn windows(&mut self) -> Result<Vec<Window>, DesktopError>;
}

/// An extent in pixels, of a screen or of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Extent {
    pub width: u32,
    pub height: u32,
}

impl Extent {
    /// Whether a pixel with these coordinates exists.
    #[must_use]
    pub fn contains(self, point: Point) -> bool {
        point.x < self.width && point.y < self.height
    }
}

/// What is known of the arrival of a text that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Whoever has the keyboard has read every character, or will find it as it was typed.
    Sound,
    /// The same, but it is known that the end has not been read yet.
    Pending,
    /// It may be that a character was read too late, and taken for another.
    Unconfirmed,
}

/// How the screen came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing changed for as long as a first change is waited for.
    Unchanged(Duration),
    /// It changed, and was still again after this time.
    Changed(Duration),
    /// It was changing to the end of the time that it is watched.
    Restless(Duration),
}

impl Settled {
    /// How long the screen was watched.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        match self {
            Self::Unchanged(elapsed) | Self::Changed(elapsed) | Self::Restless(elapsed) => elapsed,
        }
    }

    /// Whether anything changed meanwhile.
    #[must_use]
    pub fn changed(self) -> bool {
        match self {
            Self::Unchanged(_) => false,
            Self::Changed(_) | Self::Restless(_) => true,
        }
    }
}
