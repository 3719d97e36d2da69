//! A text of any length in bounded memory: its head and its tail.

use std::collections::VecDeque;

use memchr::memchr_iter;

/// A cut moves to the end of a line if there is one within this distance, as half lines mislead.
const LINE_SEARCH: usize = 1024;

/// Keeps the first and the last half of a limit.
#[derive(Debug)]
pub struct Window {
    half: usize,
    head: String,
    tail: VecDeque<u8>,
    bytes: u64,
    newlines: u64,
}

/// What a window kept.
#[derive(Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum View {
    /// All of the text.
    Whole(String),
    /// Its head and tail, and how much was between them.
    Cut { head: String, tail: String, lines_left_out: u64, bytes_left_out: u64 },
}

impl Window {
    /// An empty window that will keep this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { half: limit / 2, head: String::new(), tail: VecDeque::new(), bytes: 0, newlines: 0 }
    }

    /// Whether nothing has come yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// How many newlines have come.
    #[must_use]
    pub fn newlines(&self) -> u64 {
        self.newlines
    }

    /// Takes what comes next.
    pub fn push(&mut self, text: &str) {
        self.bytes += text.len() as u64;
        self.newlines += newlines(text.as_bytes());
        let room = if self.tail.is_empty() { self.half - self.head.len() } else { 0 };
        let (first, rest) = text.split_at(text.floor_char_boundary(room));
        self.head.push_str(first);
        let rest = &rest.as_bytes()[rest.len().saturating_sub(self.half)..];
        let excess = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }

    /// The last line that has come to its end, without its newline; of one that is kept in part, what is kept.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        let is_whole = (self.head.len() + self.tail.len()) as u64 == self.bytes;
        let head = if is_whole { self.head.as_bytes() } else { &[] };
        let mut backwards = self.tail.iter().rev().chain(head.iter().rev()).copied();
        backwards.find(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = backwards.take_while(|byte| *byte != b'\n').collect();
        while line.last().is_some_and(|byte| byte & 0xc0 == 0x80) {
            line.pop();
        }
        line.reverse();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// What is kept of all that came.
    #[must_use]
    pub fn finish(self) -> View {
        let Self { half: _, mut head, tail, bytes, newlines: all_newlines } = self;
        let tail = Vec::from(tail);
        if (head.len() + tail.len()) as u64 == bytes {
            head.push_str(&String::from_utf8_lossy(&tail));
            return View::Whole(head);
        }
        if let Some(end) = head.rfind('\n').filter(|end| head.len() - end <= LINE_SEARCH) {
            head.truncate(end + 1);
        }
        // The kept bytes may begin within a character; those before the first boundary are left out.
        let start = tail.iter().position(|byte| byte & 0xc0 != 0x80).unwrap_or(tail.len());
        let mut tail = &tail[start..];
        if let Some(end) = tail.iter().take(LINE_SEARCH).position(|byte| *byte == b'\n') {
            tail = &tail[end + 1..];
        }
        View::Cut {
            lines_left_out: all_newlines - newlines(head.as_bytes()) - newlines(tail),
            bytes_left_out: bytes - (head.len() + tail.len()) as u64,
            head,
            tail: String::from_utf8_lossy(tail).into_owned(),
        }
    }
}

fn newlines(text: &[u8]) -> u64 {
    memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_and_what_is_left_out_add_up(pieces in vec("[a-zäö€😀\n]{0,40}", 0..40), limit in 8usize..400) {
            let mut window = Window::new(limit);
            pieces.iter().for_each(|piece| window.push(piece));
            let text = pieces.concat();
            match window.finish() {
                View::Whole(whole) => prop_assert_eq!(whole, text),
                View::Cut { head, tail, lines_left_out, bytes_left_out } => {
                    prop_assert!(text.starts_with(&head) && text.ends_with(&tail));
                    prop_assert!(head.len() + tail.len() <= limit);
                    prop_assert_eq!((head.len() + tail.len()) as u64 + bytes_left_out, text.len() as u64);
                    let shown = newlines(head.as_bytes()) + newlines(tail.as_bytes());
                    prop_assert_eq!(shown + lines_left_out, newlines(text.as_bytes()));
                }
            }
        }

        #[test]
        fn the_last_line_is_the_last_that_has_ended(pieces in vec("[a-zäö€\n]{0,20}", 0..20)) {
            let mut window = Window::new(10_000);
            pieces.iter().for_each(|piece| window.push(piece));
            let text = pieces.concat();
            let ended = text.rsplit_once('\n').map(|(lines, _)| lines.rsplit('\n').next().unwrap_or_default());
            prop_assert_eq!(window.last_line(), ended.map(str::to_owned));
        }

        #[test]
        fn a_text_within_the_limit_is_whole(text in "[a-zäö€\n]{0,50}") {
            let mut window = Window::new(2 * text.len() + 8);
            window.push(&text);
            prop_assert_eq!(window.finish(), View::Whole(text));
        }
    }
}
