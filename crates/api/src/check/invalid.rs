//! Everything that is wrong with one body.

use std::fmt;

use super::Detail;

/// The mistakes of a body, in the order of the schema's fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// The mistakes: at least one and at most 200.
    pub details: Vec<Detail>,
    /// How many more there were.
    pub omitted: usize,
}

impl Invalid {
    /// One mistake.
    pub(crate) fn of(detail: Detail) -> Self {
        Self { details: vec![detail], omitted: 0 }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Detail { msg, loc, .. }) in self.details.iter().enumerate() {
            let between = if place == 0 { "" } else { "; " };
            let loc = if loc.is_empty() { "the body" } else { loc };
            write!(f, "{between}{loc}: {msg}")?;
        }
        if self.omitted > 0 { write!(f, "; and {} more", self.omitted) } else { Ok(()) }
    }
}

impl std::error::Error for Invalid {}
