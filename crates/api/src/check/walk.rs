//! One walk through a body beside the rules: mistakes are collected, lax values made exact.

use std::fmt::Write;

use serde_json::Value;

use super::{
    Detail, Invalid,
    received::shown,
    rule::{ListRule, Rule},
    rules::Rules,
    words::Mistake,
};

/// How many mistakes of one body are told.
const MOST_DETAILS: usize = 200;

/// A walk in progress.
pub(super) struct Walk<'a> {
    pub(super) rules: &'a Rules,
    place: Vec<Step>,
    details: Vec<Detail>,
    omitted: usize,
}

/// A step from a value to one that it holds.
enum Step {
    Key(String),
    Index(usize),
}

impl<'a> Walk<'a> {
    /// Checks a body; what it holds is exact afterwards.
    pub(super) fn check(rules: &'a Rules, body: &mut Value) -> Result<(), Invalid> {
        let mut walk = Self { rules, place: Vec::new(), details: Vec::new(), omitted: 0 };
        walk.value(&rules.body, body);
        let Self { details, omitted, .. } = walk;
        if details.is_empty() { Ok(()) } else { Err(Invalid { details, omitted }) }
    }

    /// A value and all that it holds.
    pub(super) fn value(&mut self, rule: &'a Rule, value: &mut Value) {
        match rule {
            Rule::Any => {}
            Rule::Named(_) => self.value(self.rules.resolved(rule), value),
            Rule::Nullable(inner) => {
                if !value.is_null() {
                    self.value(inner, value);
                }
            }
            Rule::Bool => {
                if !value.is_boolean() {
                    self.mistake(&Mistake::NotABool, value);
                }
            }
            Rule::Integer(bounds) => self.integer(bounds, value),
            Rule::Number(bounds) => self.number(bounds, value),
            Rule::Text(text) => self.text(text, value),
            Rule::Literal(texts) => self.literal(texts, value),
            Rule::List(list) => self.list(list, value),
            Rule::Object(properties) => self.object(properties, value),
            Rule::Map(values) => self.map(values, value),
            // Every part is of the same object, so one that is none is told of once.
            Rule::All(parts) => {
                let told = if value.is_object() { parts.len() } else { 1 };
                parts.iter().take(told).for_each(|part| self.value(part, value));
            }
            Rule::Union(branches) => self.union(branches, value),
        }
    }

    fn list(&mut self, rule: &'a ListRule, value: &mut Value) {
        let Value::Array(items) = value else { return self.mistake(&Mistake::NotAList, value) };
        let length = items.len();
        for (index, item) in items.iter_mut().enumerate() {
            self.inside(Step::Index(index), |walk| walk.value(&rule.items, item));
        }
        match rule {
            ListRule { least: Some(least), .. } if length < *least => {
                self.mistake(&Mistake::ListTooShort(*least, length), value);
            }
            ListRule { most: Some(most), .. } if length > *most => {
                self.mistake(&Mistake::ListTooLong(*most, length), value);
            }
            _ => {}
        }
    }

    fn map(&mut self, rule: &'a Rule, value: &mut Value) {
        let Value::Object(map) = value else { return self.mistake(&Mistake::NotAMap, value) };
        for (key, value) in map {
            self.at_key(key, |walk| walk.value(rule, value));
        }
    }

    /// What is done one key further.
    pub(super) fn at_key(&mut self, key: &str, then: impl FnOnce(&mut Self)) {
        self.inside(Step::Key(key.to_owned()), then);
    }

    fn inside(&mut self, step: Step, then: impl FnOnce(&mut Self)) {
        self.place.push(step);
        then(self);
        self.place.pop();
    }

    /// Notes a mistake at the current place.
    pub(super) fn mistake(&mut self, mistake: &Mistake<'_>, received: &Value) {
        if self.details.len() == MOST_DETAILS {
            self.omitted += 1;
            return;
        }
        self.details.push(Detail {
            kind: mistake.kind(),
            msg: mistake.message(),
            loc: self.loc(),
            received: shown(received),
            fix: mistake.fix().map(str::to_owned),
        });
    }

    fn loc(&self) -> String {
        let mut loc = String::new();
        for step in &self.place {
            match step {
                Step::Key(key) if loc.is_empty() => loc.push_str(key),
                Step::Key(key) => {
                    loc.push('.');
                    loc.push_str(key);
                }
                Step::Index(index) => write!(loc, "[{index}]").expect("a String takes all that is written"),
            }
        }
        loc
    }
}
