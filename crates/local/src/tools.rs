//! All tools on their threads: from a call to a tool's output.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handspike_bash::{Bash, BashCall, BashConfig};
use handspike_editor::{Editor, EditorConfig};
use handspike_terminal::{TerminalConfig, Terminals};
use handspike_types::{
    BashSettings, EditorSettings, SandboxCall, ToolOutput, ToolSettings, bash::BashAction, editor::EditorCommand,
    shell::ShellName, terminal::TerminalAction,
};
use tokio::time::timeout;

use crate::{
    Displays,
    screen::{Screen, ScreenCall},
    worker::{Caller, Line, Worker, WorkerFailed, not_run},
};

/// Named shells beside each other; more are refused.
const MAX_SHELLS: usize = 16;

/// How long letting go of keys and buttons is waited for.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);

/// Where the tools stand.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// The folder that shells and terminals start in.
    pub cwd: PathBuf,
    /// The editor's journal, which keeps what undoing needs beyond the process's end; none keeps it in memory.
    pub undo_journal: Option<PathBuf>,
    /// The folder for outputs that are longer than an answer.
    pub spool: PathBuf,
}

/// The tools of one machine.
pub struct Tools {
    config: LocalConfig,
    shells: Mutex<BTreeMap<ShellName, Arc<ShellWorker>>>,
    terminals: Arc<Terminals>,
    terminal_workers: Mutex<BTreeMap<ShellName, Arc<Worker<TerminalAction>>>>,
    editor: Worker<(EditorCommand, EditorSettings)>,
    screen: Worker<ScreenCall>,
}

type ShellWorker = Worker<ShellCall>;

/// What is asked of a shell.
enum ShellCall {
    Run(BashAction, BashSettings),
    /// End it, and all it started.
    Close,
}

impl Tools {
    /// Starts the tools' threads. The shell comes up meanwhile.
    pub fn start<D: Displays>(config: LocalConfig, displays: impl Fn() -> D + Send + 'static) -> io::Result<Self> {
        let main = Arc::new(config.start_shell()?);
        let terminals = TerminalConfig { cwd: config.cwd.clone(), ..TerminalConfig::default() };
        Ok(Self {
            shells: Mutex::new(BTreeMap::from([(ShellName::main(), main)])),
            terminals: Arc::new(Terminals::new(terminals)),
            terminal_workers: Mutex::default(),
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
            SandboxCall::Shell(name, action) => match self.shell(&name) {
                Ok(shell) => shell.call(ShellCall::Run(action, settings.bash), caller).await,
                Err(refusal) => Ok(refusal),
            },
            SandboxCall::CloseShell(name) => match self.taken_shell(&name) {
                Ok(shell) => {
                    let closed = shell.call(ShellCall::Close, caller).await?;
                    Ok(if closed.is_error { closed } else { ToolOutput::text(format!("[shell `{name}` is closed]")) })
                }
                Err(refusal) => Ok(refusal),
            },
            SandboxCall::Terminal(name, action) => match self.terminal(&name) {
                Ok(terminal) => terminal.call(action, caller).await,
                Err(error) => Ok(not_run(&error)),
            },
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
        // A worker that can't even take this has nothing pressed that matters any more. One that is busy does it later.
        let _ = timeout(RELEASE_LIMIT, self.screen.call(ScreenCall::Release, nobody)).await;
    }

    /// The shell of a name, started if it is new.
    fn shell(&self, name: &ShellName) -> Result<Arc<ShellWorker>, ToolOutput> {
        let mut shells = self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shell) = shells.get(name) {
            return Ok(Arc::clone(shell));
        }
        if shells.len() >= MAX_SHELLS {
            return Err(ToolOutput::error(format!(
                "there are {MAX_SHELLS} shells already, and no more are allowed: {}\nhint: close one, or use one of them",
                names(&shells)
            )));
        }
        let shell = Arc::new(self.config.start_shell().map_err(|error| not_run(&error))?);
        shells.insert(name.clone(), Arc::clone(&shell));
        Ok(shell)
    }

    /// The shell of a name, which has it no more. Calls to it that are under way or wait come to their end.
    fn taken_shell(&self, name: &ShellName) -> Result<Arc<ShellWorker>, ToolOutput> {
        let mut shells = self.shells.lock().unwrap_or_else(PoisonError::into_inner);
        shells.remove(name).ok_or_else(|| {
            let names = names(&shells);
            ToolOutput::error(format!("parameter `name` is `{name}`, and there is no such shell; there are {names}"))
        })
    }

    /// The thread for calls to a terminal of a name, so that one that waits holds up no other.
    fn terminal(&self, name: &ShellName) -> io::Result<Arc<Worker<TerminalAction>>> {
        let mut workers = self.terminal_workers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = workers.get(name) {
            return Ok(Arc::clone(worker));
        }
        // A thread whose terminal is closed, and that nobody calls, is of no more use.
        workers.retain(|name, worker| self.terminals.has(name) || Arc::strong_count(worker) > 1);
        let (terminals, own_name) = (Arc::clone(&self.terminals), name.clone());
        let worker = Arc::new(Worker::start("terminal", move || {
            let (terminals, name) = (Arc::clone(&terminals), own_name.clone());
            move |action: TerminalAction, line: Line<'_>| {
                line.answer.give(terminals.run(&name, &action, line.cancel));
            }
        })?);
        workers.insert(name.clone(), Arc::clone(&worker));
        Ok(worker)
    }
}

