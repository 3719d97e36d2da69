//! A model that follows a script instead of thinking.
//!
//! A [`Script`] is one turn: steps that say something and call tools, the last of which calls none. A call carries
//! an [`Expectation`] of its result. [`ScriptedModel`] plays the steps in order and checks a step's results when it
//! is asked for the next one, which is why the last step has no calls: nobody would check them.

mod expectation;
mod model;
mod script;

pub use expectation::Expectation;
pub use model::ScriptedModel;
pub use script::{Script, ScriptError, ScriptedCall, ScriptedStep};
