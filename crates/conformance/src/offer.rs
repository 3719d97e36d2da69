//! What a server offers, read from the schemas that it lists: which parameters and which choices a tool has.

use rmcp::model::Tool;
use serde_json::{Map, Value};

/// References within a schema are followed no deeper than this.
const DEEPEST: usize = 6;

/// One tool as it is listed.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The name on the wire.
    pub(crate) name: String,
    schema: Map<String, Value>,
}

impl Offer {
    pub(crate) fn new(tool: &Tool) -> Self {
        Self { name: tool.name.to_string(), schema: (*tool.input_schema).clone() }
    }

    /// Whether a parameter is listed.
    pub(crate) fn has_parameter(&self, parameter: &str) -> bool {
        !self.definitions(parameter).is_empty()
    }

    /// The values that a parameter is listed with; empty when the schema names none.
    pub(crate) fn choices(&self, parameter: &str) -> Vec<String> {
        let mut choices = Vec::new();
        for definition in self.definitions(parameter) {
            self.collect(definition, &mut choices, DEEPEST);
        }
        choices
    }

    /// Where a parameter is defined: at the top, or in the alternatives of a schema that has one for each command.
    fn definitions(&self, parameter: &str) -> Vec<&Value> {
        let top = self.schema.get("properties").into_iter();
        let alternatives = ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|key| self.schema.get(key)?.as_array());
        let below = alternatives.flatten().filter_map(|part| self.resolved(part).get("properties"));
        top.chain(below).filter_map(|properties| properties.get(parameter)).collect()
    }

    fn resolved<'a>(&'a self, part: &'a Value) -> &'a Value {
        let target = part.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/"));
        let Some(mut steps) = target.map(|target| target.split('/')) else { return part };
        let first = steps.next().and_then(|step| self.schema.get(step));
        steps.try_fold(first, |at, step| Some(at.and_then(|at| at.get(step)))).flatten().unwrap_or(part)
    }

    fn collect(&self, definition: &Value, choices: &mut Vec<String>, depth: usize) {
        let listed = definition.get("enum").and_then(Value::as_array).into_iter().flatten();
        let all = listed.chain(definition.get("const")).filter_map(Value::as_str);
        choices.extend(all.map(str::to_owned));
        if depth == 0 {
            return;
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            for part in definition.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.collect(part, choices, depth - 1);
            }
        }
        if definition.get("$ref").is_some() {
            self.collect(self.resolved(definition), choices, depth - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn offer(schema: Value) -> Offer {
        let schema = schema.as_object().cloned().expect("an object");
        Offer::new(&Tool::new("computer", "", Arc::new(schema)))
    }

    #[test]
    fn choices_are_found_wherever_a_schema_puts_them() {
        let plain = offer(json!({"properties": {"action": {"enum": ["key", "type"]}}}));
        assert_eq!(plain.choices("action"), ["key", "type"]);
        let referred = offer(json!({
            "properties": {"action": {"$ref": "#/$defs/Verb"}},
            "$defs": {"Verb": {"oneOf": [{"const": "key"}, {"enum": ["type", "zoom"]}]}},
        }));
        assert_eq!(referred.choices("action"), ["key", "type", "zoom"]);
        let tagged = offer(json!({"oneOf": [
            {"properties": {"action": {"const": "wait"}, "duration": {}}},
            {"properties": {"action": {"const": "key"}}},
        ]}));
        assert_eq!(tagged.choices("action"), ["wait", "key"]);
        assert!(tagged.has_parameter("duration") && !tagged.has_parameter("text"));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let endless = offer(json!({
            "properties": {"action": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"anyOf": [{"const": "key"}, {"$ref": "#/$defs/A"}]}},
        }));
        assert!(endless.choices("action").contains(&"key".to_owned()));
        assert!(offer(json!({"properties": {"action": {"type": "string"}}})).choices("action").is_empty());
    }
}
