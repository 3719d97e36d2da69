//! Commands on terminals: started at a size, sent text and keys, looked at, and left to run between the calls.
//!
//! A terminal is a pseudo-terminal with a command on it that has a session of its own, so that ctrl+c, job control and
//! changes of size work as for a person. A thread reads what the command writes into a picture of the screen, also when
//! nobody looks, so no command ever blocks on its output. A call types, waits until there is something to see, and
//! answers with the lines that have scrolled by since the last call and with the screen.
//!
//! [`Terminals`] is synchronous and blocking, for a thread of its own. `terminal` is one command and its descriptors,
//! `reader` the thread, `screen` the picture, `search` finds a text in it, `wait` says when a call answers, `keys` turns
//! names into bytes, `answer` is what a model reads.

mod answer;
mod config;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod keys;
mod reader;
mod screen;
mod search;
mod terminal;
mod terminals;
mod wait;

pub use config::TerminalConfig;
pub use terminals::Terminals;
