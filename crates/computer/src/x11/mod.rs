//! A desktop over one X11 connection.
//!
//! [`display`] holds the connection and every wait on it, [`capture`] takes pictures, [`hands`] presses and
//! remembers what is down, and [`keyboard`] finds out what to press: [`key_map`] reads the server's map,
//! [`layout`] turns it into strokes, [`spare_keys`] lends keys to symbols that the layout lacks,
//! and [`reader`] knows when a program has read them: from the program itself, or by the rule of [`vigil`] from what is
//! seen of its [`process`], which the display's list of [`clients`] names. [`clipboard`], [`windows`] and [`manager`] speak the conventions that
//! programs have among themselves.

mod atoms;
mod capture;
mod clients;
mod clipboard;
mod desktop;
mod display;
mod hands;
mod key_map;
mod keyboard;
mod layout;
mod manager;
mod process;
mod reader;
mod shared_memory;
mod spare_keys;
mod stream;
mod vigil;
mod windows;

pub use desktop::X11Desktop;
