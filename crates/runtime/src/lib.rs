//! The one place where concrete parts are put together: a model, tools, a sandbox and a record become a session.

mod assembly;
mod model_choice;
mod no_sandboxes;
mod offered_models;
mod place;
mod prompt;
mod scenario;
mod windows;

pub use assembly::{Assembly, BeginError};
pub use handspike_models::openai::ApiKey as ModelKey;
pub use handspike_tools::Order;
pub use model_choice::{ModelChoiceError, check_model_name, model_named};
pub use no_sandboxes::NoSandboxes;
pub use offered_models::{ModelOffer, OfferedModels};
pub use place::{History, Place, SandboxPlace, Workbench};
pub use scenario::{KeyInFile, Scenario, ScenarioError};
