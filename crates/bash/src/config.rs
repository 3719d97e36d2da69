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
    /// How much of it is kept there.
    pub spool_limits: SpoolLimits,
}

/// How much output is kept in files.
#[derive(Clone, Copy, Debug)]
pub struct SpoolLimits {
    /// How many bytes one file takes.
    pub file: u64,
    /// How many bytes all files of this process take. The oldest go first.
    pub total: u64,
    /// How many files there are.
    pub files: usize,
}

impl Default for BashConfig {
    fn default() -> Self {
        Self {
            program: "bash".into(),
            cwd: env::current_dir().unwrap_or_else(|_| "/".into()),
            kill_grace: Duration::from_secs(2),
            answer_limit: 32 * 1024,
            spool_dir: env::temp_dir(),
            spool_limits: SpoolLimits { file: 64 << 20, total: 512 << 20, files: 1000 },
        }
    }
}
