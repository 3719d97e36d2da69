//! The desktop tool: published as `computer_20241022`, `20250124` and `20251124`, and as the toolset `20260801`, in
//! which every action is a tool of its own. Beside it, [`batch`] offers several actions in one call.

mod action;
pub mod batch;
mod details;
pub(crate) mod input;
pub(crate) mod words;

pub use action::{Button, ComputerAction, MAX_HOLD, Point, Region, ScrollDirection};
pub use batch::NOT_EXECUTED;
pub use details::ComputerDetails;
pub use input::{ComputerInput, ComputerVerb, NAME};
