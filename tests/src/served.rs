//! `handspike serve`, on a free port and in a folder of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{FakeModel, HttpAnswer, Sandboxes, ask, handspike, program, wait_until};

/// The longest that a start takes.
const START: Duration = Duration::from_secs(60);

/// A folder in which servers are started, one after the other. The sandboxes of their sessions go with it.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    environment: Vec<(String, String)>,
    sandboxes: Mutex<Vec<Sandboxes>>,
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// An empty folder.
    ///
    /// # Panics
    /// When none can be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, environment: Vec::new(), sandboxes: Mutex::default() }
    }

    /// The same, with an environment variable for all servers.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, with models that answer so.
    #[must_use]
    pub fn asking(self, model: &FakeModel) -> Self {
        self.env("OPENAI_BASE_URL", &model.base_url())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the database is by default.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path().join("handspike/server.db")
    }

    /// A command of the program's, as it is called in this place.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = handspike(arguments);
        command.env("XDG_STATE_HOME", self.path()).current_dir(self.path());
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }

    /// Starts a server and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn serve(&self, arguments: &[&str]) -> Served<'_> {
        let mut command = self.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let told: Arc<Mutex<String>> = Arc::default();
        let (telling, stderr) = (Arc::clone(&told), BufReader::new(child.stderr.take().expect("a pipe")));
        let reader = thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut told = telling.lock().unwrap_or_else(PoisonError::into_inner);
                told.push_str(&line);
                told.push('\n');
            }
        });
        let mut served =
            Served { place: self, child, told, reader: Some(reader), address: String::new(), key: String::new() };
        wait_until("the server's last line of its start", START, || {
            let ended = served.child.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "it ended: {ended:?}\n{}", served.told());
            served.told().contains("stop it with")
        });
        let told = served.told();
        let url = told.split("http://").nth(1).expect("an address");
        served.address = url.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
        let given = self.environment.iter().find(|(name, _)| name == "HANDSPIKE_API_KEY");
        let file = self.path().join("handspike/server.db.api-key");
        served.key =
            given.map(|(_, key)| key.clone()).or_else(|| std::fs::read_to_string(file).ok()).unwrap_or_default();
        served.key.truncate(served.key.trim_end().len());
        served
    }
}

/// A server under way. It is killed when this is dropped.
#[derive(Debug)]
pub struct Served<'a> {
    place: &'a Place,
    child: Child,
    told: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// Host and port.
    pub address: String,
    /// The clients' key.
    pub key: String,
}

impl Served<'_> {
    /// What it has told on standard error so far.
    #[must_use]
    pub fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks with the key.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> HttpAnswer {
        let bearer = format!("Bearer {}", self.key);
        let answer = ask(&self.address, method, path, &[("Authorization", &bearer)], body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.told()))
    }

    /// What is at a path.
    ///
    /// # Panics
    /// When it is not answered with 200.
    #[must_use]
    pub fn get(&self, path: &str) -> HttpAnswer {
        self.ask("GET", path, None).with_status(200)
    }

    /// Posts something.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> HttpAnswer {
        self.ask("POST", path, Some(body))
    }

    /// A new session with an agent that has these tools.
    ///
    /// # Panics
    /// When it can't be made.
    #[must_use]
    pub fn session(&self, tools: &[Value]) -> String {
        let agent = self.post("/agents", &json!({"name": "Ada", "model": "openai:fake"})).with_status(201).json();
        let agent = agent["id"].as_str().expect("an id");
        for tool in tools {
            drop(self.post(&format!("/agents/{agent}/tools"), tool).with_status(201));
        }
        let session = self.post("/sessions", &json!({ "agent": agent })).with_status(201).json();
        let session = session["id"].as_str().expect("an id").to_owned();
        if !tools.is_empty() {
            self.place.sandboxes.lock().unwrap_or_else(PoisonError::into_inner).push(Sandboxes::of(&session));
        }
        session
    }

    /// Says something in a session.
    #[must_use]
    pub fn chat(&self, session: &str, text: &str) -> HttpAnswer {
        let body = json!({"messages": [{"role": "user", "content": text}]});
        self.post(&format!("/sessions/{session}/chat"), &body)
    }

    /// The program's process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it does not run any more.
    pub fn signal(&self, signal: Signal) {
        let process = i32::try_from(self.process()).expect("a process id");
        kill(Pid::from_raw(process), signal).expect("the program runs");
    }

    /// Waits for its end, and gives its exit status and all that it told.
    ///
    /// # Panics
    /// When it does not end within the limit.
    #[must_use]
    pub fn end_within(mut self, limit: Duration) -> (i32, String) {
        let code = program::wait_for_status(&mut self.child, limit);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("it reads text");
        }
        let code = code.unwrap_or_else(|| panic!("it did not end\n{}", self.told()));
        (code, self.told())
    }

    /// Tells it to stop, and waits for its end.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(self) -> String {
        self.signal(Signal::SIGTERM);
        let (code, told) = self.end_within(Duration::from_secs(60));
        assert_eq!(code, 0, "{told}");
        told
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        // Both fail where the program has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
