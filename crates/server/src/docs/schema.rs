//! Schemas in words: briefly, where something is of a shape, and as a table, where the shape is told.

use maud::{Markup, html};
use serde_json::Value;

/// Where the schemas of the document are.
const SCHEMAS: &str = "#/components/schemas/";

/// The bounds that a schema may set, and how they are said around their value.
const BOUNDS: [(&str, &str, &str); 9] = [
    ("minimum", "from ", ""),
    ("maximum", "up to ", ""),
    ("exclusiveMinimum", "above ", ""),
    ("exclusiveMaximum", "below ", ""),
    ("minLength", "at least ", " characters"),
    ("maxLength", "at most ", " characters"),
    ("minItems", "at least ", " items"),
    ("maxItems", "at most ", " items"),
    ("pattern", "like ", ""),
];

/// The anchor of a schema's section.
pub(super) fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

/// What something is, in a line.
pub(super) fn brief(schema: &Value) -> Markup {
    html! {
        @if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS)) {
            a href=(format!("#{}", anchor(name))) { (name) }
        } @else if let Some((choices, between)) = choices(schema) {
            @for (index, choice) in choices.iter().enumerate() {
                @if index > 0 { span.dim { (between) } }
                (brief(choice))
            }
        } @else if let Some(words) = schema["enum"].as_array() {
            @for (index, word) in words.iter().enumerate() {
                @if index > 0 { span.dim { " or " } }
                code { (shown(word)) }
            }
        } @else if schema["items"].is_object() {
            span.dim { "list of " } (brief(&schema["items"]))
        } @else {
            (kind(schema))
        }
        @for (key, before, after) in BOUNDS {
            @if !schema[key].is_null() { span.dim { ", " (before) (shown(&schema[key])) (after) } }
        }
        @if !schema["default"].is_null() { span.dim { ", default " (schema["default"]) } }
    }
}

/// All that a schema says.
pub(super) fn definition(schema: &Value) -> Markup {
    let properties = schema["properties"].as_object();
    html! {
        @if let Some(words) = schema["description"].as_str() { p { (words) } }
        @if let Some(properties) = properties {
            table {
                @for (name, property) in properties {
                    tr {
                        td { code { (name) } @if is_required(schema, name) { span.required title="required" { " *" } } }
                        td { (brief(property)) }
                        td { (property["description"].as_str().unwrap_or_default()) }
                    }
                }
            }
            @if schema["additionalProperties"].is_object() {
                p { span.dim { "and any other name: " } (brief(&schema["additionalProperties"])) }
            }
        } @else if let Some((choices, between)) = choices(schema) {
            p.dim { (if between == ALL { "All of these together:" } else { "One of these:" }) }
            @for choice in choices { div.choice { @if is_plain(choice) { (brief(choice)) } @else { (definition(choice)) } } }
        } @else {
            p { (brief(schema)) }
        }
    }
}

const ALL: &str = " and ";

/// The parts of a schema that is made of others, and the word between them.
fn choices(schema: &Value) -> Option<(&Vec<Value>, &'static str)> {
    let any = schema["oneOf"].as_array().or(schema["anyOf"].as_array()).map(|choices| (choices, " or "));
    any.or_else(|| schema["allOf"].as_array().map(|parts| (parts, ALL)))
}

fn is_plain(schema: &Value) -> bool {
    schema["properties"].is_null() && choices(schema).is_none() && schema["description"].is_null()
        || !schema["$ref"].is_null()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|other| other == name))
}

/// The type's name, with its format.
fn kind(schema: &Value) -> Markup {
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().map(shown).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    let values = &schema["additionalProperties"];
    html! {
        (name)
        @if let Some(format) = schema["format"].as_str() { span.dim { " (" (format) ")" } }
        @if values.is_object() && schema["properties"].is_null() { span.dim { " of " } (brief(values)) }
    }
}

/// A value as people read it: a text without its quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
