//! The picture of a terminal's screen, kept up to date byte by byte in bounded memory.
//!
//! What scrolls off the top goes into a window of its own until a call shows it. Programs also ask terminals questions,
//! such as where the cursor is, and wait for the answer; the few common ones are answered.

use std::{mem, num::NonZeroU16};

use handspike_command::{View, Window};
use handspike_types::terminal::TerminalSize;
use vt100::{
    Callbacks, Parser,
    capture::{BasicFormattedCaptureState, RowContents, basic_formatted_to_plain},
};

use crate::{keys::CursorMode, search::Search};

/// How many bytes of replies may wait to be sent; a program that asks for more without reading gets no more.
const REPLIES_LIMIT: usize = 4096;

/// A screen and what it has to tell since the last look.
pub(crate) struct Screen {
    parser: Parser<Watcher>,
    scrolled_limit: usize,
    /// The beginning of a character whose rest has not been written yet.
    partial: Vec<u8>,
}

/// Told by the parser of what the screen itself does not show.
struct Watcher {
    scrolled: Window,
    scrolled_bytes: u64,
    search: Option<Search>,
    replies: Vec<u8>,
}

impl Screen {
    pub(crate) fn new(size: TerminalSize, scrolled_limit: usize) -> Self {
        let watcher =
            Watcher { scrolled: Window::new(scrolled_limit), scrolled_bytes: 0, search: None, replies: Vec::new() };
        let (rows, columns) = extent(size);
        Self { parser: Parser::new_with_callbacks(rows, columns, 0, watcher), scrolled_limit, partial: Vec::new() }
    }

    /// Takes what the command has written. Returns what the terminal says to it in return.
    pub(crate) fn process(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.parse(bytes);
        self.changed();
        mem::take(&mut self.parser.callbacks_mut().replies)
    }

