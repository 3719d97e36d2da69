//! A person's yes or no to calls, asked on the terminal: what stands between a model and a machine without a sandbox.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use async_trait::async_trait;
use clap::ValueEnum;
use handspike_core::{Decision, Policy};
use handspike_types::ToolCall;
use tokio::sync::{Mutex, oneshot};

use crate::{
    exit::Failure,
    render::{Activity, printable},
};

/// Who says yes to calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Approve {
    /// A person, before each call.
    Ask,
    /// Nobody needs to.
    All,
}

/// Whether there is anybody to ask; an error with a remedy where there is not.
pub(crate) fn somebody_to_ask() -> Result<(), Failure> {
    if io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage(
        "each call is to be asked about, and there is no terminal to ask on\nhint: --approve all lets calls run without asking",
    ))
}

/// Asks before each call.
pub(crate) struct AskEachTime {
    activity: Activity,
    /// One question at a time. True once the person has said yes to all that may come.
    all: Mutex<bool>,
}

impl AskEachTime {
    pub(crate) fn new(activity: Activity) -> Self {
        Self { activity, all: Mutex::new(false) }
    }
}

#[async_trait]
impl Policy for AskEachTime {
    async fn decide(&self, call: &ToolCall) -> Decision {
        let mut all = self.all.lock().await;
        if *all {
            return Decision::Allow;
        }
        // The whole call, not a line of it: what is not shown can't be approved.
        let arguments = serde_json::to_string_pretty(&call.arguments).unwrap_or_else(|_| call.arguments.to_string());
        let question = format!("run `{}`?\n{}\n[y]es, [n]o, [a]ll from now on: ", call.name, arguments);
        match Reply::of(ask(&self.activity, &printable(&question)).await.as_deref()) {
            Reply::Yes => Decision::Allow,
            Reply::All => {
                *all = true;
                Decision::Allow
            }
            Reply::No => Decision::Deny { reason: "the user said no".to_owned() },
            Reply::Nobody => Decision::Deny { reason: "there was nobody to ask".to_owned() },
        }
    }
}

/// Says plainly what `--sandbox host` means, and wants a yes.
pub(crate) async fn consent_to_host(given: bool, activity: &Activity) -> Result<(), Failure> {
    const WARNING: &str = "warning: --sandbox host contains nothing. The model's commands run as you, on this machine: they \
         can read, change and delete every file that you can, use your network, and see and use your desktop.";
    activity.note(WARNING);
    if given {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "--sandbox host asks before it starts, and there is no terminal to ask on\nhint: --yes answers the question in advance",
        ));
    }
    match Reply::of(ask(activity, "go on? [y/N] ").await.as_deref()) {
        Reply::Yes => Ok(()),
        Reply::All | Reply::No | Reply::Nobody => Err(Failure::usage(
            "not started: --sandbox host was not agreed to\nhint: answer y, or agree in advance with --yes",
        )),
    }
}

/// What a person says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    Yes,
    All,
    No,
    Nobody,
}

impl Reply {
    /// Only a plain yes is one: whatever else a line says, it does not allow.
    fn of(line: Option<&str>) -> Self {
        match line.map(str::trim) {
            Some("y" | "yes") => Self::Yes,
            Some("a" | "all") => Self::All,
            Some(_) => Self::No,
            None => Self::Nobody,
        }
    }
}

/// A line of the person's; none at the end of input. The thread that reads it may outlive the wait for it.
async fn ask(activity: &Activity, question: &str) -> Option<String> {
    // The spinner would draw over the question.
    activity.idle();
    let _ = write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush());
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let _ = answer.send(read.ok().filter(|bytes| *bytes > 0).map(|_| line));
    });
    answered.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        for line in ["y\n", "yes\n", " y \r\n"] {
            assert_eq!(Reply::of(Some(line)), Reply::Yes, "{line:?}");
        }
        for line in ["\n", "n\n", "Y\n", "yeah\n", "y y\n", "no\n", "y\u{1b}\n"] {
            assert_eq!(Reply::of(Some(line)), Reply::No, "{line:?}");
        }
        assert_eq!((Reply::of(Some("all\n")), Reply::of(None)), (Reply::All, Reply::Nobody));
    }

    #[tokio::test]
    async fn who_has_said_all_is_not_asked_again() {
        let policy = AskEachTime { activity: Activity::hidden(), all: Mutex::new(true) };
        let call = ToolCall { id: "1".to_owned(), name: "bash".to_owned(), arguments: json!({}), toolset: None };
        assert!(matches!(policy.decide(&call).await, Decision::Allow));
    }
}
