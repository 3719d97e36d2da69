//! What was received, repeated to the client who sent it: enough to recognise, however large it is.

use std::io::{self, Write};

use serde_json::Value;

/// Characters of a value that are repeated.
const REPEATED: usize = 200;

/// A text, cut.
pub(crate) fn shown_text(text: &str) -> String {
    match text.char_indices().nth(REPEATED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A value as it is if its JSON is short, else the beginning of its JSON as a text.
pub(super) fn shown(value: &Value) -> Value {
    if let Value::String(text) = value {
        return Value::String(shown_text(text));
    }
    let mut beginning = Beginning::default();
    let is_whole = serde_json::to_writer(&mut beginning, value).is_ok();
    let text = String::from_utf8_lossy(&beginning.bytes);
    if is_whole && text.chars().count() <= REPEATED { value.clone() } else { Value::String(shown_text(&text)) }
}

/// A writer that takes what can be shown and refuses the rest.
#[derive(Default)]
struct Beginning {
    bytes: Vec<u8>,
}

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A character is 4 bytes at most, and one more tells that there is more.
        let room = (4 * (REPEATED + 1)).saturating_sub(self.bytes.len());
        let taken = room.min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        if taken == 0 && !bytes.is_empty() { Err(io::Error::other("cut")) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_short_is_repeated_as_it_is() {
        for value in [json!(null), json!({"a": [1, "é"]}), json!("x".repeat(REPEATED)), json!(["y".repeat(196)])] {
            assert_eq!(shown(&value), value);
        }
    }

    #[test]
    fn what_is_long_is_the_beginning_of_its_json() {
        let of_text = shown(&json!("é".repeat(100_000)));
        assert_eq!(of_text, json!(format!("{}…", "é".repeat(REPEATED))));
        let of_list = shown(&json!(["é".repeat(100_000)]));
        assert_eq!(of_list, json!(format!("[\"{}…", "é".repeat(REPEATED - 2))));
        assert!(shown(&json!(vec![7; 1_000_000])).as_str().is_some_and(|text| text.chars().count() == REPEATED + 1));
    }
}
