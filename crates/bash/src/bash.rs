//! The tool: runs an action in the shell, and sees to it that there is one.

use std::{
    fmt, io,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use handspike_command::Keeper;
use handspike_types::{
    ToolDetails, ToolOutput,
    bash::{BashAction, BashDetails, BashEnd},
    with_causes,
};

use crate::{
    BashConfig,
    answer::{self, Told},
    call::{self, End, Limits},
    capture::Capture,
    driver::{Report, ShellIs},
    exports::{Exports, LeftOut},
    janitor::Janitor,
    progress::Progress,
    shell::{Origin, Shell, StartError},
};

/// A persistent shell. Dropping it kills the shell and all that it ever started.
#[derive(Debug)]
pub struct Bash {
    config: BashConfig,
    janitor: Option<Janitor>,
    shell: Option<Shell>,
    /// What the next shell takes over, where one that ended could not be replaced at once.
    estate: Option<Origin>,
    /// What the last shell that took something over did not take.
    left_out: LeftOut,
    /// Of shells that ended by themselves: their background jobs run on below them. And of killed ones of which
    /// something did not die.
    former: Vec<Keeper>,
}

/// What a call brings along beside its action.
pub struct BashCall<'a> {
    /// Once this is readable, the call ends within a second.
    pub cancel: BorrowedFd<'a>,
    /// How long the command may take if the action does not say.
    pub default_timeout: Duration,
    /// Is told the last line of the output while the command runs, at most once a second and only when there is news.
    pub progress: Option<&'a mut dyn FnMut(&str)>,
}

/// What became of a shell that is replaced.
#[derive(Clone, Copy, Debug)]
enum Predecessor {
    Ended,
    /// As another program.
    RunsOn,
}

/// What came of a command.
struct Ran {
    /// What is told of the shell before it, if that was replaced.
    news: Option<String>,
    started: Instant,
    end: End,
    /// Whether the shell was about to end when the call began, as after `set -t`: the command has had no effect.
    ended_before: bool,
}

impl Bash {
    /// A shell that starts with the first call.
    #[must_use]
    pub fn new(config: BashConfig) -> Self {
        Self { config, janitor: None, shell: None, estate: None, left_out: LeftOut::default(), former: Vec::new() }
    }

    /// Starts the shell before it is needed. If it cannot start, the first call says why.
    pub fn warm_up(&mut self) {
        if let Err(error) = self.ready_shell() {
            tracing::warn!(%error, "the shell cannot be started");
        }
    }

    /// Does what is asked and returns when it is done.
    pub fn run(&mut self, action: &BashAction, call: BashCall<'_>) -> ToolOutput {
        let output = self.act(action, call);
        self.settle();
        output
    }

    /// The same for somebody who waits for the answer alone: it is told before the look for what the call left running.
    pub fn run_and_tell(&mut self, action: &BashAction, call: BashCall<'_>, tell: impl FnOnce(ToolOutput)) {
        tell(self.act(action, call));
        self.settle();
    }

    fn act(&mut self, action: &BashAction, call: BashCall<'_>) -> ToolOutput {
        let answer = match action {
            BashAction::Run { command, timeout } => self.run_command(command, *timeout, call),
            BashAction::Restart => self.restart(),
        };
        answer.unwrap_or_else(|error| ToolOutput::error(with_causes(&error)))
    }

    fn run_command(
        &mut self,
        command: &str,
        timeout: Option<Duration>,
        mut call: BashCall<'_>,
    ) -> Result<ToolOutput, StartError> {
        let limits = Limits { timeout: timeout.unwrap_or(call.default_timeout), kill_grace: self.config.kill_grace };
        let mut capture = Capture::new(&self.config);
        let mut ran = self.run_once(command, limits, &mut call, &mut capture)?;
        if ran.ended_before {
            ran = self.run_once(command, limits, &mut call, &mut capture)?;
        }
        let Ran { news, started, end, .. } = ran;
        let duration = started.elapsed();
        let succeeded = match end {
            End::Reported(Report { shell: ShellIs::Ready, .. }) | End::Stopped(_) => Ok(()),
            End::NotRead | End::Reported(Report { shell: ShellIs::OutOfFiles, .. }) => {
                if let Some(shell) = &mut self.shell {
                    shell.leave();
                }
                self.succeed(Predecessor::Ended)
            }
            End::StoppedWithShell(_) | End::ShellDied(_) => self.succeed(Predecessor::Ended),
            End::ShellReplaced => self.succeed(Predecessor::RunsOn),
        };
        // The command has run, and what it wrote is told whether or not there is a shell for the next one.
        let no_shell = succeeded.err().map(|error| with_causes(&error));
        let (cwd, timeout) = (self.cwd(), limits.timeout);
        Ok(Told {
            news,
            captured: capture.finish(),
            end: &end,
            duration,
            timeout,
            cwd,
            left_out: &self.left_out,
            no_shell,
        }
        .answer())
    }

