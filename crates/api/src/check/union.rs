//! Unions: which branch was meant, so that only its mistakes are told.
//!
//! The kind of the value decides first, then the key that says what an object is (`type`, `mode`), then the shape: the
//! branch that has all it requires, and among those the one that knows the most of the keys. A list is what its first
//! item is.

use std::cmp::Reverse;

use serde_json::Value;

use super::{
    DetailType,
    object::TAGS,
    rule::{Property, Rule},
    walk::Walk,
    words::Mistake,
};

/// How well a value fits a branch: what counts most stands first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// Whether it is of the kind.
    is_of_kind: bool,
    /// Whether all that is required is there, and something is.
    is_whole: bool,
    /// How many of its keys are known.
    known: usize,
}

impl Fit {
    /// Of the kind, and no more is known.
    const OF_KIND: Self = Self { is_of_kind: true, is_whole: false, known: 0 };
}

/// The kinds of JSON values, for rules and values alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl<'a> Walk<'a> {
    /// A value of which there are several forms.
    pub(super) fn union(&mut self, branches: &'a [Rule], value: &mut Value) {
        let kind = Kind::of(value);
        let fitting: Vec<&'a Rule> = branches
            .iter()
            .map(|branch| self.rules.resolved(branch))
            .filter(|branch| self.kind(branch).is_none_or(|one| one == kind))
            .collect();
        let fitting = match (fitting.as_slice(), kind) {
            ([], _) => return self.no_branch(branches, value),
            ([only], _) => return self.value(only, value),
            (_, Kind::Object) => match self.tagged(fitting, value) {
                Some(fitting) => fitting,
                None => return,
            },
            _ => fitting,
        };
        let meant = fitting.iter().enumerate().max_by_key(|(place, branch)| (self.fit(branch, value), Reverse(*place)));
        let Some((_, meant)) = meant else { return };
        self.fill_tag(meant, value);
        self.value(meant, value);
    }

    /// The branches that the object's tag leaves; none if the tag is wrong, which is then told.
    fn tagged(&mut self, branches: Vec<&'a Rule>, value: &Value) -> Option<Vec<&'a Rule>> {
        for tag in TAGS {
            let tags =
                |branch: &'a Rule| self.tag(branch, tag).and_then(|property| self.rules.literals(&property.rule));
            let is_required = |branch: &&'a Rule| self.tag(branch, tag).is_some_and(|property| property.is_required);
            let mut known: Vec<&str> =
                branches.iter().filter_map(|branch| tags(branch)).flatten().map(String::as_str).collect();
            known.dedup();
            match value.get(tag) {
                _ if known.is_empty() => {}
                None if branches.iter().all(is_required) => {
                    self.at_key(tag, |walk| walk.mistake(&Mistake::Missing, value));
                    return None;
                }
                None | Some(Value::Null) => {}
                Some(given) => {
                    let is_meant =
                        |branch: &&'a Rule| tags(branch).is_some_and(|tags| tags.iter().any(|tag| tag == given));
                    let meant: Vec<&'a Rule> = branches.iter().copied().filter(|branch| is_meant(branch)).collect();
                    if meant.is_empty() {
                        self.at_key(tag, |walk| walk.mistake(&Mistake::NotOneOf(known), given));
                        return None;
                    }
                    return Some(meant);
                }
            }
        }
        Some(branches)
    }

    /// Gives an object the tag that its shape implies, where the branch's tag is no choice and can't be null.
    fn fill_tag(&self, branch: &'a Rule, value: &mut Value) {
        for tag in TAGS {
            let Some(property) = self.tag(branch, tag) else { continue };
            if matches!(property.rule, Rule::Nullable(_)) || value.get(tag).is_some() {
                continue;
            }
            if let (Some(only), Value::Object(map)) = (self.single(&property.rule), &mut *value) {
                map.insert(tag.to_owned(), only.into());
            }
        }
    }

    fn tag(&self, branch: &'a Rule, tag: &str) -> Option<&'a Property> {
        self.rules.properties(branch).into_iter().find(|property| property.name == tag)
    }

    /// How well a value fits a branch.
    fn fit(&self, branch: &'a Rule, value: &Value) -> Fit {
        match (self.rules.resolved(branch), value) {
            (Rule::List(list), Value::Array(items)) => {
                items.first().map_or(Fit::OF_KIND, |first| self.fit(&list.items, first))
            }
            (Rule::Union(branches), _) => {
                branches.iter().map(|branch| self.fit(branch, value)).max().unwrap_or_default()
            }
            (rule @ (Rule::Object(_) | Rule::All(_)), Value::Object(map)) => {
                let properties = self.rules.properties(rule);
                if properties.iter().any(|property| self.is_otherwise(property, value)) {
                    return Fit::OF_KIND;
                }
                let is_there = |property: &&Property| map.get(&property.name).is_some_and(|value| !value.is_null());
                let known = properties.iter().copied().filter(is_there).count();
                let is_whole = properties.iter().filter(|property| property.is_required).all(is_there);
                Fit { is_of_kind: true, is_whole: is_whole && known > 0, known }
            }
            (rule, value) if self.kind(rule).is_none_or(|kind| kind == Kind::of(value)) => Fit::OF_KIND,
            _ => Fit::default(),
        }
    }

    /// The kind of value that a rule takes; none if it takes several.
    fn kind(&self, rule: &'a Rule) -> Option<Kind> {
        match self.rules.resolved(rule) {
            Rule::Any | Rule::Nullable(_) | Rule::Union(_) | Rule::Named(_) => None,
            Rule::Bool => Some(Kind::Bool),
            Rule::Integer(_) | Rule::Number(_) => Some(Kind::Number),
            Rule::Text(_) | Rule::Literal(_) => Some(Kind::Text),
            Rule::List(_) => Some(Kind::List),
            Rule::Object(_) | Rule::Map(_) | Rule::All(_) => Some(Kind::Object),
        }
    }

    fn no_branch(&mut self, branches: &'a [Rule], value: &Value) {
        let mut names: Vec<&'static str> = Vec::new();
        let mut first = None;
        for kind in branches.iter().filter_map(|branch| self.kind(branch)) {
            first.get_or_insert(kind);
            if !names.contains(&kind.name()) {
                names.push(kind.name());
            }
        }
        let is_map = |branch: &Rule| matches!(self.rules.resolved(branch), Rule::Map(_));
        let kind = match first {
            Some(Kind::Object) if !branches.iter().any(is_map) => DetailType::ModelAttributesType,
            kind => kind.map_or(DetailType::ValueError, Kind::mistake),
        };
        self.mistake(&Mistake::NoBranch(kind, names), value);
    }
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Text => "string",
            Self::List => "list",
            Self::Object => "dictionary",
        }
    }

    fn mistake(self) -> DetailType {
        match self {
            Self::Null => DetailType::ValueError,
            Self::Bool => DetailType::BoolType,
            Self::Number => DetailType::FloatType,
            Self::Text => DetailType::StringType,
            Self::List => DetailType::ListType,
            Self::Object => DetailType::DictType,
        }
    }
}
