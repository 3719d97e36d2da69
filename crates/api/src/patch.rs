//! Partial updates: a patch is merged as JSON into the form that a resource would be created from today, and the result
//! is checked as that form. So what can't be created can't be patched into being either.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// The key that is merged key by key.
const METADATA: &str = "metadata";

/// Some of the fields of a form, checked one by one; fields that the form does not have are left out.
pub struct Patch<T> {
    changes: Map<String, Value>,
    form: PhantomData<fn() -> T>,
}

impl<T> Patch<T> {
    /// The fields that are given, by name.
    pub fn changes(&self) -> &Map<String, Value> {
        &self.changes
    }

    /// The patch as JSON, for [`merge_patch`].
    pub fn into_json(self) -> Value {
        Value::Object(self.changes)
    }
}

impl<T> Clone for Patch<T> {
    fn clone(&self) -> Self {
        Self { changes: self.changes.clone(), form: PhantomData }
    }
}

impl<T> fmt::Debug for Patch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Patch").field(&self.changes).finish()
    }
}

impl<T> PartialEq for Patch<T> {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes
    }
}

impl<T: PartialSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    /// `AgentForm` becomes `AgentPatch`.
    fn name() -> Cow<'static, str> {
        let name = T::name();
        Cow::Owned(format!("{}Patch", name.strip_suffix("Form").unwrap_or(&name)))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

impl<'de, T: PartialSchema> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut changes = Map::deserialize(deserializer)?;
        if let RefOr::T(Schema::Object(form)) = T::schema() {
            changes.retain(|name, _| form.properties.contains_key(name));
        }
        Ok(Self { changes, form: PhantomData })
    }
}

/// A form with a patch merged into it: a field of the patch takes the place of the form's, except that the keys of
/// `metadata` are merged one by one. A null is a value like others: it takes the field back to none, and as the value of
/// a metadata key it is kept. Metadata that is itself null takes all keys away.
#[must_use]
pub fn merge_patch(form: Value, patch: Value) -> Value {
    let (Value::Object(mut form), Value::Object(patch)) = (form, patch.clone()) else { return patch };
    for (name, new) in patch {
        match (form.get_mut(&name), new) {
            (Some(Value::Object(kept)), Value::Object(new)) if name == METADATA => kept.extend(new),
            (_, new) => {
                form.insert(name, new);
            }
        }
    }
    Value::Object(form)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_is_merged_key_by_key_and_all_else_replaced() {
        let form = json!({"name": "a", "metadata": {"x": {"y": 1}, "z": 2}, "default_settings": {"top_p": 1}});
        let patch = json!({"metadata": {"x": null, "w": [3]}, "default_settings": {"n": 2}, "about": "new"});
        let merged = merge_patch(form, patch);
        let expected = json!({
            "name": "a", "metadata": {"x": null, "z": 2, "w": [3]}, "default_settings": {"n": 2}, "about": "new",
        });
        assert_eq!(merged, expected);
    }

    #[test]
    fn null_metadata_takes_all_keys_away_and_metadata_can_begin_with_a_patch() {
        let form = json!({"metadata": {"x": 1}});
        assert_eq!(merge_patch(form, json!({"metadata": null})), json!({"metadata": null}));
        assert_eq!(merge_patch(json!({}), json!({"metadata": {"x": 1}})), json!({"metadata": {"x": 1}}));
    }
}
