//! Objects whose keys are known. Keys that are not known are ignored, as clients of the API rely on it.

use serde_json::Value;

use super::{
    rule::{Property, Rule},
    walk::Walk,
    words::Mistake,
};

/// Keys that say what an object is.
pub(super) const TAGS: [&str; 2] = ["type", "mode"];

impl<'a> Walk<'a> {
    /// An object. Where its tag says that it is something else, that alone is told: all other mistakes follow from it.
    pub(super) fn object(&mut self, properties: &'a [Property], value: &mut Value) {
        let Value::Object(_) = value else { return self.mistake(&Mistake::NotAnObject, value) };
        if let Some(property) = properties.iter().find(|property| self.is_otherwise(property, value)) {
            self.property(property, value);
            return;
        }
        for property in properties {
            self.property(property, value);
        }
    }

    fn property(&mut self, property: &'a Property, value: &mut Value) {
        let Property { name, rule, is_required } = property;
        if let Some(inner) = value.get_mut(name) {
            self.at_key(name, |walk| walk.value(rule, inner));
        } else if *is_required {
            self.at_key(name, |walk| walk.mistake(&Mistake::Missing, value));
        }
    }

    /// Whether this is a tag for which one text is possible, and another is there.
    pub(super) fn is_otherwise(&self, property: &Property, value: &Value) -> bool {
        let Property { name, rule, .. } = property;
        let is_tag = TAGS.contains(&name.as_str());
        match (self.single(rule), value[name].as_str()) {
            (Some(only), Some(tag)) if is_tag => only != tag,
            _ => false,
        }
    }

    /// The only text that a rule allows.
    pub(super) fn single<'b>(&'b self, rule: &'b Rule) -> Option<&'b str> {
        match self.rules.literals(rule) {
            Some([only]) => Some(only),
            _ => None,
        }
    }
}
