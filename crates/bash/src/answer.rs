//! What the model reads of a call: the output as it came, and a last line in brackets that says how it ended.

use std::time::Duration;

use handspike_command::{Death, View};
use handspike_types::{
    ToolDetails, ToolOutput,
    bash::{BashDetails, BashEnd},
};

use crate::{
    call::{Cause, End},
    capture::{Captured, ErrLines},
    driver::ShellIs,
    exports::LeftOut,
    spool::Spooled,
};

/// What a new shell that stands in for an ended one has and has not.
fn reset(left_out: &LeftOut) -> String {
    format!(
        "exported variables are as of the last finished call{}; \
         other variables, functions, aliases and shell options are reset",
        left_out.note()
    )
}

/// A finished call, as far as the model is told of it.
pub(crate) struct Told<'a> {
    /// What happened between the calls, if anything.
    pub(crate) news: Option<String>,
    pub(crate) captured: Captured,
    pub(crate) end: &'a End,
    pub(crate) duration: Duration,
    pub(crate) timeout: Duration,
    /// Where the next command will run.
    pub(crate) cwd: String,
    /// What a new shell did not take over.
    pub(crate) left_out: &'a LeftOut,
    /// Why no shell could be started in the place of one that ended.
    pub(crate) no_shell: Option<String>,
}

impl Told<'_> {
    pub(crate) fn answer(self) -> ToolOutput {
        let mut text = self.news.as_ref().map(|news| format!("[{news}]\n")).unwrap_or_default();
        let whole = matches!(self.captured.view, View::Whole(_));
        text.push_str(&page(&self.captured.view, self.captured.spooled.as_ref()));
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let captured = &self.captured;
        let notes = stderr_note(captured, whole) + &nul_note(captured.nul_bytes) + fork_note(&captured.stderr);
        text.push_str(&format!("[{}{notes}]", self.last_line()));
        let details = BashDetails {
            end: self.bash_end(),
            duration_ms: u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX),
            output_bytes: self.captured.out_bytes + self.captured.err_bytes,
            stderr: self.captured.stderr,
            cwd: self.cwd,
        };
        ToolOutput::text(text).with_details(ToolDetails::Bash(details))
    }

    fn last_line(&self) -> String {
        let (after, cwd) = (seconds(self.duration), &self.cwd);
        match self.end {
            End::Reported(report) => match report.shell {
                ShellIs::Ready => format!("exit status {}, {after}", report.number),
                ShellIs::OutOfFiles => format!(
                    "exit status {}, {after}; the shell was left too few open files for its own work (`ulimit -n`); {}",
                    report.number,
                    self.next_shell()
                ),
            },
            End::Stopped(cause) => format!(
                "{}; the command and all it started were killed, the shell lives on in {cwd}",
                self.stopped(*cause)
            ),
            End::StoppedWithShell(cause) => format!(
                "{}; the command and all it started were killed, and the shell with them; {}",
                self.stopped(*cause),
                self.next_shell()
            ),
            End::ShellDied(death) => {
                format!("the command ended the shell: {}, after {after}; {}", told(*death), self.next_shell())
            }
            End::NotRead => format!(
                "the command did not run: an earlier one took from the shell what it reads commands with; {}",
                self.next_shell()
            ),
            End::ShellReplaced => {
                format!(
                    "the command replaced the shell by another program, which runs on, or took its descriptors from it; {}",
                    self.next_shell()
                )
            }
        }
    }

    /// What comes in the place of a shell that ended.
    fn next_shell(&self) -> String {
        let (cwd, reset) = (&self.cwd, reset(self.left_out));
        match &self.no_shell {
            None => format!("a new shell runs in {cwd}: {reset}"),
            Some(why) => {
                let why = why.replace('\n', "; ");
                format!("no new shell could be started: {why}; the next call tries again, in {cwd}: {reset}")
            }
        }
    }

    fn stopped(&self, cause: Cause) -> String {
        match cause {
            Cause::TimedOut => format!("timed out after {}", seconds(self.timeout)),
            Cause::Cancelled => format!("cancelled after {}", seconds(self.duration)),
        }
    }

    fn bash_end(&self) -> BashEnd {
        match self.end {
            End::Reported(report) => BashEnd::Exited(report.number),
            End::Stopped(cause) | End::StoppedWithShell(cause) => match cause {
                Cause::TimedOut => BashEnd::TimedOut,
                Cause::Cancelled => BashEnd::Cancelled,
            },
            End::ShellDied(_) | End::ShellReplaced | End::NotRead => BashEnd::ShellEnded,
        }
    }
}

