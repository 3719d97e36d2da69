//! A shell for a test, in a folder of its own, and short words for what is asked of it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    time::{Duration, Instant},
};

use handspike_bash::{Bash, BashCall, BashConfig};
use handspike_types::{
    ToolDetails, ToolOutput,
    bash::{BashAction, BashDetails, BashEnd},
};
use rustix::event::{EventfdFlags, eventfd};
use tempfile::TempDir;

/// How long a command of a test may take if the test does not say.
const TIMEOUT: Duration = Duration::from_secs(20);

pub struct Session {
    pub bash: Bash,
    pub folder: TempDir,
    pub cancel: OwnedFd,
}

pub struct Answer {
    pub text: String,
    pub details: BashDetails,
    pub took: Duration,
}

impl Session {
    pub fn new() -> Self {
        Self::with(|_config| {})
    }

    pub fn with(adjust: impl FnOnce(&mut BashConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = BashConfig {
            cwd: folder.path().to_owned(),
            spool_dir: folder.path().to_owned(),
            kill_grace: Duration::from_millis(300),
            ..BashConfig::default()
        };
        adjust(&mut config);
        let cancel = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("an eventfd");
        Self { bash: Bash::new(config), folder, cancel }
    }

    pub fn raw(&mut self, action: &BashAction) -> ToolOutput {
        let call = BashCall { cancel: self.cancel.as_fd(), default_timeout: TIMEOUT, progress: None };
        self.bash.run(action, call)
    }

    pub fn answer(&mut self, action: &BashAction) -> Answer {
        let started = Instant::now();
        let output = self.raw(action);
        let took = started.elapsed();
        Answer::of(output, took)
    }

    pub fn run(&mut self, command: &str) -> Answer {
        self.answer(&BashAction::Run { command: command.into(), timeout: None })
    }

    pub fn run_for(&mut self, millis: u64, command: &str) -> Answer {
        self.answer(&BashAction::Run { command: command.into(), timeout: Some(Duration::from_millis(millis)) })
    }

    /// Runs a command and returns what was told of it meanwhile.
    pub fn run_with_progress(&mut self, command: &str) -> (Answer, Vec<String>) {
        let mut told = Vec::new();
        let mut tell = |line: &str| told.push(line.to_owned());
        let call = BashCall { cancel: self.cancel.as_fd(), default_timeout: TIMEOUT, progress: Some(&mut tell) };
        let started = Instant::now();
        let output = self.bash.run(&BashAction::Run { command: command.into(), timeout: None }, call);
        (Answer::of(output, started.elapsed()), told)
    }

    pub fn restart(&mut self) -> Answer {
        self.answer(&BashAction::Restart)
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

impl Answer {
    fn of(output: ToolOutput, took: Duration) -> Self {
        assert!(!output.is_error, "{}", output.joined_text());
        match output.details.clone() {
            Some(ToolDetails::Bash(details)) => Self { text: output.joined_text(), details, took },
            other => panic!("details of a shell were expected, not {other:?}"),
        }
    }

    /// All but the last line, which says how the call ended.
    pub fn output(&self) -> &str {
        self.text.rsplit_once('\n').map_or("", |(output, _)| output)
    }

    pub fn last_line(&self) -> &str {
        self.text.lines().last().unwrap_or_default()
    }

    #[track_caller]
    pub fn exited(self, status: i32, output: &str) {
        assert_eq!(self.details.end, BashEnd::Exited(status), "{}", self.text);
        assert_eq!(self.output(), output);
    }
}

/// Whether a process with this mark in its command line is alive.
pub fn is_running(mark: &str) -> bool {
    let entries = fs::read_dir("/proc").expect("/proc");
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let is_process = name.to_string_lossy().chars().all(|c| c.is_ascii_digit());
        is_process && has_mark(&entry.path(), mark)
    })
}

fn has_mark(process: &Path, mark: &str) -> bool {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let is_zombie = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
    !is_zombie && String::from_utf8_lossy(&line).split('\0').any(|word| word == mark)
}

/// Waits for something that another process is about to bring about.
#[track_caller]
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not come to pass");
        std::thread::sleep(Duration::from_millis(5));
    }
}
