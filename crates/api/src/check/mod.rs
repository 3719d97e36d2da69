//! The check that every body passes before it is read.
//!
//! Bytes become JSON ([`read`]), the JSON is held against the rules that stand in the OpenAPI schema of the body's type,
//! and what passes is read by serde. Rules are made from a schema once per type and kept. Nothing is said twice: a
//! struct's schema attributes are the only place where a range is written.

mod detail;
mod invalid;
mod json;
mod object;
mod received;
mod rule;
mod rules;
mod scalar;
mod union;
mod walk;
mod words;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

pub use detail::{Detail, DetailType};
pub use invalid::Invalid;

use rules::Rules;
use walk::Walk;

/// Reads a body from its bytes. JSON that can't be read, is not UTF-8 or is nested deeper than 64 is one `json_invalid`.
pub fn read<T: DeserializeOwned + ToSchema + 'static>(bytes: &[u8]) -> Result<T, Invalid> {
    read_value(json::parse(bytes)?)
}

/// Reads a body from JSON, with every mistake in it collected.
pub fn read_value<T: DeserializeOwned + ToSchema + 'static>(mut value: Value) -> Result<T, Invalid> {
    let rules = Rules::of::<T>();
    Walk::check(&rules, &mut value)?;
    serde_json::from_value(value).map_err(|error| Invalid::of(Detail::unread(&error)))
}
