//! Black-box conformance cases for tool servers: any MCP server on standard streams with tools named `bash`,
//! `str_replace_editor` (or `str_replace_based_edit_tool`) and `computer`.
//!
//! A case calls tools as a model would and judges facts: an answer contains what the command must print, a file holds
//! these bytes, a picture shows the window. It never judges a wording. The cases of each tool run against a server of
//! their own; one that dies or does not answer fails its case and is replaced.
//!
//! It knows nothing of how any server is made: not a line of the executors is linked in.

mod answer;
mod case;
mod cases;
mod desktop;
mod miss;
mod mouse;
mod offer;
mod picture;
mod report;
mod server;
mod session;
mod suite;
mod window;

pub use case::{Case, Tool};
pub use cases::all as cases;
pub use report::{CaseReport, Counts, Report, Verdict};
pub use server::{NoCommand, ServerCommand, StartError};
pub use suite::{Progress, Suite};
