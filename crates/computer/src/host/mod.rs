//! A person's own desktop, through libraries that know all of them: xcap sees, enigo presses, arboard copies.
//!
//! [`desktop`] is the seam. What may block for longer than a caller wants to wait happens on the thread of [`worker`]:
//! [`platform`] holds the libraries there, with [`window_system`] telling the kinds of desktop apart, [`screen`] taking
//! pictures, [`arrow`] standing for a pointer whose image is not known, [`strokes`] and [`typing`] naming keys, and
//! [`clipboard`] and [`windows`] doing what they say. [`watch`] tells from pictures alone when the screen is at rest.
//!
//! Of X11 more is known: [`x11_side`] tells what the libraries do not pass on, and where they fall short (keys, clipboard,
//! windows) [`X11Desktop`](crate::X11Desktop) does it; pictures and the mouse are theirs there too. What was tried where
//! stands at [`HostDesktop`].

mod arrow;
mod clipboard;
mod desktop;
mod platform;
mod screen;
mod strokes;
mod typing;
mod watch;
mod window_system;
mod windows;
mod worker;
mod x11_side;

pub use desktop::HostDesktop;
