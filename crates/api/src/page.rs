//! Lists.

use serde::Serialize;
use utoipa::ToSchema;

/// Some of the things of a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// Those of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}
