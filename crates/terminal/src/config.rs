//! What terminals are started with and held to.

use std::{env, path::PathBuf, time::Duration};

/// The limits and places of [`Terminals`](crate::Terminals).
#[derive(Clone, Debug)]
pub struct TerminalConfig {
    /// The bash that runs the commands, looked up in `PATH` unless it holds a slash.
    pub program: PathBuf,
    /// Where commands start.
    pub cwd: PathBuf,
    /// How long a closed terminal's command has between SIGHUP and SIGKILL.
    pub kill_grace: Duration,
    /// How many terminals there may be at a time.
    pub count_limit: usize,
    /// How many bytes of scrolled lines an answer shows; of more, the head and the tail.
    pub scrolled_limit: usize,
    /// How long a call waits for the first output.
    pub first_output: Duration,
    /// How long the output must pause for the terminal to be quiet.
    pub quiet: Duration,
    /// The same for a command that is seen to compute or to wait for a disk.
    pub busy_quiet: Duration,
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            program: "bash".into(),
            cwd: env::current_dir().unwrap_or_else(|_| "/".into()),
            kill_grace: Duration::from_secs(2),
            count_limit: 16,
            scrolled_limit: 32 * 1024,
            first_output: Duration::from_millis(300),
            quiet: Duration::from_millis(100),
            busy_quiet: Duration::from_secs(1),
        }
    }
}
