//! What a client posted, kept as it was posted.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error};
use serde_json::Value;

/// A value as read, beside the JSON that it was read from. It is written as that JSON: with the keys that nobody knows, in
/// the order in which they came, and without what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted<T> {
    read: T,
    json: Value,
}

impl<T> Posted<T> {
    /// The JSON as it was posted.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The value alone.
    pub fn into_read(self) -> T {
        self.read
    }
}

impl<T: Serialize> Posted<T> {
    /// A value of our own, which is written as it is.
    pub fn own(read: T) -> Self {
        let json = serde_json::to_value(&read).expect("the shapes of this crate are JSON");
        Self { read, json }
    }
}

impl<T> Deref for Posted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.read
    }
}

impl<T> Serialize for Posted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Posted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        let read = T::deserialize(&json).map_err(D::Error::custom)?;
        Ok(Self { read, json })
    }
}
