//! Screen, mouse and keyboard of a graphical desktop, as a model uses them.
//!
//! [`Computer`] takes one canonical action at a time, carries it out, waits until the screen has come to
//! rest and answers with a picture. What it needs of a display is the [`Desktop`] trait; [`X11Desktop`] is
//! that trait over one X11 connection that is kept for its life. Everything blocks: the caller gives it a
//! thread of its own and ends a call early by making a file descriptor readable.
//!
//! Not here: what a model reads about the tool, the scaling of coordinates, and starting a display.

mod computer;
mod config;
mod desktop;
mod drag;
mod error;
mod frame;
mod key_names;
mod keys;
mod wait;
mod x11;

pub use computer::Computer;
pub use config::ComputerConfig;
pub use desktop::{Button, Desktop, ScreenSize, Settled};
pub use error::{ConnectError, DesktopError};
pub use frame::Frame;
pub use keys::{Chord, KeyError, parse_chords};
pub use x11::X11Desktop;
