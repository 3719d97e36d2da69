//! The desktop tool: published as `computer_20241022`, `20250124` and `20251124`, and as the toolset `20260801`, in
//! which every action is a tool of its own. Beside it, [`batch`] offers several actions in one call.

mod action;
pub mod batch;
pub(crate) mod input;
pub(crate) mod words;

pub use action::{Button, ComputerAction, MAX_HOLD, Point, Region, ScrollDirection};
pub use input::{ComputerInput, ComputerVerb};

use serde::{Deserialize, Serialize};

/// The tool's name on the wire, and the name of the toolset.
pub const NAME: &str = "computer";

/// What a call of a batch is answered that comes after one that failed. Published; models know it.
pub const NOT_EXECUTED: &str = "Not executed: an earlier computer action in this turn failed.";

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
