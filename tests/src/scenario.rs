//! Scenarios made in code, for tests that are about the sandbox and not about the file.

use std::fmt;

use serde_json::{Value, json};

/// A scenario with one call in each step.
#[derive(Clone, Debug)]
pub struct Scenario {
    image: String,
    mounts: Vec<String>,
    calls: Vec<Value>,
}

impl Scenario {
    /// A scenario without calls on an image.
    #[must_use]
    pub fn on(image: &str) -> Self {
        Self { image: image.to_owned(), mounts: Vec::new(), calls: Vec::new() }
    }

    /// With a mount, `HOST:CONTAINER[:rw]`.
    #[must_use]
    pub fn mount(mut self, mount: String) -> Self {
        self.mounts.push(mount);
        self
    }

    /// With a command for the shell.
    #[must_use]
    pub fn bash(self, command: &str) -> Self {
        self.call("bash", json!({ "command": command }))
    }

    /// With a call.
    #[must_use]
    pub fn call(self, tool: &str, arguments: Value) -> Self {
        self.call_expecting(tool, arguments, json!({}))
    }

    /// With a call whose result is checked by the program itself.
    #[must_use]
    pub fn call_expecting(mut self, tool: &str, arguments: Value, expect: Value) -> Self {
        self.calls.push(json!({ tool: arguments, "expect": expect }));
        self
    }
}

/// As the file's text. JSON is YAML too.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut script: Vec<Value> = self.calls.iter().map(|call| json!({ "calls": [call] })).collect();
        script.push(json!({ "say": "Done." }));
        let Self { image, mounts, .. } = self;
        let file = json!({"name": "test", "prompt": "test", "image": image, "mounts": mounts, "script": script});
        write!(f, "{file:#}")
    }
}
