//! Metadata as a flat list of leaves, so that both databases compare it alike, and by an index: `{"a": {"b": 1.0}}` is
//! the leaf `1` at the path `a.b`. An array or an empty object is a leaf as a whole. Numbers are equal by value, and
//! nothing else is: `1`, `"1"` and `true` are three values.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

/// Paths and values longer than this are kept as their hash, as an index has no room for them.
const LONGEST: usize = 200;

/// The leaves of a record's metadata, each once.
pub(crate) fn leaves(metadata: &Map<String, Value>) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (key, value) in metadata {
        collect(key, value, &mut found);
    }
    found
}

/// The leaves that a filter asks for.
pub(crate) fn wanted(path: &str, value: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    collect(path, value, &mut found);
    found
}

fn collect(path: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, member) in members {
                collect(&format!("{path}.{key}"), member, found);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            // The path's quotes keep a NUL in a key out of the text, as JSON escapes it.
            let path = Value::from(path).to_string();
            found.insert((short(path), short(canonical(value).to_string())));
        }
    }
}

/// The same value for every way to write it: numbers by value, members in the order of their names.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(canonical_number(number)),
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            members.into_iter().map(|(key, member)| (key.clone(), canonical(member))).collect()
        }
        Value::String(_) | Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// A float without a fraction is the integer that it equals, where one is as large.
fn canonical_number(number: &Number) -> Number {
    const LARGEST: f64 = 9.0e18;
    match number.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "it has no fraction, and an i64 holds it")]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < LARGEST => Number::from(float as i64),
        _ => number.clone(),
    }
}

/// JSON text never begins with `#`, so no text is taken for a hash.
fn short(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    Sha256::digest(text.as_bytes()).iter().fold(String::from("#"), |hash, byte| format!("{hash}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Value) -> Vec<(String, String)> {
        leaves(value.as_object().expect("an object")).into_iter().collect()
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for text in ["1", "1.0", "1e0", "10e-1"] {
            let value: Value = serde_json::from_str(text).expect("a number");
            assert_eq!(of(&json!({"a": value})), [("\"a\"".to_owned(), "1".to_owned())], "{text}");
        }
        assert_eq!(of(&json!({"a": -0.0})), of(&json!({"a": 0})));
        assert_ne!(of(&json!({"a": 1.5})), of(&json!({"a": 1})));
        assert_ne!(of(&json!({"a": u64::MAX})), of(&json!({"a": u64::MAX - 1})));
    }

    #[test]
    fn values_of_different_types_are_different() {
        let all = [json!(1), json!("1"), json!(true), json!("true"), json!(null), json!("null"), json!({}), json!([1])];
        let found: BTreeSet<_> = all.iter().map(|value| of(&json!({"a": value}))).collect();
        assert_eq!(found.len(), all.len());
    }

    #[test]
    fn a_long_value_takes_the_room_of_a_hash_and_is_still_itself() {
        let long = |last: &str| wanted("a", &json!("x".repeat(100_000) + last));
        assert_ne!(long("y"), long("z"));
        assert!(long("y").iter().all(|(_, value)| value.len() == 65 && value.starts_with('#')));
        assert_eq!(wanted("a", &json!({"b": {"c": 1}})), wanted("a.b.c", &json!(1.0)));
    }
}
