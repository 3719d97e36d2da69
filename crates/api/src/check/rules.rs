//! The rules of a type: made from its schema once, and kept.

use std::{
    any::TypeId,
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use utoipa::ToSchema;

use super::rule::{Property, Rule};

/// The rules of all types that were checked so far.
static KEPT: LazyLock<Mutex<HashMap<TypeId, Arc<Rules>>>> = LazyLock::new(Mutex::default);

/// What a body must be.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) body: Rule,
    named: BTreeMap<String, Rule>,
}

impl Rules {
    /// The rules of a type.
    pub(super) fn of<T: ToSchema + 'static>() -> Arc<Self> {
        // Rules are put into the map whole, so a panic elsewhere leaves nothing half made.
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(Self::made::<T>())).clone()
    }

    fn made<T: ToSchema>() -> Self {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        let json = |schema| -> Value { serde_json::to_value(schema).expect("a schema is JSON") };
        let named = schemas.into_iter().map(|(name, schema)| (name, Rule::of(&json(schema)))).collect();
        Self { body: Rule::of(&json(T::schema())), named }
    }

    /// The rule itself, if it is one that only names another.
    pub(super) fn resolved<'a>(&'a self, rule: &'a Rule) -> &'a Rule {
        match rule {
            Rule::Named(name) => self.resolved(self.named.get(name).expect("a schema names what it holds")),
            other => other,
        }
    }

    /// The keys that a rule knows, its own and those of its parts.
    pub(super) fn properties<'a>(&'a self, rule: &'a Rule) -> Vec<&'a Property> {
        match self.resolved(rule) {
            Rule::Object(properties) => properties.iter().collect(),
            Rule::All(parts) => parts.iter().flat_map(|part| self.properties(part)).collect(),
            _ => Vec::new(),
        }
    }

    /// The texts of which a value must be one, if the rule is of such.
    pub(super) fn literals<'a>(&'a self, rule: &'a Rule) -> Option<&'a [String]> {
        match self.resolved(rule) {
            Rule::Literal(texts) => Some(texts),
            Rule::Nullable(inner) => self.literals(inner),
            _ => None,
        }
    }
}
