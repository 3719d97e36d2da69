//! `handspike run`, followed through its events.

use std::{
    fmt::Display,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{FakeModel, Sandboxes, handspike, program};

/// The longest that a run of a test takes, on a slow machine with everything at once.
const LIMIT: Duration = Duration::from_secs(120);

/// A run to be started. Its record goes to a folder of its own, its events to the test.
#[derive(Debug)]
pub struct Run {
    command: Command,
    folder: TempDir,
    stderr: StandardError,
}

/// Where a run's standard error goes.
#[derive(Debug)]
enum StandardError {
    Read,
    Broken,
}

impl Run {
    /// A scenario, which stands in a file of its own.
    #[must_use]
    pub fn playing(scenario: impl Display) -> Self {
        let run = Self::new();
        let file = run.folder.path().join("scenario.yaml");
        fs::write(&file, scenario.to_string()).expect("the scenario is written");
        run.arg("--scenario").arg(&file.display().to_string())
    }

    /// A session with a model, which is told to test.
    #[must_use]
    pub fn asking(model: &FakeModel, image: &str) -> Self {
        let address = model.base_url();
        ["--model", "openai:fake", "--base-url", &address, "--image", image, "test"]
            .into_iter()
            .fold(Self::new(), Self::arg)
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = handspike(&["run", "--json", "--out"]);
        command.arg(folder.path().join("record"));
        Self { command, folder, stderr: StandardError::Read }
    }

    /// With an argument more.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// With a standard error that can't be written to.
    #[must_use]
    pub fn with_broken_stderr(mut self) -> Self {
        self.stderr = StandardError::Broken;
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When the program can't be started.
    #[must_use]
    pub fn start(mut self) -> Live {
        let stderr = match self.stderr {
            StandardError::Read => Stdio::piped(),
            StandardError::Broken => File::options().write(true).open("/dev/full").expect("a full device").into(),
        };
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the program starts");
        let (events, news) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event = serde_json::from_str::<Value>(&line).unwrap_or(Value::String(line));
                if events.send(event).is_err() {
                    return;
                }
            }
        });
        let stderr = child.stderr.take().map(program::read_all);
        Live {
            child,
            started: Instant::now(),
            folder: Some(self.folder),
            events: Vec::new(),
            news,
            stderr,
            sandboxes: None,
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it does not come to an end.
    #[must_use]
    pub fn to_end(self) -> Ended {
        self.start().end_within(LIMIT)
    }
}

/// A run under way. Dropping it kills the program and removes its sandbox.
#[derive(Debug)]
pub struct Live {
    child: Child,
    started: Instant,
    folder: Option<TempDir>,
    events: Vec<Value>,
    news: Receiver<Value>,
    stderr: Option<JoinHandle<String>>,
    sandboxes: Option<Sandboxes>,
}

impl Live {
    /// The session's id, which stands in the first event.
    ///
    /// # Panics
    /// When there is no event.
    pub fn session(&mut self) -> String {
        let first = self.event("the first event", |_| true);
        first["session"].as_str().expect("an event names its session").to_owned()
    }

    /// Waits until a call has begun to run.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_for_call(&mut self, id: &str) {
        self.event(&format!("the start of {id}"), |event| event["type"] == "call_started" && event["call"]["id"] == id);
    }

    /// The first event that is meant, among those that came and those to come.
    fn event(&mut self, what: &str, is_meant: impl Fn(&Value) -> bool) -> Value {
        if let Some(event) = self.events.iter().find(|event| is_meant(event)) {
            return event.clone();
        }
        let deadline = Instant::now() + LIMIT;
        while let Ok(event) = self.news.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.store(event);
            if let Some(event) = self.events.last().filter(|event| is_meant(event)) {
                return event.clone();
            }
        }
        panic!("waited in vain for {what}; what came: {:#?}", self.events)
    }

    fn store(&mut self, event: Value) {
        if let (None, Some(session)) = (&self.sandboxes, event["session"].as_str()) {
            self.sandboxes = Some(Sandboxes::of(session));
        }
        self.events.push(event);
    }

    /// The program's process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    /// When it does not run any more.
    pub fn signal(&self, signal: Signal) {
        let process = i32::try_from(self.process()).expect("a process id");
        kill(Pid::from_raw(process), signal).expect("the program runs");
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come within the limit.
    #[must_use]
    pub fn end_within(mut self, limit: Duration) -> Ended {
        let waiting = Instant::now();
        let code = program::wait_for_status(&mut self.child, limit);
        let (waited, took) = (waiting.elapsed(), self.started.elapsed());
        while let Ok(event) = self.news.recv() {
            self.store(event);
        }
        let stderr = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        let Some(code) = code else { panic!("not at its end after {waited:?}\n{stderr}\n{:#?}", self.events) };
        Ended {
            code,
            took,
            stderr,
            events: std::mem::take(&mut self.events),
            folder: self.folder.take().expect("a run has a folder until it ends"),
            sandboxes: self.sandboxes.take(),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Both fail where the program has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
        while let Ok(event) = self.news.recv_timeout(Duration::from_secs(1)) {
            self.store(event);
        }
    }
}

/// A run that has ended. Dropping it removes its record, and its sandbox if it was kept.
#[derive(Debug)]
pub struct Ended {
    /// The exit status.
    pub code: i32,
    /// From start to end.
    pub took: Duration,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Its events: the lines of its standard output, in order.
    pub events: Vec<Value>,
    folder: TempDir,
    sandboxes: Option<Sandboxes>,
}

impl Ended {
    /// The same, if it ended with this exit status.
    ///
    /// # Panics
    /// When it did not; the message holds all that it said.
    #[must_use]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stderr:\n{}\nevents:\n{:#?}", self.stderr, self.events);
        self
    }

    /// The session's id.
    ///
    /// # Panics
    /// When no session began.
    #[must_use]
    pub fn session(&self) -> &str {
        self.sandboxes.as_ref().expect("a session began").session()
    }

    /// A file of the record.
    #[must_use]
    pub fn record(&self, name: &str) -> PathBuf {
        self.folder.path().join("record").join(name)
    }

    /// What a call's tool answered; calls count from 0.
    ///
    /// # Panics
    /// When there was no such call.
    #[must_use]
    pub fn output(&self, call: usize) -> &Value {
        let mut finished = self.events.iter().filter(|event| event["type"] == "call_finished");
        finished.nth(call).map(|event| &event["output"]).unwrap_or_else(|| panic!("no call {call}: {:#?}", self.events))
    }

    /// The text that a call's tool answered.
    ///
    /// # Panics
    /// When there was no such call.
    #[must_use]
    pub fn text(&self, call: usize) -> String {
        let parts = self.output(call)["content"].as_array().cloned().unwrap_or_default();
        parts.iter().filter_map(|part| part["text"].as_str()).collect()
    }

    /// What a command wrote, without the shell's own last line.
    ///
    /// # Panics
    /// When there was no such call.
    #[must_use]
    pub fn written(&self, call: usize) -> String {
        let text = self.text(call);
        text.rfind('[').map_or(text.as_str(), |last_line| &text[..last_line]).to_owned()
    }

    /// How a command ended, for example `{"exited": 0}`.
    ///
    /// # Panics
    /// When there was no such call.
    #[must_use]
    pub fn end_of(&self, call: usize) -> &Value {
        &self.output(call)["details"]["end"]
    }

    /// How the turn ended.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn outcome(&self) -> &Value {
        let last = self.events.last().expect("there are events");
        assert_eq!(last["type"], "turn_finished", "{last:#}");
        &last["outcome"]
    }

    /// The turn's error in words, empty where it ended without one.
    ///
    /// # Panics
    /// When the turn did not end.
    #[must_use]
    pub fn error(&self) -> &str {
        self.outcome()["error"].as_str().unwrap_or_default()
    }
}
