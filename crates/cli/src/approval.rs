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
        let answer = ask(&self.activity, &printable(&question)).await;
        match answer.as_deref().map(str::trim) {
            Some("y" | "yes") => Decision::Allow,
            Some("a" | "all") => {
                *all = true;
                Decision::Allow
            }
            Some(_) => Decision::Deny { reason: "the user said no".to_owned() },
            None => Decision::Deny { reason: "there was nobody to ask".to_owned() },
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
    match ask(activity, "go on? [y/N] ").await.as_deref().map(str::trim) {
        Some("y" | "yes") => Ok(()),
        _ => Err(Failure::usage("not started: --sandbox host was not agreed to")),
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