    /// Runs a command in the shell that there is, or in a new one.
    fn run_once(
        &mut self,
        command: &str,
        limits: Limits,
        call: &mut BashCall<'_>,
        capture: &mut Capture,
    ) -> Result<Ran, StartError> {
        let news = self.ready_shell()?;
        let started = Instant::now();
        let (Some(shell), Some(janitor)) = (&mut self.shell, &self.janitor) else {
            return Err(io::Error::other("no shell").into());
        };
        let progress = call.progress.as_mut().map(|tell| Progress::new(&mut **tell));
        match call::run(shell, janitor, command, limits, call.cancel, progress, capture) {
            Ok(end) => {
                let ended_before = matches!(end, End::ShellDied(_)) && !shell.has_read().unwrap_or(true);
                Ok(Ran { news, started, end, ended_before })
            }
            Err(error) => {
                // The shell may be at any point of the command, so the next call gets another.
                self.kill_all();
                Err(error.into())
            }
        }
    }

    /// Where the next command will run.
    fn cwd(&self) -> String {
        match (&self.shell, &self.estate) {
            (Some(shell), _) => shell.cwd.clone(),
            (None, Some(origin)) => origin.cwd.to_string_lossy().into_owned(),
            (None, None) => self.config.cwd.to_string_lossy().into_owned(),
        }
    }

    fn restart(&mut self) -> Result<ToolOutput, StartError> {
        let started = Instant::now();
        let all_died = self.kill_all();
        let cwd = self.start(&self.clean())?;
        let details = BashDetails {
            end: BashEnd::Restarted,
            cwd: cwd.clone(),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            output_bytes: 0,
            stderr: String::new(),
        };
        let text = answer::restarted(&cwd, all_died);
        Ok(ToolOutput::text(text).with_details(ToolDetails::Bash(details)))
    }

    /// Makes sure of a living shell. Says so if the one before has been replaced for this call.
    fn ready_shell(&mut self) -> Result<Option<String>, StartError> {
        let Some(shell) = &self.shell else {
            return match self.estate.take() {
                None => self.start(&self.clean()).map(|_cwd| None),
                Some(origin) => self.start_heir(origin).map(|cwd| Some(answer::replaced_late(&cwd, &self.left_out))),
            };
        };
        let Some(death) = shell.death() else { return Ok(None) };
        self.succeed(Predecessor::Ended)?;
        Ok(Some(answer::found_dead(death, &self.cwd(), &self.left_out)))
    }

    /// What a shell begins with that takes nothing over.
    fn clean(&self) -> Origin {
        Origin { cwd: self.config.cwd.clone(), exports: Exports::default() }
    }

    fn settle(&mut self) {
        if let (Some(shell), Some(janitor)) = (&mut self.shell, &self.janitor) {
            shell.settle(janitor);
        }
    }

    /// Replaces a shell that has ended. What it left in the background runs on.
    fn succeed(&mut self, predecessor: Predecessor) -> Result<(), StartError> {
        self.settle();
        let Some(shell) = self.shell.take() else { return Ok(()) };
        match predecessor {
            Predecessor::Ended => shell.kill(),
            Predecessor::RunsOn => {}
        }
        let origin = shell.legacy();
        self.former.push(shell.keeper);
        self.former.retain_mut(|keeper| !keeper.has_left());
        self.start_heir(origin).map(drop)
    }

    /// Starts a shell that takes something over, which is kept for the next one if it can't.
    fn start_heir(&mut self, origin: Origin) -> Result<String, StartError> {
        let started = self.start(&origin);
        self.left_out = origin.exports.left_out.clone();
        self.estate = started.is_err().then_some(origin);
        started
    }

    fn start(&mut self, origin: &Origin) -> Result<String, StartError> {
        let janitor = match &self.janitor {
            Some(janitor) => janitor,
            None => self.janitor.insert(Janitor::start()?),
        };
        let shell = Shell::start(&self.config, origin, janitor)?;
        Ok(self.shell.insert(shell).cwd.clone())
    }

    /// Kills all shells and all that they ever started. False where something does not die; it is tried again with the
    /// next.
    fn kill_all(&mut self) -> bool {
        self.estate = None;
        if let Some(shell) = self.shell.take() {
            shell.kill();
            self.former.push(shell.keeper);
        }
        self.former.retain_mut(|keeper| !keeper.bury());
        self.former.is_empty()
    }
}

impl fmt::Debug for BashCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BashCall").field("default_timeout", &self.default_timeout).finish_non_exhaustive()
    }
}

impl Drop for Bash {
    fn drop(&mut self) {
        self.kill_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_may_move_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<Bash>();
    }
}
