//! Server-sent events, piece by piece: bytes in, the data of whole events out.
//!
//! Only `data` fields count here; the other fields, comments and heartbeats are passed over. What is kept between two
//! pieces is an unfinished event, and who feeds the reader bounds how much that is in all.

use std::mem;

/// Reads a stream of events.
#[derive(Debug, Default)]
pub(super) struct SseReader {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The data lines of the event that has not ended yet.
    data: Option<Vec<u8>>,
    /// A line feed directly after a carriage return belongs to it.
    after_return: bool,
}

impl SseReader {
    /// Takes the next bytes and gives the data of the events that end in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if self.after_return && !rest.is_empty() {
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            self.after_return = false;
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.line.extend_from_slice(&rest[..end]);
            events.extend(self.end_line());
            let is_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            match rest {
                [] => self.after_return = is_return,
                [b'\n', more @ ..] if is_return => rest = more,
                _ => {}
            }
        }
        self.line.extend_from_slice(rest);
        events
    }

    /// The data of an event that the stream ended in, without the empty line after it.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.end_line();
        self.data
    }

    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        // A byte order mark may stand before the first line.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if let Some(value) = line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream says when it comes in pieces of this size.
    fn read(stream: &str, size: usize) -> Vec<String> {
        let mut reader = SseReader::default();
        let mut events: Vec<Vec<u8>> = stream.as_bytes().chunks(size).flat_map(|piece| reader.feed(piece)).collect();
        events.extend(reader.finish());
        events.into_iter().map(|event| String::from_utf8(event).expect("UTF-8")).collect()
    }

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        for (stream, events) in [
            ("data: a\n\ndata: b\n\n", &["a", "b"][..]),
            ("\u{feff}data: é世\r\n\r\ndata:b\r\n\r\n", &["é世", "b"]),
            ("data: a\r\rdata: b\r\r", &["a", "b"]),
            (": ping\n\nevent: x\nid: 1\ndata: a\ndata:  b\n\n\n\nretry: 5\n\n", &["a\n b"]),
            ("data: a\n\ndata: the end without a line", &["a", "the end without a line"]),
            ("data\n\ndata:\n\n", &[""]),
            ("", &[]),
        ] {
            for size in 1..=stream.len().max(1) {
                assert_eq!(read(stream, size), events, "in pieces of {size}: {stream:?}");
            }
        }
    }
}
