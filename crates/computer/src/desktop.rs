//! What a computer needs of a display: the seam between actions and the way a platform carries them out.
//!
//! A call is bracketed by [`Desktop::begin`] and [`Desktop::end`]. In between every wait ends when the
//! call's cancel descriptor becomes readable; `end` lets go of whatever is still held down, so that a call
//! which failed half-way leaves no stuck key or button.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use handspike_types::computer::Point;

use crate::{Chord, ComputerConfig, DesktopError, Frame};

/// A display with a pointer and a keyboard.
pub trait Desktop {
    /// Starts a call: what changes on the screen counts from here, and waits end once `cancel` is readable.
    fn begin(&mut self, cancel: BorrowedFd<'_>) -> Result<(), DesktopError>;

    /// Ends a call: releases what is held and forgets the cancel descriptor.
    fn end(&mut self);

    /// The size of the screen in pixels, as it is now.
    fn size(&mut self) -> Result<ScreenSize, DesktopError>;

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

    /// Presses the keys of a chord in order and releases them in reverse.
    fn chord(&mut self, chord: &Chord) -> Result<(), DesktopError>;

    /// Types a text, whatever its characters, or says which one cannot be typed before any is.
    fn type_text(&mut self, text: &str) -> Result<(), DesktopError>;

    /// Watches the screen until it has come to rest.
    fn settle(&mut self, config: &ComputerConfig) -> Result<Settled, DesktopError>;
}

/// A screen's extent in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ScreenSize {
    pub width: u32,
    pub height: u32,
}

impl ScreenSize {
    /// Whether a pixel with these coordinates exists.
    #[must_use]
    pub fn contains(self, point: Point) -> bool {
        point.x < self.width && point.y < self.height
    }
}

/// The buttons that actions use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Button {
    Left,
    Middle,
    Right,
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
