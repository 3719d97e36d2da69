//! The computer on real displays: an Xvfb for each test, with a window of the test's own or an xterm.
//!
//! Needs `Xvfb`, `xterm` and `setxkbmap` (Debian: xvfb, xterm, x11-xkb-utils). A test whose part is missing fails.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod backend;
mod clicks;
mod clipboard;
mod held;
mod keys;
mod pointer;
mod programs;
mod scaling;
mod screen;
mod selecting;
mod settle;
mod slow_reader;
mod stalls;
mod terminal;
mod typing;
mod typing_programs;
mod window;
mod windows;
mod xserver;
