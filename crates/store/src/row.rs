//! From rows to values and back: ids and JSON in text, counts in signed integers.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::StoreError;

/// Microseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A count as the databases keep it.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Text that both databases take.
pub(crate) fn plain<'a>(text: &'a str, place: &'static str) -> Result<&'a str, StoreError> {
    if text.contains('\0') { Err(StoreError::Nul(place)) } else { Ok(text) }
}

/// JSON as text. It has no NUL, as JSON escapes it.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    // Maps with keys of text and values without floats that are no numbers: it can't fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads columns, naming the place of what can't be read.
pub(crate) struct Columns<'a> {
    table: &'static str,
    row: &'a AnyRow,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(table: &'static str, row: &'a AnyRow) -> Self {
        Self { table, row }
    }

    fn unreadable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        StoreError::Unreadable { place: self.table, source: source.into() }
    }

    pub(crate) fn text(&self, column: &str) -> Result<&'a str, StoreError> {
        self.row.try_get(column).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<&'a str>, StoreError> {
        self.row.try_get(column).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.row.try_get(column).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn optional_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.row.try_get(column).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn uuid(&self, column: &str) -> Result<Uuid, StoreError> {
        Uuid::parse_str(self.text(column)?).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn optional_uuid(&self, column: &str) -> Result<Option<Uuid>, StoreError> {
        self.optional_text(column)?.map(Uuid::parse_str).transpose().map_err(|error| self.unreadable(error))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.text(column)?).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn optional_json(&self, column: &str) -> Result<Option<Value>, StoreError> {
        let text = self.optional_text(column)?;
        text.map(serde_json::from_str).transpose().map_err(|error| self.unreadable(error))
    }
}
