//! Terminals for a test, in a folder of their own, and short words for what is asked of them.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    fs,
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use handspike_terminal::{TerminalConfig, Terminals};
use handspike_types::{
    SandboxCall, ToolDetails, ToolOutput, ToolSettings,
    terminal::{NAME, TerminalDetails},
};
use rustix::event::{EventfdFlags, eventfd};
use serde_json::{Value, json};
use tempfile::TempDir;

pub struct Desk {
    pub terminals: Terminals,
    pub folder: TempDir,
    pub cancel: OwnedFd,
}

#[derive(Debug)]
pub struct Answer {
    pub text: String,
    pub details: TerminalDetails,
    pub took: Duration,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(|_config| {})
    }

    pub fn with(adjust: impl FnOnce(&mut TerminalConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = TerminalConfig {
            cwd: folder.path().to_owned(),
            kill_grace: Duration::from_millis(300),
            ..TerminalConfig::default()
        };
        adjust(&mut config);
        let cancel = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("an eventfd");
        Self { terminals: Terminals::new(config), folder, cancel }
    }

    /// A call with these arguments, as a model would make it.
    pub fn raw(&mut self, arguments: &Value) -> ToolOutput {
        let call = SandboxCall::parse(NAME, arguments, &ToolSettings::default()).expect("the arguments fit");
        let SandboxCall::Terminal(name, action) = call else { panic!("{call:?}") };
        self.terminals.run(&name, &action, self.cancel.as_fd())
    }

    #[track_caller]
    pub fn call(&mut self, arguments: Value) -> Answer {
        let started = Instant::now();
        let output = self.raw(&arguments);
        let took = started.elapsed();
        assert!(!output.is_error, "{}", output.joined_text());
        match output.details.clone() {
            Some(ToolDetails::Terminal(details)) => Answer { text: output.joined_text(), details, took },
            other => panic!("details of a terminal were expected, not {other:?}"),
        }
    }

    #[track_caller]
    pub fn refused(&mut self, arguments: Value) -> String {
        let output = self.raw(&arguments);
        assert!(output.is_error, "{}", output.joined_text());
        output.joined_text()
    }

    /// A bash as a person has it, at its prompt `$ `.
    #[track_caller]
    pub fn bash(&mut self) -> Answer {
        let answer = self.call(json!({
            "name": "sh", "command": "PS1='$ ' bash --norc --noprofile -i", "until": "$ "
        }));
        assert_eq!((answer.details.screen[0].as_str(), answer.details.cursor), ("$", (2, 0)));
        answer
    }
}

impl Answer {
    pub fn last_line(&self) -> &str {
        self.text.lines().last().unwrap_or_default()
    }

    pub fn shows(&self, text: &str) -> bool {
        self.details.screen.iter().any(|row| row.contains(text))
    }
}

/// Whether a process with this mark in its command line is alive.
pub fn is_running(mark: &str) -> bool {
    let entries = fs::read_dir("/proc").expect("/proc");
    entries.flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let is_zombie = stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
        !is_zombie && String::from_utf8_lossy(&line).split('\0').any(|word| word == mark)
    })
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
