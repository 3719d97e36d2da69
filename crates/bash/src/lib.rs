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
mod janitor;
mod outlets;
mod pipes;
mod progress;
mod shell;
mod spool;
mod text;

pub use bash::{Bash, BashCall};
pub use config::{BashConfig, SpoolLimits};

/// What the fuzz targets reach that is otherwise private.
#[cfg(feature = "fuzzing")]
#[allow(missing_docs, reason = "nobody else sees it")]
pub mod fuzzing {
    use handspike_command::View;

    use crate::{BashConfig, capture::Capture, driver::Report, pipes::Stream};

    /// The page of a call, the same of standard error alone, and the lines that it wrote to.
    pub fn page(config: &BashConfig, chunks: &[(bool, &[u8])]) -> (View, String, Vec<(u64, u64)>) {
        let mut capture = Capture::new(config);
        for (is_err, bytes) in chunks {
            capture.push(if *is_err { Stream::Err } else { Stream::Out }, bytes);
        }
        let captured = capture.finish();
        (captured.view, captured.stderr, captured.err_lines.runs)
    }

    /// The status and the folder that a call's report tells.
    pub fn report(call: u64, bytes: &[u8]) -> Option<(i32, String)> {
        Report::parse(call, bytes).map(|report| (report.number, report.cwd))
    }
}