/// How a shell's process ended, in words.
pub(crate) fn told(death: Death) -> String {
    match death {
        Death::Exited(status) => format!("it exited with status {status}"),
        Death::Killed(signal) => format!("it was killed by signal {signal}"),
        Death::Unknown => "it is gone".to_owned(),
    }
}

/// What is said when a shell was found dead before a call.
pub(crate) fn found_dead(death: Death, cwd: &str, left_out: &LeftOut) -> String {
    let (how, reset) = (told(death), reset(left_out));
    format!("the shell had ended since the last call: {how}; this one runs in a new shell in {cwd}: {reset}")
}

/// What is said when the shell before could not be replaced by the end of its last call, and then was.
pub(crate) fn replaced_late(cwd: &str, left_out: &LeftOut) -> String {
    format!("this command runs in a new shell in {cwd}: {}", reset(left_out))
}

/// The answer to a restart.
pub(crate) fn restarted(cwd: &str, all_died: bool) -> String {
    let old = if all_died {
        "all processes of the old one were killed"
    } else {
        "all processes of the old one were sent SIGKILL, but not all of them have ended: the next restart tries again"
    };
    format!("[a fresh shell runs in {cwd}; {old}]")
}

fn page(view: &View, spooled: Option<&Spooled>) -> String {
    match view {
        View::Whole(text) => text.clone(),
        View::Cut { head, tail, lines_left_out, bytes_left_out } => {
            let newline = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
            let place = match spooled {
                Some(Spooled::All(path)) => format!("; the whole output is in {}", path.display()),
                Some(Spooled::First(bytes, path)) => {
                    format!("; the first {bytes} bytes of the output are in {}", path.display())
                }
                Some(Spooled::Nowhere(error)) => format!("; the whole output could not be saved: {error}"),
                None => String::new(),
            };
            format!("{head}{newline}[{lines_left_out} lines, {bytes_left_out} bytes left out here{place}]\n{tail}")
        }
    }
}

/// Tells standard error apart by line numbers, so that the output itself stays as the command wrote it.
fn stderr_note(captured: &Captured, whole: bool) -> String {
    match (captured.out_bytes, captured.err_bytes) {
        (_, 0) => String::new(),
        (0, _) => "; all output is stderr".to_owned(),
        (_, bytes) if !whole => format!("; {bytes} bytes of the output are stderr"),
        _ => format!("; stderr: {}", lines(&captured.err_lines)),
    }
}

fn nul_note(nul_bytes: u64) -> String {
    match nul_bytes {
        0 => String::new(),
        1 => "; 1 NUL byte left out".to_owned(),
        _ => format!("; {nul_bytes} NUL bytes left out"),
    }
}

/// The shell's own words at a limit of processes name no remedy.
fn fork_note(stderr: &str) -> &'static str {
    if stderr.contains("fork: ") && stderr.contains("Resource temporarily unavailable") {
        "; there are as many processes as there may be, so end some that run in the background, or restart the shell"
    } else {
        ""
    }
}

fn lines(err_lines: &ErrLines) -> String {
    let runs: Vec<String> = err_lines
        .runs
        .iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
        .collect();
    let noun = if matches!(err_lines.runs.as_slice(), [(first, last)] if first == last) { "line" } else { "lines" };
    format!("{noun} {}{}", runs.join(", "), if err_lines.more { " and others" } else { "" })
}

/// Short enough to read at a glance: `20 ms`, `3.1 s`, `120 s`.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..1.0 => format!("{} ms", duration.as_millis()),
        ..100.0 => format!("{} s", format!("{seconds:.1}").trim_end_matches(".0")),
        _ => format!("{seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_processes_is_told_with_its_remedy() {
        let bash =
            "bash: fork: retry: Resource temporarily unavailable\nbash: fork: Resource temporarily unavailable\n";
        assert!(fork_note(bash).contains("restart the shell"));
        for other in ["", "cat: x: Resource temporarily unavailable\n", "fork: a spoon\n"] {
            assert_eq!(fork_note(other), "");
        }
    }
}
