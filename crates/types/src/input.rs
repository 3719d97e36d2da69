//! Turning a model's JSON into a tool's input, with errors that a model can act on.
//!
//! What an argument ought to be is told in JSON's words, which are read from the schema that the model was given.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{form::schema_of, quoted::quoted};

/// An input that a tool does not accept: names the parameter, what came and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput {
    /// The parameter that it is about, if it is about one.
    parameter: Option<String>,
    message: String,
}

impl InvalidInput {
    /// An error with the given text, a lower-case fragment without a final period.
    pub fn new(message: impl Into<String>) -> Self {
        Self { parameter: None, message: message.into() }
    }

    /// An error about a parameter. The text goes on after its name.
    pub(crate) fn of(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), message: message.into() }
    }

    /// A parameter that holds another value than those that it takes.
    pub(crate) fn wrong(parameter: impl Into<String>, value: &str, takes: impl fmt::Display) -> Self {
        Self::of(parameter, format!("is {}; it takes {takes}", quoted(value)))
    }

    /// A parameter that was given where it has no meaning. The text says where that is, and what has one there.
    pub(crate) fn foreign(parameter: impl Into<String>, value: &Value, refusal: impl fmt::Display) -> Self {
        Self::of(parameter, format!("is {}; it is {refusal}", quoted(&value.to_string())))
    }

    /// A parameter that was not given. The text after "required" says for what, if it is not always so.
    pub(crate) fn missing(parameter: impl Into<String>, for_what: &str, takes: impl fmt::Display) -> Self {
        Self::of(parameter, format!("is required{for_what}; it takes {takes}"))
    }

    pub(crate) fn no_object(arguments: &Value) -> Self {
        Self::new(format!("the arguments are {}, which is no JSON object", quoted(&arguments.to_string())))
    }

    /// The same error about an input that is a part of another one, at this path.
    pub(crate) fn within(self, path: &str) -> Self {
        let parameter = self.parameter.map_or_else(|| path.to_owned(), |inner| join(path, &inner));
        Self { parameter: Some(parameter), ..self }
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parameter) = &self.parameter {
            write!(f, "parameter {} ", quoted(parameter))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidInput {}

/// Parameters and what they take, where that is more than their schemas say.
pub(crate) type Takes = [(&'static str, String)];

/// Reads a wire struct from a model's arguments, naming the parameter that does not fit.
pub fn parse_input<T: DeserializeOwned + JsonSchema>(arguments: &Value) -> Result<T, InvalidInput> {
    parse_with(arguments, &[])
}

/// The same, with words of its own for what some parameters take.
pub(crate) fn parse_with<T: DeserializeOwned + JsonSchema>(
    arguments: &Value,
    takes: &Takes,
) -> Result<T, InvalidInput> {
    if !arguments.is_object() {
        return Err(InvalidInput::no_object(arguments));
    }
    T::deserialize(arguments).map_err(|error| {
        let told = mismatch(&schema_of::<T>(), arguments, "", takes);
        told.unwrap_or_else(|| InvalidInput::new(format!("the arguments do not fit: {}", quoted(&error.to_string()))))
    })
}

/// Refuses all that was given beside one parameter and those that go with it.
pub(crate) fn refuse_beside(key: &str, partners: &[&str], arguments: &Value) -> Result<(), InvalidInput> {
    let mut given = arguments.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    match given.find(|(name, _)| *name != key && !partners.contains(&name.as_str())) {
        Some((other, value)) => Err(InvalidInput::foreign(other, value, format!("not accepted beside `{key}`"))),
        None => Ok(()),
    }
}

/// The first part of a value that is not as its schema says.
fn mismatch(schema: &Value, value: &Value, path: &str, words: &Takes) -> Option<InvalidInput> {
    let schema = if value.is_null() { schema } else { not_null(schema) };
    if !is_of_type(schema, value) {
        return Some(InvalidInput::wrong(path, &value.to_string(), takes(schema, path, words)));
    }
    match value {
        Value::Object(given) => fields_mismatch(schema, given, path, words),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| mismatch(&schema["items"], item, &format!("{path}[{index}]"), words))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn fields_mismatch(schema: &Value, given: &Map<String, Value>, path: &str, words: &Takes) -> Option<InvalidInput> {
    let known = schema["properties"].as_object()?;
    if let Some((unknown, value)) = given.iter().find(|(name, _)| !known.contains_key(*name)) {
        let names: Vec<String> = known.keys().map(|name| format!("`{name}`")).collect();
        let refusal = format!("not known; the parameters are {}", names.join(", "));
        return Some(InvalidInput::foreign(join(path, unknown), value, refusal));
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(name) = required.into_iter().find(|name| !given.contains_key(*name)) {
        let missing = join(path, name);
        let takes = takes(&known[name], &missing, words);
        return Some(InvalidInput::missing(missing, "", takes));
    }
    given.iter().find_map(|(name, value)| mismatch(&known[name], value, &join(path, name), words))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The alternative of an optional value that is not null.
fn not_null(schema: &Value) -> &Value {
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    alternatives.into_iter().find(|one| one["type"] != "null").unwrap_or(schema)
}

/// The types that a schema names.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn is_of_type(schema: &Value, value: &Value) -> bool {
    if let Some(choices) = schema["enum"].as_array() {
        return choices.contains(value);
    }
    let types = types(schema);
    let is_of = |one: &str| match value {
        Value::Null => one == "null",
        Value::Bool(_) => one == "boolean",
        Value::Number(number) => one == "number" || (one == "integer" && number.is_i64()),
        Value::String(_) => one == "string",
        Value::Array(_) => one == "array",
        Value::Object(_) => one == "object",
    };
    types.is_empty() || types.into_iter().any(is_of)
}

/// What a parameter takes: in words of its own where it has such, or else in those of its schema.
pub(crate) fn takes(schema: &Value, parameter: &str, words: &Takes) -> String {
    let own = words.iter().find(|(name, _)| *name == parameter);
    own.map_or_else(|| in_words(not_null(schema)), |(_, takes)| takes.clone())
}

/// What a schema asks for, in words.
fn in_words(schema: &Value) -> String {
    if let Some(choices) = schema["enum"].as_array() {
        let choices: Vec<String> =
            choices.iter().filter_map(Value::as_str).map(|choice| format!("`{choice}`")).collect();
        return choices.join(", ");
    }
    let bounds = || match (&schema["minimum"], &schema["maximum"]) {
        (Value::Number(min), Value::Number(max)) => format!(" from {min} to {max}"),
        _ => String::new(),
    };
    match types(schema).first().copied() {
        Some("string") => "a string".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => format!("a whole number{}", bounds()),
        Some("number") => format!("a number{}", bounds()),
        Some("array") => match types(&schema["items"]).first().copied() {
            Some("string") => "a list of strings".to_owned(),
            Some("integer") => "a list of whole numbers".to_owned(),
            Some("object") => "a list of objects".to_owned(),
            Some(_) | None => "a list".to_owned(),
        },
        Some("object") => "an object".to_owned(),
        Some(_) | None => "something else".to_owned(),
    }
}

/// Whether a time may be none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zero {
    Allowed,
    Refused,
}

/// A time in seconds up to `max`.
pub(crate) fn checked_seconds(
    parameter: &str,
    seconds: f64,
    zero: Zero,
    max: Duration,
) -> Result<Duration, InvalidInput> {
    let max = max.as_secs_f64();
    let (is_enough, least) = match zero {
        Zero::Allowed => (seconds >= 0.0, "from 0 to"),
        Zero::Refused => (seconds > 0.0, "above 0 and up to"),
    };
    if is_enough && seconds <= max {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(InvalidInput::wrong(parameter, &as_sent(seconds), format!("seconds {least} {max}")))
}

/// A number as JSON has it. Reading turned whole ones into fractions.
fn as_sent(number: f64) -> String {
    // Beyond that not every whole number is one of these.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT { format!("{number:.0}") } else { Value::from(number).to_string() }
}

/// A whole number between bounds that its schema says, too.
pub(crate) fn checked_number<T: TryFrom<i64> + PartialOrd + fmt::Display>(
    parameter: &str,
    number: i64,
    min: T,
    max: T,
) -> Result<T, InvalidInput> {
    match T::try_from(number) {
        Ok(fit) if min <= fit && fit <= max => Ok(fit),
        Ok(_) | Err(_) => {
            let takes = format!("a whole number from {min} to {max}");
            Err(InvalidInput::wrong(parameter, &number.to_string(), takes))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the reading is tested")]
    struct Wire {
        command: String,
        #[schemars(range(min = 2, max = 500))]
        columns: Option<i64>,
        way: Option<Way>,
        parts: Option<Vec<Part>>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Way {
        Up,
        Down,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only the reading is tested")]
    struct Part {
        name: String,
        sizes: Option<Vec<i64>>,
    }

    fn error(arguments: Value) -> String {
        parse_input::<Wire>(&arguments).expect_err("does not fit").to_string()
    }

    #[test]
    fn a_wrong_value_is_told_with_what_is_taken_in_the_words_of_json() {
        for (arguments, told) in [
            (json!({"command": 7}), "parameter `command` is `7`; it takes a string"),
            (json!({"command": null}), "parameter `command` is `null`; it takes a string"),
            (
                json!({"command": "", "columns": "x"}),
                r#"parameter `columns` is `"x"`; it takes a whole number from 2 to 500"#,
            ),
            (
                json!({"command": "", "columns": 2.5}),
                "parameter `columns` is `2.5`; it takes a whole number from 2 to 500",
            ),
            (json!({"command": "", "way": "left"}), r#"parameter `way` is `"left"`; it takes `up`, `down`"#),
            (json!({"command": "", "parts": {}}), "parameter `parts` is `{}`; it takes a list of objects"),
            (json!({"command": "", "parts": [3]}), "parameter `parts[0]` is `3`; it takes an object"),
            (json!({"command": "", "parts": [{}]}), "parameter `parts[0].name` is required; it takes a string"),
            (
                json!({"command": "", "parts": [{"name": ""}, {"name": "", "sizes": [1, "2"]}]}),
                r#"parameter `parts[1].sizes[1]` is `"2"`; it takes a whole number"#,
            ),
            (json!({}), "parameter `command` is required; it takes a string"),
        ] {
            assert_eq!(error(arguments), told);
        }
    }

    #[test]
    fn an_unknown_parameter_is_named_with_the_known_ones() {
        let text = error(json!({"comand": "ls"}));
        let told = "parameter `comand` is `\"ls\"`; it is not known; the parameters are `";
        assert!(text.starts_with(told), "{text}");
        assert!(text.contains("`command`"), "{text}");
    }

    #[test]
    fn what_is_repeated_is_cut_wherever_it_stands() {
        let long = "\u{1b}x".repeat(100_000);
        for arguments in [
            json!({"command": [long]}),
            json!({"command": "", long.clone(): 1}),
            json!({"command": "", "way": long}),
            json!([long]),
        ] {
            let text = error(arguments);
            assert!(text.len() < 2000 && text.contains("characters)"), "{} bytes", text.len());
            assert!(!text.contains('\u{1b}'));
        }
    }

    #[test]
    fn a_time_that_does_not_fit_is_repeated_as_it_was_sent() {
        let error = |seconds| {
            let checked = checked_seconds("timeout", seconds, Zero::Refused, Duration::from_secs(100));
            checked.expect_err("does not fit").to_string()
        };
        for (seconds, told) in [(200.0, "`200`"), (0.0, "`0`"), (-1.0, "`-1`"), (100.5, "`100.5`"), (1e300, "`1e+300`")]
        {
            let text = error(seconds);
            assert_eq!(text, format!("parameter `timeout` is {told}; it takes seconds above 0 and up to 100"));
        }
    }

    #[test]
    fn an_input_within_another_is_named_by_its_path() {
        let inner = InvalidInput::of("coordinate", "is wrong").within("actions[3].input");
        assert_eq!(inner.to_string(), "parameter `actions[3].input.coordinate` is wrong");
        assert_eq!(InvalidInput::new("is wrong").within("a[0]").to_string(), "parameter `a[0]` is wrong");
    }
}
