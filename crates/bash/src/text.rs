//! What raw output looks like on a page: no escape sequences, no redraws, no bytes that are no text.
//!
//! Bytes become characters (what is no UTF-8 is shown as `\xNN`), escape sequences and bells vanish, and a line that is
//! drawn again shows its last state: of the escape sequences those are heeded that erase a line or its rest. Each stream
//! is decoded on its own, so a character or sequence may be split between reads and interleaved with the other stream;
//! both write one page.

use std::str;

use memchr::memrchr;

use crate::{
    line::{Erased, Line, Piece},
    pipes::Stream,
};

/// Turns the bytes of two streams into one text, line by line.
#[derive(Debug, Default)]
pub(crate) struct Cleaner {
    out: Decoder,
    err: Decoder,
    line: Line,
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
    Control(Parameter),
    /// `ESC ]` and its kin, up to BEL or `ESC \`; a newline gives it up, as it can't be one then.
    Text,
    /// An ESC that may be the first half of its end.
    TextEnding,
}

/// What stands in a control sequence, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Parameter {
    None,
    Digit(char),
    Other,
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
                    show_bytes(stream, &after[..length], line, emit);
                    rest = &after[length..];
                }
            }
        }
    }

    /// Takes the end of both streams.
    pub(crate) fn finish(&mut self, emit: &mut dyn FnMut(Piece<'_>)) {
        for (stream, decoder) in [(Stream::Out, &mut self.out), (Stream::Err, &mut self.err)] {
            show_bytes(stream, &std::mem::take(&mut decoder.partial), &mut self.line, emit);
        }
        self.line.flush(emit);
    }
}

