//! What raw output looks like on a page: no escape sequences, no redraws, no bytes that are no text.
//!
//! Bytes become characters (what is no UTF-8 is shown as `\xNN`), escape sequences and bells vanish, a carriage return
//! starts its stream's part of the line again, a backspace takes a character back. Each stream is decoded on its own, so
//! a character or sequence may be split between reads and interleaved with the other stream; both write one page.

use std::str;

use memchr::memrchr;

use crate::pipes::Stream;

/// A line longer than this is passed on in pieces, which can't be redrawn any more.
const LONGEST_LINE: usize = 16 * 1024;

/// Turns the bytes of two streams into one text, line by line.
#[derive(Debug, Default)]
pub(crate) struct Cleaner {
    out: Decoder,
    err: Decoder,
    line: Line,
}

/// Whole lines, or a piece of a long one, as they are finished.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    /// With its newlines, if it has any.
    pub(crate) text: &'a str,
    /// Whether standard error wrote any of it.
    pub(crate) from_err: bool,
}

#[derive(Debug, Default)]
struct Line {
    text: String,
    writer: Option<Stream>,
    /// Where the part of the present writer begins.
    anchor: usize,
    /// A carriage return came last: what follows replaces the part, unless it is a newline.
    returned: bool,
    from_err: bool,
}

#[derive(Debug, Default)]
struct Decoder {
    /// The beginning of a character whose rest has not been read yet.
    partial: Vec<u8>,
    escape: Escape,
}

/// Where in an escape sequence a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Escape {
    #[default]
    None,
    Started,
    /// `ESC [`, up to a final byte.
    Control,
    /// `ESC ]` and its kin, up to BEL or `ESC \`; a newline gives it up, as it can't be one then.
    Text,
    /// An ESC that may be the first half of its end.
    TextEnding,
}

impl Cleaner {
    /// Takes what was read of a stream; `emit` is given what is finished.
    pub(crate) fn push(&mut self, stream: Stream, bytes: &[u8], emit: &mut dyn FnMut(Piece<'_>)) {
        let Self { out, err, line } = self;
        let decoder = match stream {
            Stream::Out => out,
            Stream::Err => err,
        };
        let joined;
        let mut rest = bytes;
        if !decoder.partial.is_empty() {
            joined = [std::mem::take(&mut decoder.partial).as_slice(), bytes].concat();
            rest = &joined;
        }
        while !rest.is_empty() {
            match str::from_utf8(rest) {
                Ok(text) => {
                    decoder.text(stream, text, line, emit);
                    return;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    decoder.text(stream, str::from_utf8(valid).unwrap_or_default(), line, emit);
                    let Some(length) = error.error_len() else {
                        decoder.partial = after.to_vec();
                        return;
                    };
                    show_bytes(stream, &after[..length], line);
                    rest = &after[length..];
                }
            }
        }
    }

    /// Takes the end of both streams.
    pub(crate) fn finish(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        for (stream, decoder) in [(Stream::Out, &mut self.out), (Stream::Err, &mut self.err)] {
            show_bytes(stream, &std::mem::take(&mut decoder.partial), &mut self.line);
        }
        self.line.flush(emit);
    }
}

fn show_bytes(stream: Stream, bytes: &[u8], line: &mut Line) {
    for byte in bytes {
        line.write(stream, &format!("\\x{byte:02x}"));
    }
}

impl Decoder {
    fn text(&mut self, stream: Stream, mut text: &str, line: &mut Line, emit: &mut dyn FnMut(Piece<'_>)) {
        while !text.is_empty() {
            if self.escape == Escape::None && line.is_untouched() {
                // Much output is plain lines, and looking at each would take most of the time.
                let lines = plain_lines(text);
                if lines > 0 {
                    emit(Piece { text: &text[..lines], from_err: stream == Stream::Err });
                    text = &text[lines..];
                    continue;
                }
            }
            if self.escape == Escape::None {
                let plain = text.find(|c: char| c.is_control() && c != '\t').unwrap_or(text.len());
                let plain = text.floor_char_boundary(plain.min(LONGEST_LINE));
                if plain > 0 {
                    line.write(stream, &text[..plain]);
                    line.flush_if_long(emit);
                    text = &text[plain..];
                    continue;
                }
            }
            let Some(c) = text.chars().next() else { return };
            text = &text[c.len_utf8()..];
            self.control(stream, c, line, emit);
        }
    }

    /// A control character, or any character within an escape sequence.
    fn control(&mut self, stream: Stream, c: char, line: &mut Line, emit: &mut dyn FnMut(Piece<'_>)) {
        self.escape = match (self.escape, c) {
            (Escape::Started, '[') => Escape::Control,
            (Escape::Started, ']' | 'P' | 'X' | '^' | '_') => Escape::Text,
            (Escape::Started, ' '..='/') => Escape::Started,
            (Escape::Started, '0'..='~') | (Escape::Control, '@'..='~') => Escape::None,
            (Escape::Control, ' '..='?') => Escape::Control,
            (Escape::Text, '\x07') | (Escape::TextEnding, '\\') => Escape::None,
            (Escape::Text | Escape::TextEnding, '\x1b') => Escape::TextEnding,
            (Escape::Text | Escape::TextEnding, c) if c != '\n' => Escape::Text,
            (_, '\x1b') => Escape::Started,
            // Not in a sequence, or one that was broken off.
            (_, c) => {
                line.put(stream, c, emit);
                Escape::None
            }
        };
    }
}

/// How many bytes at the start of a text are whole lines without any control characters.
fn plain_lines(text: &str) -> usize {
    // 0xc2 is the first byte of the control characters beyond ASCII, and of a few others.
    let is_special = |byte: u8| (byte < b' ' && byte != b'\n' && byte != b'\t') || byte == 0x7f || byte == 0xc2;
    // Blocks without an early exit, which the compiler turns into a few instructions.
    let has_special = |block: &[u8]| block.iter().fold(false, |found, byte| found | is_special(*byte));
    let plain = text.as_bytes().chunks(256).take_while(|block| !has_special(block)).map(<[u8]>::len).sum();
    let rest = &text.as_bytes()[plain..];
    let plain = plain + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len());
    memrchr(b'\n', &text.as_bytes()[..plain]).map_or(0, |end| end + 1)
}

impl Line {
    /// Nothing of it has come yet.
    fn is_untouched(&self) -> bool {
        self.text.is_empty() && self.writer.is_none()
    }

