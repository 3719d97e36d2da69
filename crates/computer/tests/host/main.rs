//! The tests of the X11 desktop, run with the libraries for a person's own desktop, and what only those do.
//!
//! Needs what those tests need, and nothing else: the desktop is an Xvfb.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../desktop/answers.rs"]
mod answers;
mod backend;
#[path = "../desktop/clicks.rs"]
mod clicks;
#[path = "../desktop/clipboard.rs"]
mod clipboard;
#[path = "../desktop/held.rs"]
mod held;
mod host;
#[path = "../desktop/keys.rs"]
mod keys;
#[path = "../desktop/pointer.rs"]
mod pointer;
#[path = "../desktop/programs.rs"]
mod programs;
#[path = "../desktop/scaling.rs"]
mod scaling;
#[path = "../desktop/screen.rs"]
mod screen;
#[path = "../desktop/selecting.rs"]
mod selecting;
#[path = "../desktop/settle.rs"]
mod settle;
#[path = "../desktop/slow_reader.rs"]
mod slow_reader;
#[path = "../desktop/stalls.rs"]
mod stalls;
#[path = "../desktop/terminal.rs"]
mod terminal;
#[path = "../desktop/typing.rs"]
mod typing;
#[path = "../desktop/typing_programs.rs"]
mod typing_programs;
#[path = "../desktop/window.rs"]
mod window;
#[path = "../desktop/windows.rs"]
mod windows;
#[path = "../desktop/xserver.rs"]
mod xserver;