fn names(shells: &BTreeMap<ShellName, Arc<ShellWorker>>) -> String {
    let names: Vec<String> = shells.keys().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

impl LocalConfig {
    fn start_shell(&self) -> io::Result<ShellWorker> {
        let config = BashConfig { cwd: self.cwd.clone(), spool_dir: self.spool.clone(), ..BashConfig::default() };
        Worker::start("bash", move || {
            let config = config.clone();
            let mut bash = Bash::new(config.clone());
            bash.warm_up();
            move |call: ShellCall, mut line: Line<'_>| {
                let (action, settings) = match call {
                    ShellCall::Run(action, settings) => (action, settings),
                    ShellCall::Close => {
                        // The one that takes its place starts with its first call, and there will be none.
                        bash = Bash::new(config.clone());
                        return line.answer.give(ToolOutput::default());
                    }
                };
                let progress = line.progress.as_mut().map(|tell| &mut **tell as &mut dyn FnMut(&str));
                let call = BashCall { cancel: line.cancel, default_timeout: settings.timeout(), progress };
                bash.run_and_tell(&action, call, |output| line.answer.give(output));
            }
        })
    }

    fn start_editor(&self) -> io::Result<Worker<(EditorCommand, EditorSettings)>> {
        let config =
            EditorConfig { journal: self.undo_journal.clone(), cwd: self.cwd.clone(), ..EditorConfig::default() };
        Worker::start("editor", move || {
            let mut editor = Editor::new(config.clone());
            move |(command, settings): (EditorCommand, EditorSettings), line: Line<'_>| {
                line.answer.give(editor.run(&command, &settings));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Instant};

    use handspike_computer::{Computer, X11Desktop};
    use serde_json::{Value, json};
    use tokio::join;

    use super::*;

    struct NoDisplay;

    impl Displays for NoDisplay {
        type Desktop = X11Desktop;

        fn connect(&mut self) -> Result<Computer<X11Desktop>, String> {
            Err("there is no display".to_owned())
        }
    }

    fn tools() -> Tools {
        let config = LocalConfig { cwd: std::env::temp_dir(), undo_journal: None, spool: std::env::temp_dir() };
        Tools::start(config, || NoDisplay).expect("threads")
    }

    async fn call(tools: &Tools, tool: &str, arguments: Value) -> ToolOutput {
        let settings = ToolSettings::default();
        let call = SandboxCall::parse(tool, &arguments, &settings).expect("the arguments fit");
        tools.call(call, settings, Caller { cancelled: pending(), progress: None }).await.expect("no failure")
    }

    #[tokio::test]
    async fn shells_of_different_names_are_different_shells() {
        let tools = tools();
        call(&tools, "bash", json!({"command": "where=main"})).await;
        call(&tools, "shell", json!({"name": "other", "command": "where=other"})).await;
        let main = call(&tools, "shell", json!({"name": "main", "command": "echo $where"})).await;
        assert!(main.joined_text().starts_with("main\n"), "{}", main.joined_text());
        for number in 2..MAX_SHELLS {
            call(&tools, "shell", json!({"name": format!("s{number}"), "command": "true"})).await;
        }
        let refused = call(&tools, "shell", json!({"name": "another", "command": "true"})).await;
        assert!(
            refused.is_error && refused.joined_text().contains("`main`, `other`, `s10`"),
            "{}",
            refused.joined_text()
        );
    }

    #[tokio::test]
    async fn a_shell_that_is_closed_is_gone_with_all_it_started_and_makes_room() {
        let tools = tools();
        for number in 1..MAX_SHELLS {
            call(&tools, "shell", json!({"name": format!("s{number}"), "command": "lost=true"})).await;
        }
        let started = call(&tools, "shell", json!({"name": "s1", "command": "sleep 6005 & echo $!"})).await;
        let process = started.joined_text().lines().find_map(|line| line.parse::<u32>().ok()).expect("a process");
        let closed = call(&tools, "shell", json!({"name": "s1", "close": true})).await;
        assert_eq!((closed.is_error, closed.joined_text().as_str()), (false, "[shell `s1` is closed]"));
        assert!(!std::path::Path::new("/proc").join(process.to_string()).exists());
        let missing = call(&tools, "shell", json!({"name": "s1", "close": true})).await;
        assert!(missing.is_error && missing.joined_text().contains("no such shell; there are `main`, `s10`"));
        let fresh = call(&tools, "shell", json!({"name": "s1", "command": "echo lost=$lost"})).await;
        assert!(fresh.joined_text().starts_with("lost=\n"), "{}", fresh.joined_text());
    }

    #[tokio::test]
    async fn a_terminal_that_waits_holds_up_no_other() {
        let tools = tools();
        let started = Instant::now();
        let slow = async {
            call(&tools, "terminal", json!({"name": "slow", "command": "cat", "until": "never", "timeout": 3})).await;
            started.elapsed()
        };
        let quick = async {
            let output = call(&tools, "terminal", json!({"name": "quick", "command": "echo here"})).await;
            assert!(output.joined_text().starts_with("here\n"), "{}", output.joined_text());
            started.elapsed()
        };
        let (slow, quick) = join!(slow, quick);
        assert!(quick < Duration::from_secs(2) && slow >= Duration::from_secs(3), "{quick:?}, {slow:?}");
    }

    #[tokio::test]
    async fn threads_of_closed_terminals_are_given_back() {
        let tools = tools();
        for number in 0..20 {
            let name = format!("t{number}");
            call(&tools, "terminal", json!({"name": name, "command": "cat"})).await;
            call(&tools, "terminal", json!({"name": name, "close": true})).await;
            let missing = call(&tools, "terminal", json!({"name": format!("m{number}")})).await;
            assert!(missing.is_error && missing.joined_text().contains("no such terminal"));
        }
        assert_eq!(tools.terminal_workers.lock().expect("no panic").len(), 1);
    }

    #[tokio::test]
    async fn a_display_that_is_not_there_is_told() {
        let output = call(&tools(), "computer", json!({"action": "screenshot"})).await;
        assert_eq!((output.is_error, output.joined_text().as_str()), (true, "there is no display"));
    }
}
