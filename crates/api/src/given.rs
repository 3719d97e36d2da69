//! Fields that were left out, set to null, or given.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A moment: an RFC 3339 text in UTC, such as `2026-03-01T12:00:00.123456Z`.
pub type Time = String;

/// What a client keeps beside a resource: any keys, any JSON.
pub type Metadata = serde_json::Map<String, Value>;

/// A field of which null and absence mean different things: null takes a default away, absence leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Given<T> {
    /// The field was left out.
    #[default]
    Absent,
    /// The field is null.
    Null,
    /// The field has a value.
    Value(T),
}

impl<T> Given<T> {
    /// The value, null and absence alike being none.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// This over a default: the default stays only where the field was left out.
    #[must_use]
    pub fn over(self, default: Self) -> Self {
        match self {
            Self::Absent => default,
            Self::Null | Self::Value(_) => self,
        }
    }

    /// Whether the field was left out; such a field is not written.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

/// Reads null as the default.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A default that is true.
pub(crate) fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_stays_only_where_the_field_was_left_out() {
        let default = Given::Value(1);
        assert_eq!(Given::Absent.over(default), Given::Value(1));
        assert_eq!(Given::Null.over(default), Given::Null);
        assert_eq!(Given::Value(2).over(default), Given::Value(2));
        assert_eq!((Given::Value(2).value(), Given::<i32>::Null.value()), (Some(2), None));
    }
}
