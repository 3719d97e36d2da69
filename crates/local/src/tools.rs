//! All tools on their threads: from a call to a tool's output.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use handspike_bash::{Bash, BashCall, BashConfig};
use handspike_editor::{Editor, EditorConfig};
use handspike_terminal::{TerminalConfig, Terminals};
use handspike_types::{
    BashSettings, EditorSettings, SandboxCall, ToolOutput, ToolSettings, bash::BashAction, editor::EditorCommand,
    shell::ShellName, terminal::TerminalAction,
};

use crate::{
    Displays,
    screen::{Screen, ScreenCall},
    worker::{Caller, Line, Worker, WorkerFailed},
};

/// Named shells beside each other; more are refused.
const MAX_SHELLS: usize = 16;

/// Where the tools stand.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// The folder that shells and terminals start in.
    pub cwd: PathBuf,
    /// The editor's journal, which keeps what undoing needs beyond the process's end; none keeps it in memory.
    pub undo_journal: Option<PathBuf>,
}

/// The tools of one machine.
pub struct Tools {
    config: LocalConfig,
    shells: Mutex<BTreeMap<ShellName, Arc<ShellWorker>>>,
    terminals: Worker<(ShellName, TerminalAction)>,
    editor: Worker<(EditorCommand, EditorSettings)>,
    screen: Worker<ScreenCall>,
}

type ShellWorker = Worker<(BashAction, BashSettings)>;

impl Tools {
    /// Starts the tools' threads. The shell comes up meanwhile.
    pub fn start<D: Displays>(config: LocalConfig, displays: impl Fn() -> D + Send + 'static) -> io::Result<Self> {
        let main = Arc::new(config.start_shell()?);
        Ok(Self {
            shells: Mutex::new(BTreeMap::from([(ShellName::main(), main)])),
            terminals: config.start_terminals()?,
            editor: config.start_editor()?,
            screen: Screen::start(displays)?,
            config,
        })
    }

    /// Runs a call.
    pub async fn call(
        &self,
        call: SandboxCall,
        settings: ToolSettings,
        caller: Caller<impl Future<Output = ()>>,
    ) -> Result<ToolOutput, WorkerFailed> {
        match call {
            SandboxCall::Shell(name, action) => match self.shell(&name)? {
                Ok(shell) => shell.call((action, settings.bash), caller).await,
                Err(refusal) => Ok(refusal),
            },
            SandboxCall::Terminal(name, action) => self.terminals.call((name, action), caller).await,
            SandboxCall::Editor(command) => self.editor.call((command, settings.editor), caller).await,
            SandboxCall::Computer(action) => self.screen.call(ScreenCall::Act(action, settings.computer), caller).await,
            SandboxCall::ComputerBatch(actions) => {
                self.screen.call(ScreenCall::Batch(actions, settings.computer), caller).await
            }
            SandboxCall::Desktop(action) => {
                self.screen.call(ScreenCall::Desktop(action, settings.computer), caller).await
            }
        }
    }

    /// Lets go of what is pressed on the desktop: whoever pressed it is gone.
    pub async fn release_held(&self) {
        let nobody = Caller { cancelled: std::future::pending(), progress: None };
        // A worker that can't even take this has nothing pressed that matters any more.
        let _ = self.screen.call(ScreenCall::Release, nobody).await;
    }

    /// The shell of a name, started if it is new.
    fn shell(&self, name: &ShellName) -> Result<Result<Arc<ShellWorker>, ToolOutput>, WorkerFailed> {
        let mut shells = self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shell) = shells.get(name) {
            return Ok(Ok(Arc::clone(shell)));
        }
        if shells.len() >= MAX_SHELLS {
            let names: Vec<&str> = shells.keys().map(ShellName::as_str).collect();
            return Ok(Err(ToolOutput::error(format!(
                "there are {MAX_SHELLS} shells already; use one of them: {}",
                names.join(", ")
            ))));
        }
        let shell = self.config.start_shell().map_err(|_| WorkerFailed("no thread could be started"))?;
        let shell = Arc::new(shell);
        shells.insert(name.clone(), Arc::clone(&shell));
        Ok(Ok(shell))
    }
}

impl LocalConfig {
    fn start_shell(&self) -> io::Result<ShellWorker> {
        let cwd = self.cwd.clone();
        Worker::start("bash", move || {
            let mut bash = Bash::new(BashConfig { cwd: cwd.clone(), ..BashConfig::default() });
            bash.warm_up();
            move |(action, settings): (BashAction, BashSettings), mut line: Line<'_>| {
                let progress = line.progress.as_mut().map(|tell| &mut **tell as &mut dyn FnMut(&str));
                bash.run(&action, BashCall { cancel: line.cancel, default_timeout: settings.timeout(), progress })
            }
        })
    }

    fn start_terminals(&self) -> io::Result<Worker<(ShellName, TerminalAction)>> {
        let cwd = self.cwd.clone();
        Worker::start("terminal", move || {
            let mut terminals = Terminals::new(TerminalConfig { cwd: cwd.clone(), ..TerminalConfig::default() });
            move |(name, action): (ShellName, TerminalAction), line: Line<'_>| {
                terminals.run(&name, &action, line.cancel)
            }
        })
    }

    fn start_editor(&self) -> io::Result<Worker<(EditorCommand, EditorSettings)>> {
        let journal = self.undo_journal.clone();
        Worker::start("editor", move || {
            let mut editor = Editor::new(EditorConfig { journal: journal.clone(), ..EditorConfig::default() });
            move |(command, settings): (EditorCommand, EditorSettings), _line: Line<'_>| editor.run(&command, &settings)
        })
    }
}
