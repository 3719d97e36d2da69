//! What a value must be, as read from a schema.

use regex::Regex;
use serde_json::Value;

/// What a value must be.
#[derive(Debug)]
pub(super) enum Rule {
    /// Anything at all.
    Any,
    /// True or false.
    Bool,
    /// A whole number, or what stands for one.
    Integer(Bounds),
    /// A number, or what stands for one.
    Number(Bounds),
    /// A text.
    Text(TextRule),
    /// One of these texts.
    Literal(Vec<String>),
    /// A list.
    List(ListRule),
    /// An object whose keys are known; others are ignored.
    Object(Vec<Property>),
    /// An object with keys of the client's choice.
    Map(Box<Rule>),
    /// All of these; each is of objects.
    All(Vec<Rule>),
    /// One of these.
    Union(Vec<Rule>),
    /// Null or this.
    Nullable(Box<Rule>),
    /// What the schema has under this name.
    Named(String),
}

/// A number's range; any of the four may be unset.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
    pub(super) above: Option<f64>,
    pub(super) below: Option<f64>,
}

/// A text's length in characters, and its form.
#[derive(Debug)]
pub(super) struct TextRule {
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
    pub(super) pattern: Option<Regex>,
    pub(super) format: Format,
}

/// What a text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Uuid,
    Url,
}

/// A list's items, and how many of them.
#[derive(Debug)]
pub(super) struct ListRule {
    pub(super) items: Box<Rule>,
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
}

/// A key of an object.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) rule: Rule,
    pub(super) is_required: bool,
}

impl Rule {
    /// Reads a schema. Schemas come from this crate's own types, so what can't be read is a fault in one of them.
    pub(super) fn of(schema: &Value) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            return Self::Named(reference.rsplit('/').next().unwrap_or(reference).to_owned());
        }
        if let Some(branches) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            return Self::of_branches(branches);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return Self::All(parts.iter().map(Self::of).collect());
        }
        match &schema["type"] {
            Value::Null => Self::Any,
            Value::String(one) => Self::of_type(one, schema),
            Value::Array(several) => {
                let names: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
                let is_nullable = names.contains(&"null");
                let mut rules: Vec<Self> =
                    names.iter().filter(|name| **name != "null").map(|name| Self::of_type(name, schema)).collect();
                let rule = if rules.len() == 1 { rules.remove(0) } else { Self::Union(rules) };
                if is_nullable { Self::Nullable(Box::new(rule)) } else { rule }
            }
            other => unreachable!("a schema's type is a text or a list of texts, not {other}"),
        }
    }

    fn of_branches(branches: &[Value]) -> Self {
        let is_null = |branch: &&Value| branch["type"] == "null";
        let mut rules: Vec<Self> = branches.iter().filter(|branch| !is_null(branch)).map(Self::of).collect();
        let is_nullable = rules.len() < branches.len();
        let rule = if rules.len() == 1 { rules.remove(0) } else { Self::Union(rules) };
        if is_nullable { Self::Nullable(Box::new(rule)) } else { rule }
    }

    fn of_type(name: &str, schema: &Value) -> Self {
        match name {
            "boolean" => Self::Bool,
            "integer" => Self::Integer(Bounds::of(schema)),
            "number" => Self::Number(Bounds::of(schema)),
            "string" => match schema["enum"].as_array() {
                Some(texts) => Self::Literal(texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
                None => Self::Text(TextRule::of(schema)),
            },
            "array" => Self::List(ListRule {
                items: Box::new(Self::of(&schema["items"])),
                least: count(&schema["minItems"]),
                most: count(&schema["maxItems"]),
            }),
            "object" => match schema["properties"].as_object() {
                Some(properties) => {
                    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
                    let property = |(name, schema): (&String, &Value)| Property {
                        name: name.clone(),
                        rule: Self::of(schema),
                        is_required: required.iter().any(|one| one == name),
                    };
                    Self::Object(properties.iter().map(property).collect())
                }
                None => Self::Map(Box::new(Self::of(&schema["additionalProperties"]))),
            },
            other => unreachable!("no shape of this crate has a schema of type `{other}`"),
        }
    }
}

impl Bounds {
    fn of(schema: &Value) -> Self {
        Self {
            least: schema["minimum"].as_f64(),
            most: schema["maximum"].as_f64(),
            above: schema["exclusiveMinimum"].as_f64(),
            below: schema["exclusiveMaximum"].as_f64(),
        }
    }
}

impl TextRule {
    fn of(schema: &Value) -> Self {
        let pattern = schema["pattern"].as_str();
        Self {
            least: count(&schema["minLength"]),
            most: count(&schema["maxLength"]),
            pattern: pattern.map(|pattern| Regex::new(pattern).expect("a pattern of a shape is a valid expression")),
            format: match schema["format"].as_str() {
                Some("uuid") => Format::Uuid,
                Some("uri") => Format::Url,
                _ => Format::Plain,
            },
        }
    }
}

fn count(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|count| usize::try_from(count).ok())
}
