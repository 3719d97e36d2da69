//! Whatever a program writes to its terminal, at whatever size, the picture of the screen is one of that size.
//! It does not depend on where the output was cut between two reads, and neither does what is answered to the program.
//! The cursor is on the screen, and what is answered and kept of what scrolled off is bounded.
#![no_main]

use arbitrary::Arbitrary;
use handspike_command::View;
use handspike_terminal::fuzzing::screen;
use handspike_types::terminal::TerminalSize;
use libfuzzer_sys::fuzz_target;

/// Bytes kept of what has scrolled off, and bytes of replies that wait at most.
const SCROLLED: usize = 1000;
const REPLIES: usize = 4096;

#[derive(Arbitrary, Debug)]
struct Session {
    size: (u8, u8),
    needle: String,
    /// The program writes this, which is read in pieces of this length, and then the size changes.
    written: Vec<(Vec<u8>, u8, (u8, u8))>,
}

fuzz_target!(|session: Session| {
    // As actions are checked: a text to wait for is not empty.
    if session.needle.is_empty() {
        return;
    }
    let size = sized(session.size);
    let pieces: Vec<Vec<&[u8]>> =
        session.written.iter().map(|(bytes, length, _)| bytes.chunks(usize::from(*length).max(1)).collect()).collect();
    let whole: Vec<[&[u8]; 1]> = session.written.iter().map(|(bytes, _, _)| [bytes.as_slice()]).collect();
    let sizes = || session.written.iter().map(|(_, _, size)| sized(*size));
    let whole: Vec<(&[&[u8]], TerminalSize)> = whole.iter().map(<[_; 1]>::as_slice).zip(sizes()).collect();
    let pieces: Vec<(&[&[u8]], TerminalSize)> = pieces.iter().map(Vec::as_slice).zip(sizes()).collect();

    let shown = screen(size, &session.needle, &whole);
    assert_eq!(shown.size, sizes().last().unwrap_or(size));
    assert_eq!(shown.rows.len(), usize::from(shown.size.rows));
    // Behind the last column is where the next character wraps.
    assert!(shown.cursor.0 <= shown.size.columns && shown.cursor.1 < shown.size.rows, "{:?}", shown.cursor);
    assert!(shown.replies.len() <= REPLIES * session.written.len());
    match &shown.scrolled {
        View::Whole(text) => assert!(text.len() <= SCROLLED),
        View::Cut { head, tail, .. } => assert!(head.len() + tail.len() <= SCROLLED),
    }
    let cut = screen(size, &session.needle, &pieces);
    assert_eq!((&shown.rows, shown.cursor, &shown.scrolled), (&cut.rows, cut.cursor, &cut.scrolled));
    // Read in more pieces, more replies may be taken; a text may be seen that is gone at the end of a larger one.
    assert!(cut.replies.starts_with(&shown.replies), "{:?} became {:?}", shown.replies, cut.replies);
    assert!(cut.found || !shown.found);
});

/// As actions are checked: 2 to 500.
fn sized((columns, rows): (u8, u8)) -> TerminalSize {
    TerminalSize { columns: u16::from(columns).max(2), rows: u16::from(rows).max(2) }
}