fn show_bytes(stream: Stream, bytes: &[u8], line: &mut Line, emit: &mut dyn FnMut(Piece<'_>)) {
    for byte in bytes {
        line.write(stream, &format!("\\x{byte:02x}"), emit);
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
                if plain > 0 {
                    line.write(stream, &text[..plain], emit);
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
            (Escape::Started, '[') => Escape::Control(Parameter::None),
            (Escape::Started, ']' | 'P' | 'X' | '^' | '_') => Escape::Text,
            (Escape::Started, ' '..='/') => Escape::Started,
            (Escape::Started, '0'..='~') => Escape::None,
            (Escape::Control(parameter), '@'..='~') => {
                if let Some(erased) = erased_by(parameter, c) {
                    line.erase(stream, erased);
                }
                Escape::None
            }
            (Escape::Control(Parameter::None), '0'..='9') => Escape::Control(Parameter::Digit(c)),
            (Escape::Control(_), ' '..='?') => Escape::Control(Parameter::Other),
            (Escape::Text, '\x07') | (Escape::TextEnding, '\\') => Escape::None,
            (Escape::Text | Escape::TextEnding, '\x1b') => Escape::TextEnding,
            (Escape::Text | Escape::TextEnding, c) if c != '\n' => Escape::Text,
            (_, '\x1b') => Escape::Started,
            // Not in a sequence, or one that was broken off.
            (_, c) => {
                put(stream, c, line, emit);
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

/// What a control sequence with this end erases of its line. Nothing of it that stands before the cursor alone, for that
/// is how programs clear what a terminal of a known width shows.
fn erased_by(parameter: Parameter, end: char) -> Option<Erased> {
    match (parameter, end) {
        (Parameter::None | Parameter::Digit('0'), 'K') => Some(Erased::FromCursor),
        (Parameter::Digit('2'), 'K') => Some(Erased::All),
        (Parameter::None | Parameter::Digit(_) | Parameter::Other, _) => None,
    }
}

fn put(stream: Stream, c: char, line: &mut Line, emit: &mut dyn FnMut(Piece<'_>)) {
    match c {
        '\n' => line.end(stream, emit),
        '\r' => line.carriage_return(stream),
        '\x08' => line.backspace(stream),
        '\0' | '\x07' | '\x7f' | '\u{80}'..='\u{9f}' => {}
        c if c.is_control() && c != '\t' => line.write(stream, &format!("\\x{:02x}", u32::from(c)), emit),
        c => line.write(stream, c.encode_utf8(&mut [0; 4]), emit),
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
    fn what_a_redraw_does_not_reach_stays() {
        for (written, shown) in [
            ("abc\rX", "Xbc"),
            ("abc\r\x1b[KX", "X"),
            ("abc\rX\x1b[K", "X"),
            ("abc\rX\x1b[0K\n", "X\n"),
            ("abc\x1b[2K\rX", "X"),
            ("abc\r\x1b[2KX", "X"),
            ("abc\x1b[2KX", "   X"),
            ("abc\x1b[2K", ""),
            ("abc\r", "abc"),
            ("abc\r\n", "abc\n"),
            ("abc\r\r\r\n", "abc\n"),
            ("äöü\r世", "世öü"),
            ("世界\ra", "a界"),
            ("a\rbcd\re", "ecd"),
            ("abc\x08\x08X", "aXc"),
            ("abc\x08\x08\x1b[K", "a"),
            ("ä\x08\x08\x08o", "o"),
            ("abc\r\x1b[?K\x1b[1K\x1b[31mX", "Xbc"),
        ] {
            assert_eq!(clean_one(written.as_bytes()), shown, "{written:?}");
        }
    }

    #[test]
    fn a_line_erased_by_one_stream_keeps_what_the_other_wrote() {
        let chunks: [(Stream, &[u8]); 3] =
            [(Stream::Out, b"a "), (Stream::Err, b"\x1b[2K1%\x1b[2K\r2%"), (Stream::Out, b"\x1b[K\x08 b\n")];
        assert_eq!(clean(&chunks), "a 2% b\n");
    }

    #[test]
    fn a_long_line_is_passed_on_in_pieces_whatever_it_is_made_of() {
        let long = 1 << 20;
        for written in [b"x".repeat(long), b"\xff".repeat(long), "é\r世界".repeat(long).into_bytes()] {
            let (mut cleaner, mut longest) = (Cleaner::default(), 0);
            for chunk in written.chunks(64 << 10) {
                cleaner.push(Stream::Out, chunk, &mut |piece| longest = longest.max(piece.text.len()));
            }
            cleaner.finish(&mut |piece| longest = longest.max(piece.text.len()));
            assert!(longest <= 17 << 10, "{longest}");
        }
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

    /// What a terminal of any width shows of a line with carriage returns, backspaces and the erasing of its rest.
    fn as_drawn(line: &str) -> String {
        let (mut cells, mut cursor, mut chars): (Vec<char>, usize, _) = (Vec::new(), 0, line.chars());
        while let Some(c) = chars.next() {
            match c {
                '\r' => cursor = 0,
                '\x08' => cursor = cursor.saturating_sub(1),
                '\x1b' => {
                    chars.nth(1);
                    cells.truncate(cursor);
                }
                c => {
                    cells.splice(cursor..cells.len().min(cursor + 1), [c]);
                    cursor += 1;
                }
            }
        }
        cells.into_iter().collect()
    }

    proptest! {
        #[test]
        fn a_line_is_what_a_terminal_shows(parts in vec("([a-cé世]{0,5}|\r|\x08|\x1b\\[K)", 0..40)) {
            let line = parts.concat();
            prop_assert_eq!(clean_one(line.as_bytes()), as_drawn(&line));
        }

        #[test]
        fn a_long_line_is_the_same_wherever_it_is_split(
            parts in vec(("[a-cé世]{1,3}", 1usize..9000, "(|\r|\x08|\x1b\\[K|\x1b\\[2K)"), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = parts.iter().map(|(text, times, then)| text.repeat(*times) + then).collect::<String>().into_bytes();
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(clean(&[(Stream::Out, head), (Stream::Out, tail)]), clean_one(&bytes));
        }

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
