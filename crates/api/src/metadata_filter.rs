//! Filters of lists by metadata, such as `metadata_filter.address.city=Bern`.

use serde_json::{Map, Value};

/// What a list's things must have in their metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataFilter {
    /// The keys on the way, as split at dots.
    pub path: Vec<String>,
    /// What must stand there, as written in the query.
    pub text: String,
}

impl MetadataFilter {
    /// What may stand there: the text itself, and where it is a number, a boolean or null in JSON, that.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        let mut values = vec![Value::String(self.text.clone())];
        match serde_json::from_str(&self.text) {
            Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => values.push(value),
            Ok(Value::String(_) | Value::Array(_) | Value::Object(_)) | Err(_) => {}
        }
        values
    }

    /// Whether metadata has it: at its place, or in a list at its place. A key may itself hold dots.
    #[must_use]
    pub fn matches(&self, metadata: &Map<String, Value>) -> bool {
        self.matches_from(&self.path, metadata)
    }

    fn matches_from(&self, path: &[String], map: &Map<String, Value>) -> bool {
        (1..=path.len()).any(|length| {
            let Some(found) = map.get(&path[..length].join(".")) else { return false };
            match (&path[length..], found) {
                ([], Value::Array(items)) => items.iter().any(|item| self.is(item)),
                ([], found) => self.is(found),
                (rest, Value::Object(inner)) => self.matches_from(rest, inner),
                _ => false,
            }
        })
    }

    fn is(&self, found: &Value) -> bool {
        self.values().iter().any(|value| match (value.as_f64(), found.as_f64()) {
            // 5 and 5.0 are one number.
            (Some(value), Some(found)) => value.total_cmp(&found).is_eq(),
            _ => value == found,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_finds_texts_numbers_and_members_of_lists() {
        let metadata =
            json!({"a": {"b": "x", "c": {"d": 7}}, "e.f": "dotted", "n": 5.0, "t": "5", "l": [1, "y"], "z": null});
        let metadata = metadata.as_object().expect("an object");
        for (path, text, is_there) in [
            ("a.b", "x", true),
            ("a.b", "y", false),
            ("a.c.d", "7", true),
            ("a.c.d", "7.5", false),
            ("e.f", "dotted", true),
            ("n", "5", true),
            ("t", "5", true),
            ("l", "1", true),
            ("l", "y", true),
            ("l", "2", false),
            ("z", "null", true),
            ("nowhere", "null", false),
            ("a.b.c", "x", false),
        ] {
            let path_of = path.split('.').map(str::to_owned).collect();
            let filter = MetadataFilter { path: path_of, text: text.to_owned() };
            assert_eq!(filter.matches(metadata), is_there, "{path}={text}");
        }
    }
}
