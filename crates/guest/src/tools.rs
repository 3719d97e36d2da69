//! The three tools on their threads: from a name and JSON to a tool's output.

use std::{env, io, os::fd::BorrowedFd, path::PathBuf};

use handspike_bash::{Bash, BashConfig};
use handspike_computer::{Computer, ComputerConfig};
use handspike_editor::{Editor, EditorConfig};
use handspike_types::{
    ToolOutput,
    bash::{self, BashAction},
    computer::{self, ComputerAction},
    editor::{self, EditorCommand},
};
use serde_json::Value;

use crate::{
    desktop::Desktop,
    worker::{Worker, WorkerFailed},
};

/// All tools of the sandbox.
pub(crate) struct Tools {
    bash: Worker,
    editor: Worker,
    computer: Worker,
}

impl Tools {
    /// Starts the tools' threads. The shell and the desktop come up meanwhile.
    pub(crate) fn start() -> io::Result<Self> {
        let desktop = Desktop::start();
        Ok(Self {
            bash: Worker::start("bash", bash_tool)?,
            editor: Worker::start("editor", editor_tool)?,
            computer: Worker::start("computer", move || computer_tool(desktop.clone()))?,
        })
    }

    /// Runs a call; none when there is no tool of this name.
    pub(crate) async fn call(
        &self,
        name: &str,
        arguments: Value,
        cancelled: impl Future<Output = ()>,
    ) -> Option<Result<ToolOutput, WorkerFailed>> {
        let worker = match name {
            bash::NAME => &self.bash,
            editor::NAME => &self.editor,
            computer::NAME => &self.computer,
            _ => return None,
        };
        Some(worker.call(arguments, cancelled).await)
    }
}

fn bash_tool() -> impl FnMut(&Value, BorrowedFd<'_>) -> ToolOutput {
    let cwd = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let mut bash = Bash::new(BashConfig { cwd, ..BashConfig::default() });
    bash.warm_up();
    move |arguments, cancel| match BashAction::parse(arguments) {
        Ok(action) => bash.run(&action, cancel),
        Err(error) => error.into(),
    }
}

fn editor_tool() -> impl FnMut(&Value, BorrowedFd<'_>) -> ToolOutput {
    let mut editor = Editor::new(EditorConfig::default());
    move |arguments, _cancel| match EditorCommand::parse(arguments) {
        Ok(command) => editor.run(&command),
        Err(error) => error.into(),
    }
}

fn computer_tool(desktop: Desktop) -> impl FnMut(&Value, BorrowedFd<'_>) -> ToolOutput {
    let mut computer = None;
    move |arguments, cancel| {
        let action = match ComputerAction::parse(arguments) {
            Ok(action) => action,
            Err(error) => return error.into(),
        };
        let connected = match &mut computer {
            Some(connected) => connected,
            none => match connect(&desktop) {
                Ok(connected) => none.insert(connected),
                Err(error) => return ToolOutput::error(error),
            },
        };
        let output = connected.run(&action, cancel);
        if connected.is_lost() {
            computer = None;
        }
        output
    }
}

fn connect(desktop: &Desktop) -> Result<Computer, String> {
    let display = desktop.display()?;
    Computer::connect(&display, ComputerConfig::default()).map_err(|error| error.to_string())
}
