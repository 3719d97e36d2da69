//! The line that is being written, as a terminal would show it: a carriage return goes back to its beginning, a backspace
//! one character, and what follows replaces what stands there, character by character. Each takes one place here, also a
//! tab and those that are wide.
//!
//! Two streams may write one line. Each begins a part of its own, where the other one was interrupted, and redraws that
//! part alone.

use crate::pipes::Stream;

/// A line longer than this is passed on in pieces, which can't be redrawn any more.
const LONGEST_LINE: usize = 16 * 1024;

/// Whole lines, or a piece of a long one, as they are finished.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    /// With its newlines, if it has any.
    pub(crate) text: &'a str,
    /// Whether standard error wrote any of it.
    pub(crate) from_err: bool,
}

/// What of a line is erased.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Erased {
    FromCursor,
    All,
}

/// A line as far as it has come. It is shorter than the limit between calls.
#[derive(Debug, Default)]
pub(crate) struct Line {
    text: String,
    writer: Option<Stream>,
    /// Where the part of the present writer begins; it ends with the text.
    anchor: usize,
    /// Where in its part the next character goes.
    cursor: usize,
    /// How many places to the right of that, as all of the part was erased. They become spaces once something follows.
    blank: usize,
    from_err: bool,
}

impl Line {
    /// Nothing of it has come yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.text.is_empty() && self.writer.is_none()
    }

    /// Writes a text without control characters, other than tabs.
    pub(crate) fn write(&mut self, stream: Stream, text: &str, emit: &mut dyn FnMut(Piece<'_>)) {
        let mut rest = text;
        while !rest.is_empty() {
            self.turn_to(stream);
            if self.blank > 0 {
                self.text.extend(std::iter::repeat_n(' ', self.blank));
                (self.cursor, self.blank) = (self.text.len(), 0);
            }
            let (next, after) = rest.split_at(self.fitting(rest));
            self.put(next);
            rest = after;
            if self.text.len() >= LONGEST_LINE {
                self.flush(emit);
            }
        }
    }

    /// How much of a text can be written before the line is too long. Where it was read in pieces must make no difference.
    fn fitting(&self, text: &str) -> usize {
        let room = LONGEST_LINE - self.text.len();
        if self.cursor == self.text.len() {
            text.ceil_char_boundary(room.min(text.len()))
        } else if text.len() < room {
            text.len()
        } else {
            // It may replace shorter characters, so the line's length is looked at after each.
            text.ceil_char_boundary(1)
        }
    }

    fn put(&mut self, text: &str) {
        if self.cursor == self.text.len() {
            self.text.push_str(text);
        } else {
            let mut places = self.text[self.cursor..].char_indices();
            let end = places.nth(text.chars().count()).map_or(self.text.len(), |(index, _)| self.cursor + index);
            self.text.replace_range(self.cursor..end, text);
        }
        self.cursor += text.len();
    }

    pub(crate) fn end(&mut self, stream: Stream, emit: &mut dyn FnMut(Piece<'_>)) {
        self.turn_to(stream);
        self.text.push('\n');
        self.flush(emit);
    }

    pub(crate) fn carriage_return(&mut self, stream: Stream) {
        self.turn_to(stream);
        (self.cursor, self.blank) = (self.anchor, 0);
    }

    pub(crate) fn backspace(&mut self, stream: Stream) {
        if self.writer != Some(stream) {
            return;
        }
        if self.blank > 0 {
            self.blank -= 1;
        } else if self.cursor > self.anchor {
            self.cursor = self.text.floor_char_boundary(self.cursor - 1);
        }
    }

    pub(crate) fn erase(&mut self, stream: Stream, what: Erased) {
        if self.writer != Some(stream) {
            return;
        }
        if what == Erased::All {
            self.blank += self.text[self.anchor..self.cursor].chars().count();
            self.cursor = self.anchor;
        }
        self.text.truncate(self.cursor);
    }

    fn turn_to(&mut self, stream: Stream) {
        if self.writer != Some(stream) {
            self.writer = Some(stream);
            self.anchor = self.text.len();
            (self.cursor, self.blank) = (self.anchor, 0);
        }
        self.from_err |= stream == Stream::Err;
    }

    pub(crate) fn flush(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        if !self.text.is_empty() {
            emit(Piece { text: &self.text, from_err: self.from_err });
        }
        self.text.clear();
        (self.writer, self.anchor, self.cursor, self.blank, self.from_err) = (None, 0, 0, 0, false);
    }
}
