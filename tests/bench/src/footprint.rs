//! What guest and host hold: memory, open files, processes and threads.

use std::{fmt, fs, time::Duration};

use anyhow::{Context as _, Result, bail};
use handspike_sandbox::DockerSandbox;
use tokio::{process::Command, time::Instant};

use crate::sandboxed::{guest_processes, memory_mib};

/// How long what a round has started may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);
/// Figures that agree so many times in a row, this far apart, are at rest.
const AGREEING: usize = 4;
const BETWEEN: Duration = Duration::from_millis(100);

/// The figures between two rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Footprint {
    /// Memory of the guest's processes, in MiB, of which pages that they share count once.
    guest_memory: f64,
    /// Their open files.
    guest_files: usize,
    /// Their threads.
    guest_threads: usize,
    /// All processes in the container.
    processes: usize,
    /// The same of this process, which is the host's side.
    host_memory: f64,
    host_files: usize,
    host_threads: usize,
}

/// A figure, then and now.
pub(crate) struct Growth {
    what: &'static str,
    then: f64,
    now: f64,
}

impl Footprint {
    pub(crate) const HEADER: &str = "| calls | seconds | guest's memory | its files | its threads | processes in the sandbox | host's memory | its files | its threads |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

    /// The figures once processes and files have stopped changing.
    pub(crate) async fn at_rest(sandbox: &DockerSandbox) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let mut last = Self::now(sandbox).await?;
        let mut agreeing = 1;
        while agreeing < AGREEING {
            if Instant::now() > deadline {
                bail!("the sandbox did not come to rest: {last:?}");
            }
            tokio::time::sleep(BETWEEN).await;
            let next = Self::now(sandbox).await?;
            agreeing = if next.counts() == last.counts() { agreeing + 1 } else { 1 };
            last = next;
        }
        Ok(last)
    }

    async fn now(sandbox: &DockerSandbox) -> Result<Self> {
        let guest = guest_processes(sandbox.container()).await?;
        let this = std::process::id();
        Ok(Self {
            guest_memory: guest.iter().map(|pid| memory_mib(*pid)).sum(),
            guest_files: guest.iter().map(|pid| entries(*pid, "fd")).sum::<Result<_>>()?,
            guest_threads: guest.iter().map(|pid| entries(*pid, "task")).sum::<Result<_>>()?,
            processes: processes(sandbox.container()).await?,
            host_memory: memory_mib(this),
            host_files: entries(this, "fd")?,
            host_threads: entries(this, "task")?,
        })
    }

    fn counts(&self) -> [usize; 3] {
        [self.guest_files, self.guest_threads, self.processes]
    }

    /// One line of the table.
    pub(crate) fn row(&self, calls: usize, elapsed: Duration) -> String {
        let Self { guest_memory, guest_files, guest_threads, processes, host_memory, host_files, host_threads } = self;
        let seconds = elapsed.as_secs();
        format!(
            "| {calls} | {seconds} | {guest_memory:.1} MiB | {guest_files} | {guest_threads} | {processes} | {host_memory:.1} MiB | {host_files} | {host_threads} |"
        )
    }

    /// How each figure has changed.
    pub(crate) fn grown_to(&self, end: &Self) -> Vec<Growth> {
        let figures = |of: &Self| {
            [
                ("the guest's memory in MiB", of.guest_memory),
                ("the guest's open files", of.guest_files as f64),
                ("the guest's threads", of.guest_threads as f64),
                ("the sandbox's processes", of.processes as f64),
                ("the host's memory in MiB", of.host_memory),
                ("the host's open files", of.host_files as f64),
                ("the host's threads", of.host_threads as f64),
            ]
        };
        let pairs = figures(self).into_iter().zip(figures(end));
        pairs.map(|((what, then), (_, now))| Growth { what, then, now }).collect()
    }
}

impl Growth {
    /// What was added, as a share of what there was.
    pub(crate) fn share(&self) -> f64 {
        (self.now - self.then) / self.then
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, then, now } = self;
        write!(f, "{what} ({then:.1} to {now:.1})")
    }
}

fn entries(pid: u32, of: &str) -> Result<usize> {
    let folder = format!("/proc/{pid}/{of}");
    let entries = fs::read_dir(&folder).with_context(|| format!("`{folder}` can't be read; the soak runs as root"))?;
    Ok(entries.count())
}

/// All processes of a container.
async fn processes(container: &str) -> Result<usize> {
    let top = Command::new("docker").args(["top", container, "-eo", "pid"]).output().await?;
    // A line of headings comes first.
    Ok(String::from_utf8_lossy(&top.stdout).lines().count() - 1)
}