    fn put(&mut self, stream: Stream, c: char, emit: &mut dyn FnMut(Piece<'_>)) {
        match c {
            '\n' => {
                self.turn_to(stream);
                self.text.push('\n');
                self.flush(emit);
            }
            '\r' => {
                self.turn_to(stream);
                self.returned = true;
            }
            '\x08' if self.writer == Some(stream) && self.text.len() > self.anchor => {
                self.text.pop();
            }
            '\0' | '\x07' | '\x08' | '\x7f' => {}
            '\u{80}'..='\u{9f}' => {}
            c if c.is_control() && c != '\t' => self.write(stream, &format!("\\x{:02x}", u32::from(c))),
            c => self.write(stream, c.encode_utf8(&mut [0; 4])),
        }
    }

    fn write(&mut self, stream: Stream, text: &str) {
        self.turn_to(stream);
        if self.returned {
            self.text.truncate(self.anchor);
            self.returned = false;
        }
        self.text.push_str(text);
    }

    fn turn_to(&mut self, stream: Stream) {
        if self.writer != Some(stream) {
            self.writer = Some(stream);
            self.anchor = self.text.len();
            self.returned = false;
        }
        self.from_err |= stream == Stream::Err;
    }

    fn flush_if_long(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        if self.text.len() >= LONGEST_LINE {
            self.flush(emit);
        }
    }

    fn flush(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        if !self.text.is_empty() {
            emit(Piece { text: &self.text, from_err: self.from_err });
        }
        self.text.clear();
        (self.writer, self.anchor, self.returned, self.from_err) = (None, 0, false, false);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn clean(chunks: &[(Stream, &[u8])]) -> String {
        let (mut cleaner, mut page) = (Cleaner::default(), String::new());
        for (stream, bytes) in chunks {
            cleaner.push(*stream, bytes, &mut |piece| page.push_str(piece.text));
        }
        cleaner.finish(&mut |piece| page.push_str(piece.text));
        page
    }

    fn clean_one(bytes: &[u8]) -> String {
        clean(&[(Stream::Out, bytes)])
    }

    #[test]
    fn escape_sequences_and_nul_vanish() {
        assert_eq!(
            clean_one(b"\x1b[1;31mred\x1b[0m\0 \x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b(B\x07"),
            "red link"
        );
    }

    #[test]
    fn a_sequence_that_never_ends_swallows_no_further_line() {
        assert_eq!(clean_one(b"\x1b]0;lost\nkept\n"), "\nkept\n");
    }

    #[test]
    fn a_redrawn_line_shows_its_last_state() {
        assert_eq!(clean_one(b"10%\r50%\r100%\x1b[K\ndone\r\n"), "100%\ndone\n");
    }

    #[test]
    fn a_redraw_leaves_the_other_streams_part_of_the_line() {
        assert_eq!(clean(&[(Stream::Out, b"a "), (Stream::Err, b"1%\r2%"), (Stream::Out, b" b\n")]), "a 2% b\n");
    }

    #[test]
    fn overstruck_text_is_plain() {
        assert_eq!(clean_one(b"N\x08NA\x08A"), "NA");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown() {
        assert_eq!(clean_one(b"a\xff\xc3(\x01b\xe2\x82"), "a\\xff\\xc3(\\x01b\\xe2\\x82");
    }

    proptest! {
        #[test]
        fn plain_text_is_untouched_wherever_it_is_split(text in "[\\PC\\n\\t]{0,200}", cut in 0usize..400) {
            let cut = cut.min(text.len());
            let (head, tail) = text.as_bytes().split_at(cut);
            prop_assert_eq!(clean(&[(Stream::Out, head), (Stream::Out, tail)]), text);
        }

        #[test]
        fn any_bytes_give_the_same_text_wherever_they_are_split(bytes in vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let whole = clean_one(&bytes);
            prop_assert_eq!(&clean(&[(Stream::Out, head), (Stream::Out, tail)]), &whole);
            prop_assert!(!whole.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
