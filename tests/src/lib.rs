//! Shared parts of the end-to-end tests, which run the released program against a real engine.
//!
//! [`Run`] starts `handspike run` in a folder of its own and follows its events; [`Docker`] looks at the engine with
//! Docker's own client, beside the program; [`FakeModel`] is a Chat Completions server that follows a list of answers;
//! [`Terminal`] is a person at a terminal; [`Place`] is a folder in which `handspike serve` is started, and [`Collector`]
//! takes its traces. A test looks only at containers of its own session and leaves none behind, so tests can run at the same
//! time. Nothing here knows how the program works inside.

mod collector;
mod docker;
mod fake_model;
mod http;
mod program;
mod requirements;
mod run;
mod scenario;
mod served;
mod terminal;
mod wait;

pub use collector::Collector;
pub use docker::{Docker, Sandboxes, TestImage};
pub use fake_model::{Answer, FakeModel, Request};
pub use http::{HttpAnswer, ask};
pub use program::{Finished, handspike, run_to_end};
pub use requirements::{require, require_docker, require_handspike};
pub use run::{Ended, Live, Run};
pub use scenario::Scenario;
pub use served::{Place, Served};
pub use terminal::Terminal;
pub use wait::wait_until;
