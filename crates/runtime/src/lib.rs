//! The one place where concrete parts are put together: a model, tools, a sandbox and a record become a session.

mod assembly;
mod model_choice;
mod place;
mod prompt;
mod scenario;

pub use assembly::{Assembly, BeginError};
pub use handspike_tools::Order;
pub use model_choice::{ModelChoiceError, model_named};
pub use place::{History, Place, SandboxPlace, Workbench};
pub use scenario::{KeyInFile, Scenario, ScenarioError};
