//! Tools whose first parameter says what to do (`command`, `action`), and whose other parameters belong to some of these
//! verbs only. One table per tool says which; the check of a call and the schemas that models see both come from it.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    InvalidInput,
    input::{Takes, parse_with, takes},
};

/// A verb and the parameters that it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) verb: &'static str,
    pub(crate) parameters: &'static [(&'static str, Need)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
}

/// A tool's verbs in one version.
pub(crate) struct Forms {
    /// The parameter that holds the verb.
    pub(crate) key: &'static str,
    pub(crate) forms: Vec<Form>,
    /// What parameters take, where that is more than their schemas say.
    pub(crate) takes: Vec<(&'static str, String)>,
}

impl Forms {
    /// Reads arguments whose verb and parameters belong together. In what comes back, what the verb requires is there.
    pub(crate) fn parse<T: DeserializeOwned + JsonSchema>(&self, arguments: &Value) -> Result<T, InvalidInput> {
        let Some(given) = arguments.as_object() else { return Err(InvalidInput::no_object(arguments)) };
        let form = self.form_of(given)?;
        form.refuse_foreign(self.key, given)?;
        match form.missing(given) {
            None => parse_with(arguments, &self.takes),
            Some(name) => Err(form.required_but_missing::<T>(name, &self.takes)),
        }
    }

    fn form_of(&self, given: &Map<String, Value>) -> Result<Form, InvalidInput> {
        match given.get(self.key) {
            Some(Value::String(verb)) => self.named(self.key, verb),
            None | Some(Value::Null) => Err(InvalidInput::missing(self.key, "", self.verbs())),
            Some(other) => Err(InvalidInput::wrong(self.key, &other.to_string(), self.verbs())),
        }
    }

    /// The form of a verb, which some parameter holds.
    pub(crate) fn named(&self, parameter: &str, verb: &str) -> Result<Form, InvalidInput> {
        let form = self.forms.iter().copied().find(|form| form.verb == verb);
        form.ok_or_else(|| InvalidInput::wrong(parameter, verb, self.verbs()))
    }

    fn verbs(&self) -> String {
        let verbs: Vec<String> = self.forms.iter().map(|form| format!("`{}`", form.verb)).collect();
        verbs.join(", ")
    }

    /// The schema of a tool that takes all of these verbs, from that of its wire struct.
    pub(crate) fn schema<T: JsonSchema>(&self) -> Value {
        let mut schema = schema_of::<T>();
        let verbs: Vec<&str> = self.forms.iter().map(|form| form.verb).collect();
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.retain(|name, _| name == self.key || self.forms.iter().any(|form| form.takes(name)));
            if let Some(verb) = properties.get_mut(self.key).and_then(Value::as_object_mut) {
                // With words for each verb the schema says `oneOf`; the names alone are what models have seen before.
                verb.remove("oneOf");
                verb.insert("type".to_owned(), json!("string"));
                verb.insert("enum".to_owned(), json!(verbs));
            }
        }
        schema["required"] = json!([self.key]);
        schema
    }
}

impl Form {
    /// The schema of a tool that is this verb alone.
    pub(crate) fn schema<T: JsonSchema>(self) -> Value {
        let mut schema = schema_of::<T>();
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.retain(|name, _| self.takes(name));
        }
        let required: Vec<&str> = self.required().collect();
        schema["required"] = json!(required);
        schema
    }

    fn takes(self, parameter: &str) -> bool {
        self.parameters.iter().any(|(name, _)| *name == parameter)
    }

    fn required(self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().filter(|(_, need)| *need == Need::Required).map(|(name, _)| *name)
    }

    fn refuse_foreign(self, key: &str, given: &Map<String, Value>) -> Result<(), InvalidInput> {
        let mut others = given.iter().filter(|(name, value)| *name != key && !value.is_null());
        let Some((foreign, value)) = others.find(|(name, _)| !self.takes(name)) else { return Ok(()) };
        let names: Vec<String> = self.parameters.iter().map(|(name, _)| format!("`{name}`")).collect();
        let takes = if names.is_empty() { "no parameters".to_owned() } else { names.join(", ") };
        let refusal = format!("not accepted by `{}`, which takes {takes}", self.verb);
        Err(InvalidInput::foreign(foreign, value, refusal))
    }

    fn missing(self, given: &Map<String, Value>) -> Option<&'static str> {
        self.required().find(|name| given.get(*name).is_none_or(Value::is_null))
    }

    fn required_but_missing<T: JsonSchema>(self, name: &str, words: &Takes) -> InvalidInput {
        let takes = takes(&schema_of::<T>()["properties"][name], name, words);
        InvalidInput::missing(name, &format!(" for `{}`", self.verb), takes)
    }
}

/// A plain object schema with everything inlined, as providers want it.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema.remove("description");
    let mut schema = schema.to_value();
    unwrap_descriptions(&mut schema);
    schema
}

/// Takes the line breaks of the source out of descriptions.
fn unwrap_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "description" && text.contains('\n') => {
                        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    }
                    _ => unwrap_descriptions(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_descriptions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
