//! The tool: the terminals by name, and what can be done with them. Calls to different terminals may come side by side,
//! from threads of their own; those to one terminal wait for each other.

use std::{
    collections::BTreeMap,
    io,
    os::fd::BorrowedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use handspike_types::{
    ToolOutput, quoted,
    shell::ShellName,
    terminal::{TerminalAction, TerminalSize, TerminalWait, Typed},
    with_causes,
};

use crate::{
    TerminalConfig,
    answer::{self, Told},
    keys::{Chord, UnknownKey},
    terminal::{StartError, Taken, Terminal},
    wait::{Reason, wait},
};

/// Terminals with commands on them. Dropping them kills the commands and all that those ever started.
pub struct Terminals {
    config: TerminalConfig,
    open: Mutex<BTreeMap<ShellName, Place>>,
}

/// Where a terminal is, from just before its start. It is locked for as long as a call to it takes.
type Place = Arc<Mutex<Option<Terminal>>>;

/// Why a call can't be done.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("{0}")]
    UnknownKey(UnknownKey),
    #[error("parameter `name` is `{name}`, and there is no such terminal; {}", there_are(.others))]
    NoSuchTerminal { name: ShellName, others: Vec<String> },
    #[error("there are {} terminals already, and no more are allowed: `{}`\nhint: close one, or start the command on one of them", .0.len(), .0.join("`, `"))]
    TooMany(Vec<String>),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the terminal could not be used")]
    System(#[from] io::Error),
}

impl Terminals {
    /// No terminals yet.
    #[must_use]
    pub fn new(config: TerminalConfig) -> Self {
        Self { config, open: Mutex::default() }
    }

    /// Does what is asked and returns when there is something to see. A readable `cancel` ends the wait at once; the
    /// command runs on.
    pub fn run(&self, name: &ShellName, action: &TerminalAction, cancel: BorrowedFd<'_>) -> ToolOutput {
        let answer = match action {
            TerminalAction::Start { command, size, typed, wait } => {
                self.start(name, (command, *size), typed, wait, cancel)
            }
            TerminalAction::Send { size, typed, wait } => self.send(name, *size, typed, wait, cancel),
            TerminalAction::Close => self.close(name, cancel),
        };
        answer.unwrap_or_else(|error| ToolOutput::error(with_causes(&error)))
    }

    /// Whether there is a terminal of this name.
    #[must_use]
    pub fn has(&self, name: &ShellName) -> bool {
        self.locked().contains_key(name)
    }

    fn start(
        &self,
        name: &ShellName,
        (command, size): (&str, TerminalSize),
        typed: &Typed,
        wait_for: &TerminalWait,
        cancel: BorrowedFd<'_>,
    ) -> Result<ToolOutput, CallError> {
        let keys = chords(typed)?;
        let place = self.place_for(name)?;
        let mut place = lock(&place);
        let since = Instant::now();
        let news = place.take().and_then(|mut former| match former.exit_status() {
            None => Some(format!("the command that ran on this terminal was ended: {}", quoted(&former.command))),
            Some(_) => None,
        });
        let started = Terminal::start(command, size, &self.config);
        if started.is_err() {
            self.locked().remove(name);
        }
        let terminal = place.insert(started?);
        if !typed.text.is_empty() || !keys.is_empty() {
            // What is typed before a program has set up its terminal is lost with most of them.
            let ready = TerminalWait { until: None, timeout: self.config.busy_quiet.min(wait_for.timeout) };
            wait(terminal, &ready, since, cancel, &self.config)?;
        }
        let told = type_and_wait(terminal, (&typed.text, &keys), wait_for, since, cancel, &self.config)?;
        Ok(Told { news, ..told }.answer(terminal))
    }

    fn send(
        &self,
        name: &ShellName,
        size: Option<TerminalSize>,
        typed: &Typed,
        wait_for: &TerminalWait,
        cancel: BorrowedFd<'_>,
    ) -> Result<ToolOutput, CallError> {
        let keys = chords(typed)?;
        let place = self.locked().get(name).cloned();
        let place = place.ok_or_else(|| self.none_of(name))?;
        let mut place = lock(&place);
        let terminal = place.as_mut().ok_or_else(|| self.none_of(name))?;
        let is_typed = !typed.text.is_empty() || !keys.is_empty();
        if terminal.exit_status().is_some() && is_typed {
            let taken = Taken::Part(0, typed.text.len() + keys.len());
            return Ok(Told { news: None, reason: Reason::Ended, wait: wait_for, taken }.answer(terminal));
        }
        let since = Instant::now();
        if let Some(size) = size {
            terminal.resize(size)?;
        }
        let told = type_and_wait(terminal, (&typed.text, &keys), wait_for, since, cancel, &self.config)?;
        Ok(told.answer(terminal))
    }

    fn close(&self, name: &ShellName, cancel: BorrowedFd<'_>) -> Result<ToolOutput, CallError> {
        let place = self.locked().remove(name);
        let place = place.ok_or_else(|| self.none_of(name))?;
        let terminal = lock(&place).take();
        let mut terminal = terminal.ok_or_else(|| self.none_of(name))?;
        let output = answer::closed(name.as_str(), &mut terminal);
        terminal.hang_up(self.config.kill_grace, cancel)?;
        Ok(output)
    }

    /// Where the terminal of a name is to be, unless there are too many.
    fn place_for(&self, name: &ShellName) -> Result<Place, CallError> {
        let mut open = self.locked();
        if !open.contains_key(name) && open.len() >= self.config.count_limit {
            return Err(CallError::TooMany(names(&open)));
        }
        Ok(Arc::clone(open.entry(name.clone()).or_default()))
    }

    fn none_of(&self, name: &ShellName) -> CallError {
        CallError::NoSuchTerminal { name: name.clone(), others: names(&self.locked()) }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<ShellName, Place>> {
        lock(&self.open)
    }
}

fn names(open: &BTreeMap<ShellName, Place>) -> Vec<String> {
    open.keys().map(ToString::to_string).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Terminals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminals").field("config", &self.config).field("open", &names(&self.locked())).finish()
    }
}

/// Types, and waits for what comes of it.
fn type_and_wait<'a>(
    terminal: &mut Terminal,
    (text, keys): (&str, &[Chord]),
    wait_for: &'a TerminalWait,
    since: Instant,
    cancel: BorrowedFd<'_>,
    config: &TerminalConfig,
) -> io::Result<Told<'a>> {
    let is_typed = !text.is_empty() || !keys.is_empty();
    if let Some(until) = &wait_for.until {
        let screen = &mut terminal.shared().state().screen;
        // A prompt that stands there before something is typed is not the one that is waited for.
        if is_typed { screen.search_for_news(until) } else { screen.search(until) }
    }
    let since = if is_typed { Instant::now() } else { since };
    // No moment stands for one that is too far away to be told.
    let until = since.checked_add(wait_for.timeout);
    let taken = terminal.type_in(text, keys, until, cancel)?;
    let reason = match taken {
        Taken::Cancelled => Reason::Cancelled,
        Taken::All | Taken::Part(..) => wait(terminal, wait_for, since, cancel, config)?,
    };
    terminal.shared().state().screen.end_search();
    Ok(Told { news: None, reason, wait: wait_for, taken })
}

fn chords(typed: &Typed) -> Result<Vec<Chord>, CallError> {
    typed.keys.iter().map(|name| Chord::parse(name)).collect::<Result<_, _>>().map_err(CallError::UnknownKey)
}

fn there_are(names: &[String]) -> String {
    match names {
        [] => "there is none at all\nhint: start one with `command`".to_owned(),
        names => format!("there are `{}`", names.join("`, `")),
    }
}
