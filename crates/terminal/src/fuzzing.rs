//! What the fuzz targets reach that is otherwise private.
#![allow(missing_docs, reason = "nobody else sees it")]

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
