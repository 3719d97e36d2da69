//! What a new shell takes over of its predecessor's exported variables: as much as a program could be given, however much
//! there is. No program can be started with a variable that is longer, and the shell itself reads slowly.

use std::{fs::File, os::unix::fs::FileExt};

use memchr::{memchr, memchr2, memchr3};

/// Bytes that a variable may have: as many as the system passes to a program.
const VARIABLE_LIMIT: usize = 128 << 10;
/// And all together.
const ALL_LIMIT: usize = 1 << 20;
/// How much is looked through.
const SEARCH_LIMIT: u64 = 128 << 20;
/// How many of those that are left out are named.
const NAMES_LIMIT: usize = 5;
/// Bytes of a name that is told.
const NAME_LIMIT: usize = 100;

/// Declarations, as `declare -px` writes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exports {
    pub(crate) taken: Vec<u8>,
    /// What of them was not taken over.
    pub(crate) left_out: LeftOut,
}

/// Which variables were left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LeftOut {
    names: Vec<String>,
    more: bool,
}

impl Exports {
    /// Those in a file.
    pub(crate) fn read(file: &File) -> Self {
        let mut reading = Reading::default();
        let mut buffer = vec![0; 64 * 1024];
        let mut offset = 0;
        while let Ok(read @ 1..) = file.read_at(&mut buffer, offset) {
            offset += read as u64;
            if offset > SEARCH_LIMIT {
                reading.exports.left_out.more = true;
                break;
            }
            reading.push(&buffer[..read]);
        }
        reading.exports
    }
}

impl LeftOut {
    /// What is told of them, if there are any.
    pub(crate) fn note(&self) -> String {
        match (self.names.join(", "), self.more) {
            (names, _) if names.is_empty() && !self.more => names,
            (names, true) if names.is_empty() => " (some that are too long are not taken over)".to_owned(),
            (names, more) => {
                format!(" (not taken over, as too long: {names}{})", if more { " and others" } else { "" })
            }
        }
    }

    fn add(&mut self, declaration: &[u8]) {
        let text = String::from_utf8_lossy(&declaration[..declaration.len().min(NAME_LIMIT)]);
        let name = text.strip_prefix("declare -").and_then(|rest| rest.split_once(' ')).map(|(_, rest)| rest);
        let name = name.and_then(|rest| rest.split_once('=')).map(|(name, _)| name);
        let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match name.filter(is_name) {
            Some(name) if self.names.len() < NAMES_LIMIT => self.names.push(name.to_owned()),
            Some(_) | None => self.more = true,
        }
    }
}

/// Where in a declaration a reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Place {
    #[default]
    Bare,
    /// In quotes of this kind, where a backslash takes the next character along.
    Quoted(u8),
    Escaped(u8),
}

/// Takes declarations apart as they come. Each ends with its line, but for lines within quotes.
#[derive(Debug, Default)]
struct Reading {
    exports: Exports,
    place: Place,
    /// The beginning of the one that is being read, one byte longer than it may be at most.
    declaration: Vec<u8>,
}

impl Reading {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (length, next) = match self.place {
                Place::Bare => match memchr3(b'\n', b'"', b'\'', bytes) {
                    Some(at) if bytes[at] == b'\n' => (at + 1, None),
                    Some(at) => (at + 1, Some(Place::Quoted(bytes[at]))),
                    None => (bytes.len(), Some(Place::Bare)),
                },
                Place::Quoted(quote) => match memchr2(quote, b'\\', bytes) {
                    Some(at) if bytes[at] == quote => (at + 1, Some(Place::Bare)),
                    Some(at) => (at + 1, Some(Place::Escaped(quote))),
                    None => (bytes.len(), Some(Place::Quoted(quote))),
                },
                Place::Escaped(quote) => (1, Some(Place::Quoted(quote))),
            };
            let (part, rest) = bytes.split_at(length);
            let room = (VARIABLE_LIMIT + 1).saturating_sub(self.declaration.len());
            self.declaration.extend_from_slice(&part[..length.min(room)]);
            match next {
                Some(place) => self.place = place,
                None => self.end(),
            }
            bytes = rest;
        }
    }

    fn end(&mut self) {
        let declaration = std::mem::take(&mut self.declaration);
        let fits = declaration.len() <= VARIABLE_LIMIT;
        if fits && self.exports.taken.len() + declaration.len() <= ALL_LIMIT && memchr(0, &declaration).is_none() {
            self.exports.taken.extend_from_slice(&declaration);
        } else {
            self.exports.left_out.add(&declaration);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Exports {
        // In pieces of every size, as a piece may end anywhere.
        let mut reading = Reading::default();
        for piece in text.chunks(1 + text.len() % 7) {
            reading.push(piece);
        }
        reading.exports
    }

    #[test]
    fn what_bash_writes_is_taken_over_as_it_is() {
        let text = b"declare -x A=\"a \\\"b\\\" \\\\\"\ndeclare -x B\ndeclare -ix C=\"1\"\ndeclare -x D=$'x\\n\\'y'\ndeclare -x E=\"two\nlines' \"\n";
        let exports = read(text);
        assert_eq!(exports.taken, text);
        assert_eq!(exports.left_out.note(), "");
    }

    #[test]
    fn a_variable_that_no_program_could_be_given_is_left_out_and_named() {
        let long = format!("declare -x BIG=\"{}\ndeclare -x NOT=1\"\n", "x".repeat(VARIABLE_LIMIT));
        let exports = read(format!("declare -x A=\"1\"\n{long}declare -x Z=\"2\"\n").as_bytes());
        assert_eq!(exports.taken, b"declare -x A=\"1\"\ndeclare -x Z=\"2\"\n");
        assert_eq!(exports.left_out.note(), " (not taken over, as too long: BIG)");
    }

    #[test]
    fn more_than_all_programs_could_be_given_is_left_out_and_named_in_part() {
        let text: String = (0..30).map(|n| format!("declare -x V{n}=\"{}\"\n", "x".repeat(100 << 10))).collect();
        let exports = read(text.as_bytes());
        assert!(exports.taken.len() <= ALL_LIMIT && exports.taken.ends_with(b"x\"\n"));
        assert_eq!(exports.left_out.note(), " (not taken over, as too long: V10, V11, V12, V13, V14 and others)");
    }

    #[test]
    fn what_is_no_declaration_takes_no_memory() {
        let exports = read(&vec![b'x'; 1 << 20]);
        assert!(exports.taken.is_empty());
        let exports = read(&[&vec![b'x'; 1 << 20][..], b"\n"].concat());
        assert_eq!(exports.left_out.note(), " (some that are too long are not taken over)");
    }
}