    /// Gives the parser whole characters only, for what it makes of others depends on where they are cut. What is no
    /// UTF-8 is shown as the character that stands for that.
    fn parse(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        let bytes = mem::take(&mut self.partial);
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.parser.process(chunk.valid().as_bytes());
            match str::from_utf8(chunk.invalid()) {
                Ok(_) => {}
                Err(error) if error.error_len().is_none() && chunks.peek().is_none() => {
                    self.partial = chunk.invalid().to_vec();
                }
                Err(_) => self.parser.process(char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    pub(crate) fn resize(&mut self, size: TerminalSize) {
        let (rows, columns) = extent(size);
        self.parser.set_size(rows, columns);
        self.changed();
    }

    pub(crate) fn size(&self) -> TerminalSize {
        let (rows, columns) = self.parser.screen().size();
        TerminalSize { columns: columns.get(), rows: rows.get() }
    }

    /// The cursor's column and row, counted from 0.
    pub(crate) fn cursor(&self) -> (u16, u16) {
        let (row, column) = self.parser.screen().cursor_position();
        (column, row)
    }

    pub(crate) fn cursor_mode(&self) -> CursorMode {
        if self.parser.screen().application_cursor() { CursorMode::Application } else { CursorMode::Normal }
    }

    /// The rows, without the blanks at their ends.
    pub(crate) fn rows(&self) -> Vec<String> {
        let mut rows: Vec<String> = self.parser.screen().rows(0, self.size().columns).collect();
        rows.iter_mut().for_each(|row| row.truncate(row.trim_end().len()));
        rows
    }

    /// Whether nothing can be seen.
    pub(crate) fn is_blank(&self) -> bool {
        self.parser.screen().rows(0, self.size().columns).all(|row| row.trim_end().is_empty())
    }

    /// The lines that have scrolled off since this was last asked.
    pub(crate) fn take_scrolled(&mut self) -> View {
        let window = Window::new(self.scrolled_limit);
        mem::replace(&mut self.parser.callbacks_mut().scrolled, window).finish()
    }

    /// Begins to look for a text, on the screen and in what will scroll off it.
    pub(crate) fn search(&mut self, needle: &str) {
        let mut search = Search::new(needle, self.parser.callbacks().scrolled_bytes);
        search.look(&self.text());
        self.parser.callbacks_mut().search = Some(search);
    }

    /// Begins to look for a text that is not on the screen yet, or at another place.
    pub(crate) fn search_for_news(&mut self, needle: &str) {
        let mut search = Search::new(needle, self.parser.callbacks().scrolled_bytes);
        search.overlook(&self.text());
        self.parser.callbacks_mut().search = Some(search);
    }

    pub(crate) fn found(&self) -> bool {
        self.parser.callbacks().search.as_ref().is_some_and(Search::found)
    }

    pub(crate) fn end_search(&mut self) {
        self.parser.callbacks_mut().search = None;
    }

    /// The screen as one text, in which a line that was too long for its row goes on.
    fn text(&self) -> String {
        let screen = self.parser.screen();
        let mut text = String::new();
        for (number, row) in (0..).zip(screen.rows(0, self.size().columns)) {
            text.push_str(&row);
            if !screen.row_wrapped(number) {
                text.push('\n');
            }
        }
        text
    }

    /// What is due after each change.
    fn changed(&mut self) {
        // A screen that grows asks for the rows that once scrolled off it, which are not kept and would come back blank.
        self.parser.screen_mut().clear_scrollback();
        if self.parser.callbacks().search.is_some() {
            let text = self.text();
            if let Some(search) = &mut self.parser.callbacks_mut().search {
                search.look(&text);
            }
        }
    }
}

impl Callbacks for Watcher {
    fn on_scroll(&mut self, contents: RowContents<'_>, _is_alternate_screen: bool) {
        let mut state = BasicFormattedCaptureState::new();
        let mut formatted = String::new();
        // Writing to a string does not fail.
        let _ = contents.write_formatted_basic(&mut formatted, &mut state);
        let mut row: String = basic_formatted_to_plain(&formatted).collect();
        if is_wrapped(&contents, &state) {
            self.scrolled.push(&row);
        } else {
            self.scrolled.push(row.trim_end());
            self.scrolled.push("\n");
            row.push('\n');
        }
        self.scrolled_bytes += row.len() as u64;
        if let Some(search) = &mut self.search {
            search.scroll(&row);
        }
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        intermediate: Option<u8>,
        _second: Option<u8>,
        parameters: &[&[u16]],
        end: char,
    ) {
        let first = parameters.first().and_then(|parameter| parameter.first()).copied().unwrap_or(0);
        match (intermediate, first, end) {
            (None, 5, 'n') => self.reply("\x1b[0n"),
            (None, 6, 'n') => {
                let (row, column) = screen.cursor_position();
                self.reply(&format!("\x1b[{};{}R", row + 1, column + 1));
            }
            (None, 0, 'c') => self.reply("\x1b[?1;2c"),
            (Some(b'>'), 0, 'c') => self.reply("\x1b[>0;0;0c"),
            (None, 18, 't') => {
                let (rows, columns) = screen.size();
                self.reply(&format!("\x1b[8;{rows};{columns}t"));
            }
            _ => {}
        }
    }
}

impl Watcher {
    fn reply(&mut self, reply: &str) {
        if self.replies.len() + reply.len() <= REPLIES_LIMIT {
            self.replies.extend_from_slice(reply.as_bytes());
        }
    }
}

/// Whether a row goes on in the next one. Only the next thing that is written with the same state tells.
fn is_wrapped(contents: &RowContents<'_>, after: &BasicFormattedCaptureState) -> bool {
    struct First(Option<char>);
    impl std::fmt::Write for First {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 = self.0.or(text.chars().next());
            if self.0.is_some() { Err(std::fmt::Error) } else { Ok(()) }
        }
    }
    let mut first = First(None);
    let _ = contents.write_formatted_basic(&mut first, &mut after.clone());
    first.0 != Some('\n')
}

/// Rows and columns. None of them is 0, as actions are checked; were it, 1 would do.
fn extent(size: TerminalSize) -> (NonZeroU16, NonZeroU16) {
    let [rows, columns] = [size.rows, size.columns].map(|count| NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN));
    (rows, columns)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn screen(columns: u16, rows: u16) -> Screen {
        Screen::new(TerminalSize { columns, rows }, 1000)
    }

    #[test]
    fn lines_scroll_off_whole_where_they_were_wrapped() {
        let mut screen = screen(5, 2);
        screen.process(b"\x1b[31mabcdefgh\x1b[0m\r\nsecond  \r\nthird\r\n");
        assert_eq!(screen.take_scrolled(), View::Whole("abcdefgh\nsecond\n".into()));
        assert_eq!(screen.rows(), ["third", ""]);
        assert_eq!(screen.take_scrolled(), View::Whole(String::new()));
    }

    #[test]
    fn a_text_is_found_across_a_wrap() {
        let mut screen = screen(10, 3);
        screen.search("across the");
        screen.process(b"goes acro");
        assert!(!screen.found());
        screen.process(b"ss the wrap");
        assert!(screen.found());
    }

    #[test]
    fn a_text_that_only_scrolls_by_is_found() {
        let mut screen = screen(80, 3);
        screen.search("needle");
        screen.process(&[b"x\r\n".repeat(100), b"a needle\r\n".to_vec(), b"x\r\n".repeat(100)].concat());
        assert!(screen.found());
    }

    #[test]
    fn a_text_that_a_smaller_screen_brings_together_is_found() {
        let mut screen = screen(8, 2);
        screen.search("one\ntwo");
        screen.process(b"one more\r\ntwo");
        assert!(!screen.found());
        screen.resize(TerminalSize { columns: 3, rows: 2 });
        assert!(screen.found());
    }

    #[test]
    fn questions_are_answered() {
        let mut screen = screen(80, 24);
        assert_eq!(screen.process(b"ab\x1b[6n\x1b[c"), b"\x1b[1;3R\x1b[?1;2c");
    }

    #[test]
    fn a_screen_that_grows_gets_blank_rows_below() {
        let mut screen = screen(10, 2);
        screen.process(b"1\r\n2\r\n3");
        screen.resize(TerminalSize { columns: 10, rows: 4 });
        assert_eq!(screen.rows(), ["2", "3", "", ""]);
    }

    proptest! {
        #[test]
        fn any_bytes_leave_a_screen_of_its_size(chunks in vec(vec(any::<u8>(), 0..60), 0..20), columns in 2u16..20, rows in 2u16..6) {
            let mut screen = screen(columns, rows);
            screen.search("x");
            for chunk in chunks {
                screen.process(&chunk);
                screen.process(b"\x1b[");
            }
            screen.resize(TerminalSize { columns: rows, rows: columns });
            prop_assert_eq!(screen.rows().len(), usize::from(columns));
        }

        #[test]
        fn the_screen_is_the_same_wherever_bytes_are_cut(
            bytes in vec(prop_oneof![any::<u8>(), Just(0x8d), Just(0xcd), Just(0x1b), Just(b'\n')], 0..80),
            cut in 0usize..80,
        ) {
            let (mut whole, mut parts) = (screen(20, 4), screen(20, 4));
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            whole.process(&bytes);
            parts.process(head);
            parts.process(tail);
            prop_assert_eq!((whole.rows(), whole.cursor()), (parts.rows(), parts.cursor()));
        }

        #[test]
        fn no_line_is_lost_wherever_the_output_is_split(lines in vec("[a-z]{0,12}", 0..30), cut in 0usize..300) {
            let output = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
            let (head, tail) = output.as_bytes().split_at(cut.min(output.len()));
            let mut screen = screen(5, 3);
            screen.process(head);
            screen.process(tail);
            let View::Whole(mut all) = screen.take_scrolled() else { panic!("within the limit") };
            all.push_str(&screen.text());
            let expected: String = lines.iter().map(|line| format!("{line}\n")).collect();
            prop_assert_eq!(all.trim_end(), expected.trim_end());
        }
    }
}
