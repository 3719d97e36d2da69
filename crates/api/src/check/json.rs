//! From bytes to JSON: valid UTF-8, nested no deeper than can be walked, and errors that say where.

use serde_json::Value;

use super::{Detail, DetailType, Invalid, received::shown_text};

/// How deep lists and objects may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// Reads JSON.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Invalid> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        invalid(position(bytes, at), "the body is not valid UTF-8", &String::from_utf8_lossy(&bytes[..at]))
    })?;
    if let Some(at) = too_deep(bytes) {
        let why = format!("lists and objects are nested deeper than {MAX_DEPTH}");
        return Err(invalid(position(bytes, at), &why, text));
    }
    serde_json::from_str(text).map_err(|error| {
        let told = error.to_string();
        let why = told.split(" at line ").next().unwrap_or(&told);
        invalid((error.line(), error.column()), why, text)
    })
}

/// Where the nesting becomes too deep. Of invalid JSON it says no more than where brackets open.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut is_in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(at);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Line and column of a byte, counted from 1.
fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

fn invalid((line, column): (usize, usize), why: &str, text: &str) -> Invalid {
    Invalid::of(Detail {
        kind: DetailType::JsonInvalid,
        msg: format!("JSON decode error at line {line}, column {column}: {why}"),
        loc: String::new(),
        received: Value::String(shown_text(text)),
        fix: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        let Invalid { mut details, omitted } = parse(bytes).expect_err("not JSON");
        assert_eq!((details.len(), omitted, details[0].kind), (1, 0, DetailType::JsonInvalid));
        details.remove(0).msg
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        for (bytes, told) in [
            (&b""[..], "line 1, column 0: EOF while parsing a value"),
            (b"{\"a\": 1,\n \"b\" 2}", "line 2, column 6: expected `:`"),
            (b"{} x", "line 1, column 4: trailing characters"),
            (b"\"\\ud800\"", "line 1, column 8: unexpected end of hex escape"),
            (b"1e999", "line 1, column 5: number out of range"),
            (b"NaN", "line 1, column 1: expected value"),
        ] {
            let message = message(bytes);
            assert!(message.starts_with("JSON decode error at ") && message.contains(told), "{message}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_told_with_its_place() {
        assert!(message(b"{\n\"a\": \"\xff\"}").contains("line 2, column 7: the body is not valid UTF-8"));
    }

    #[test]
    fn nesting_of_64_is_read_and_of_65_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        parse(nested(MAX_DEPTH).as_bytes()).expect("deep, but not too deep");
        assert!(message(nested(MAX_DEPTH + 1).as_bytes()).contains("line 1, column 65: "));
        assert!(message("[".repeat(1_000_000).as_bytes()).contains("deeper than 64"));
        let in_a_string = format!("\"\\\"{}\"", "[".repeat(100));
        parse(in_a_string.as_bytes()).expect("brackets in a string nest nothing");
    }
}
