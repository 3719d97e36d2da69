//! What a shell is started with and held to.

use std::{env, path::PathBuf, time::Duration};

/// The limits and places of one [`Bash`](crate::Bash).
#[derive(Clone, Debug)]
pub struct BashConfig {
    /// The shell's program, looked up in `PATH` unless it holds a slash.
    pub program: PathBuf,
    /// Where a clean shell starts.
    pub cwd: PathBuf,
    /// How long a command has between SIGTERM and SIGKILL. A cancelled call gets 400 ms at most, as it is to be
    /// answered within a second.
    pub kill_grace: Duration,
    /// How many bytes of output an answer shows; of more, the head and the tail.
    pub answer_limit: usize,
    /// Where the whole output goes when an answer shows only part of it.
    pub spool_dir: PathBuf,
    /// How many bytes of output such a file takes.
    pub spool_limit: u64,
}

impl Default for BashConfig {
    fn default() -> Self {
        Self {
            program: "bash".into(),
            cwd: env::current_dir().unwrap_or_else(|_| "/".into()),
            kill_grace: Duration::from_secs(2),
            answer_limit: 32 * 1024,
            spool_dir: env::temp_dir(),
            spool_limit: 64 * 1024 * 1024,
        }
    }
}
