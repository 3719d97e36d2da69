//! Screen, mouse, keyboard, clipboard and windows of a graphical desktop, as a model uses them.
//!
//! [`Computer`] takes canonical actions, carries them out, waits until the screen has come to rest and answers as the
//! version of the tool wants it, in pixels of the picture that the model sees ([`Scale`]). What it needs of a display is
//! the [`Desktop`] trait; [`X11Desktop`] is that trait over one X11 connection that is kept for its life. Everything
//! blocks: the caller gives it a thread of its own and ends a call early by making a file descriptor readable.
//!
//! Not here: what a model reads about the tool, the reading of its arguments, and starting a display.

mod actions;
mod answer;
mod batch;
mod computer;
mod config;
mod desktop;
mod drag;
mod error;
mod frame;
#[cfg(feature = "host-desktop")]
mod host;
mod key_names;
mod keys;
mod pointer_image;
mod resize;
mod rest;
mod scale;
mod wait;
mod x11;

pub use computer::Computer;
pub use config::ComputerConfig;
pub use desktop::{Delivery, Desktop, Extent, Settled};
pub use error::{ConnectError, DesktopError, PlatformError};
pub use frame::Frame;
#[cfg(feature = "host-desktop")]
pub use host::HostDesktop;
pub use keys::{Chord, KeyError, parse_chords, parse_modifiers};
pub use scale::{OutsidePicture, Scale};
pub use x11::X11Desktop;
