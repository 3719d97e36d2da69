//! The facts of a finished action, for programs.

use serde::{Deserialize, Serialize};

use super::Point;

/// What a program wants to know of a finished action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerDetails {
    /// How long the screen was watched after the action, from its end to the picture.
    pub settle_ms: u64,
    /// Whether anything on the screen changed in that time.
    pub changed: bool,
    /// The pointer's place afterwards, in pixels of the picture.
    pub pointer: Point,
    /// The extent of the picture, and so of coordinates.
    pub view: Point,
}
