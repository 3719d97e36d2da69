//! One mistake in a body, as a client is told of it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What kind of mistake it is, in the names that clients of the API know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DetailType {
    Missing,
    LiteralError,
    GreaterThan,
    GreaterThanEqual,
    LessThan,
    LessThanEqual,
    StringTooLong,
    StringTooShort,
    StringPatternMismatch,
    TooLong,
    TooShort,
    BoolType,
    StringType,
    IntType,
    IntParsing,
    IntParsingSize,
    IntFromFloat,
    FloatType,
    FloatParsing,
    UuidParsing,
    UrlParsing,
    DictType,
    ListType,
    ModelAttributesType,
    JsonInvalid,
    ValueError,
}

/// One mistake: what it is, where it is, and what stood there.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Detail {
    /// The kind of the mistake.
    #[serde(rename = "type")]
    pub kind: DetailType,
    /// The mistake in words.
    pub msg: String,
    /// Where it is: keys joined by dots, places in lists as `[0]`; empty for the body as a whole.
    pub loc: String,
    /// What stood there, or for what is missing the object that lacks it. What is longer than 200 characters is cut, and
    /// is then its text.
    pub received: Value,
    /// What would mend it, where that is not plain from the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Detail {
    /// For what passed the check and still could not be read. No body is known to get here.
    pub(super) fn unread(error: &serde_json::Error) -> Self {
        Self {
            kind: DetailType::ValueError,
            msg: format!("Value error, {error}"),
            loc: String::new(),
            received: Value::Null,
            fix: None,
        }
    }
}
