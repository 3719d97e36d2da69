//! Turning a model's JSON into a tool's input, with errors that a model can act on.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An input that a tool does not accept: names the parameter, what came and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput(String);

impl InvalidInput {
    /// An error with the given text, a lower-case fragment without a final period.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn missing(parameter: &str, action: &str) -> Self {
        Self(format!("parameter `{parameter}` is required for `{action}`"))
    }

    pub(crate) fn no_object(arguments: &Value) -> Self {
        let start: String = arguments.to_string().chars().take(80).collect();
        Self(format!("the arguments are no JSON object; what came begins with `{start}`"))
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidInput {}

/// Reads a wire struct from a model's arguments, naming the parameter that does not fit.
pub fn parse_input<T: DeserializeOwned>(arguments: &Value) -> Result<T, InvalidInput> {
    if !arguments.is_object() {
        return Err(InvalidInput::no_object(arguments));
    }
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        match path.as_str() {
            "." => InvalidInput(format!("the arguments do not fit: {cause}")),
            parameter => InvalidInput(format!("parameter `{parameter}` does not fit: {cause}")),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        #[serde(rename = "command")]
        _command: String,
    }

    #[test]
    fn a_wrong_type_names_its_parameter() {
        let error = parse_input::<Wire>(&json!({"command": 7})).expect_err("7 is no string");
        assert!(error.to_string().contains("`command`"), "{error}");
        assert!(error.to_string().contains("expected a string"), "{error}");
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        let error = parse_input::<Wire>(&json!({"comand": "ls"})).expect_err("no such parameter");
        assert!(error.to_string().contains("comand"), "{error}");
    }
}
