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
mod keys;
mod reader;
mod screen;
mod search;
mod terminal;
mod terminals;
mod wait;

pub use config::TerminalConfig;
pub use terminals::Terminals;

/// What the fuzz targets reach that is otherwise private.
#[cfg(feature = "fuzzing")]
#[allow(missing_docs, reason = "nobody else sees it")]
pub mod fuzzing {
    use handspike_command::View;
    use handspike_types::terminal::TerminalSize;

    use crate::{
        keys::{Chord, CursorMode},
        screen::Screen,
    };

    #[derive(Debug, PartialEq)]
    pub struct Shown {
        pub size: TerminalSize,
        pub rows: Vec<String>,
        pub cursor: (u16, u16),
        pub scrolled: View,
        pub replies: Vec<u8>,
        pub found: bool,
    }

    /// What is to be seen after a text is searched for and all is written, with a change of size after each part of it.
    pub fn screen(size: TerminalSize, needle: &str, written: &[(&[&[u8]], TerminalSize)]) -> Shown {
        let (mut screen, mut replies) = (Screen::new(size, 1000), Vec::new());
        screen.search(needle);
        for (chunks, size) in written {
            chunks.iter().for_each(|chunk| replies.extend(screen.process(chunk)));
            screen.resize(*size);
        }
        let (size, rows, cursor) = (screen.size(), screen.rows(), screen.cursor());
        Shown { size, rows, cursor, scrolled: screen.take_scrolled(), replies, found: screen.found() }
    }

    /// The bytes of a key, in both modes of the cursor keys.
    pub fn key(name: &str) -> Result<[Vec<u8>; 2], String> {
        let chord = Chord::parse(name).map_err(|error| error.to_string())?;
        Ok([CursorMode::Normal, CursorMode::Application].map(|mode| chord.bytes(mode)))
    }
}
