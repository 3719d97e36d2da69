//! A bash that lives as long as its session and runs one command after another.
//!
//! A call goes down a pipe to the shell, its output comes back over pipes of its own, and its end over a third one that
//! the command cannot reach: nothing is searched for in the output, and nothing is polled. A command that overruns its
//! time is killed with all it started while the shell lives on; a command that ends the shell is answered with a new one.
//!
//! [`Bash`] is synchronous and blocking, for a thread of its own. `call` is the event loop of one call, `shell` the
//! process and its descriptors, `driver` the few lines of bash that tie them. What a model reads is made by `text` and
//! `answer`. The processes are held together by `handspike-command`.
//!
//! It is no sandbox: what a command may do is decided by whoever starts this process.

mod answer;
mod bash;
mod call;
mod capture;
mod config;
mod driver;
mod exports;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod janitor;
mod line;
mod outlets;
mod pipes;
mod progress;
mod shell;
mod spool;
mod text;

pub use bash::{Bash, BashCall};
pub use config::{BashConfig, SpoolLimits};
