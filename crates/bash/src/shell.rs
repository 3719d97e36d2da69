//! A running bash and the descriptors that lead to it.

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::FileExt,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::PoisonError,
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use handspike_command::{Death, Keeper, Pids, Setting, children_of, has_ended, open_pty, wait_for_end};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{MemfdFlags, OFlags, SeekFrom, fcntl_setfl, ftruncate, memfd_create, seek},
    pipe::{PipeFlags, pipe_with},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

use crate::{
    BashConfig,
    driver::{self, FIRST_CALL, INHERITED_FD, INHERITED_FDS, Report},
    exports::Exports,
    janitor::{Janitor, LastWords},
    outlets::{Lease, Outlets},
};

/// Bytes of a command that stay in memory until they are written over.
const CODE_KEPT: u64 = 4096;

const START_LIMIT: Duration = Duration::from_secs(10);

/// What a new shell takes over from an earlier one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) cwd: PathBuf,
    /// None for a clean shell.
    pub(crate) exports: Exports,
}

/// Why there is no shell.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(
        "this image has no bash: `{0}` was not found\nhint: install the bash package of the image's distribution; a plain `sh` does not serve"
    )]
    NoBash(PathBuf),
    #[error("the shell could not be started")]
    System(#[from] io::Error),
    #[error("the shell did not come up; its last words were `{0}`")]
    Silent(String),
}

/// The processes directly below a shell or its keeper, and which of them were not there at the look before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    pub(crate) alive: Pids,
    /// Children of the shell: the running call's, or those that it left in the background.
    pub(crate) new_jobs: Pids,
    /// Children of the keeper: orphaned by this call, or by a background job of an earlier one.
    pub(crate) new_orphans: Pids,
}

/// A bash that waits for commands or runs one.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) keeper: Keeper,
    pub(crate) pid: Pid,
    pub(crate) pidfd: OwnedFd,
    pub(crate) outlets: Outlets,
    /// The directory that it reported last.
    pub(crate) cwd: String,
    /// What `$?` holds for the next command.
    pub(crate) last_status: i32,
    /// What the report of the running call begins with.
    pub(crate) call: u64,
    /// What the last call wrote to, until it is known who holds it still.
    pub(crate) unsettled: Option<Lease>,
    /// The processes that were there at the last look.
    known: Pids,
    input: File,
    status: OwnedFd,
    code: File,
    exports: File,
}

impl Shell {
    /// Starts a shell and waits until it answers.
    pub(crate) fn start(config: &BashConfig, origin: &Origin, janitor: &Janitor) -> Result<Self, StartError> {
        let cwd = existing_folder(&origin.cwd, &config.cwd);
        let (mut ends, theirs) = plumbing()?;
        let mut command = command_line(config, &cwd);
        command.stdin(theirs.commands).stdout(theirs.output.try_clone()?).stderr(theirs.output);
        let mappings = theirs.control.into_iter().zip(INHERITED_FD..);
        let mappings = mappings.map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd }).collect();
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        let mut keeper = Keeper::start(&mut command, Setting::Descriptors(INHERITED_FD..INHERITED_FD + INHERITED_FDS))
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => StartError::NoBash(config.program.clone()),
                _ => error.into(),
            })?;
        // The command holds our copies of the shell's ends; with them open, no pipe would ever come to its end.
        drop(command);

        let last_words = janitor.listen(ends.output)?;
        put(&ends.code, &driver::start_code(&origin.exports.taken, &cwd))?;
        // Fails if the program is gone already; then the report is missing too.
        let _ = ends.input.write_all(driver::start_lines().as_bytes());
        let report = first_report(&keeper, ends.status.as_fd())?;
        let Some((pid, cwd)) = report.and_then(|report| Some((Pid::from_raw(report.number)?, report.cwd))) else {
            // What is left of it is in the log, and holds nothing up.
            let _told = keeper.bury();
            return Err(StartError::Silent(spoken(&last_words)));
        };
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from)?;
        tracing::info!(pid = pid.as_raw_nonzero(), %cwd, "shell started");
        Ok(Self {
            keeper,
            pid,
            pidfd,
            outlets: ends.outlets,
            cwd,
            last_status: 0,
            call: FIRST_CALL,
            unsettled: None,
            known: Pids::new(),
            input: ends.input,
            status: ends.status,
            code: ends.code,
            exports: ends.exports,
        })
    }

    /// Readable when the shell has reported, and at its end once nobody can report any more.
    pub(crate) fn status(&self) -> BorrowedFd<'_> {
        self.status.as_fd()
    }

    /// Has the shell run a command; its report will come over the status descriptor.
    pub(crate) fn send(&mut self, command: &str, redirects: &str) -> io::Result<()> {
        put(&self.code, &[command.as_bytes(), b"\0"].concat())?;
        // Short, as the shell reads it byte by byte, and beyond guessing all the same.
        self.call = 1 + (RandomState::new().hash_one(self.call) >> 34);
        self.input.write_all(driver::call_lines(self.call, command, self.last_status, redirects).as_bytes())
    }

    /// Whether it has read the last command that it was sent. One that was made unable to reports without having.
    pub(crate) fn has_read(&self) -> io::Result<bool> {
        Ok(seek(&self.code, SeekFrom::Current(0))? > 0)
    }

    /// How it ended while nobody looked, if it did.
    pub(crate) fn death(&self) -> Option<Death> {
        if !has_ended(&self.pidfd) {
            return None;
        }
        // The keeper is about to reap it, if it has not yet.
        let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
        let _ = poll(&mut [PollFd::new(self.keeper.obituary_fd(), PollFlags::IN)], Some(&limit));
        Some(self.keeper.death().unwrap_or(Death::Unknown))
    }

    /// Has a shell that is of no use any more end by itself, so that it still notes its exported variables.
    pub(crate) fn leave(&mut self) {
        let _ = self.input.write_all(b"\\exit\n");
        wait_for_end(&self.pidfd, Timespec { tv_sec: 1, tv_nsec: 0 });
    }

    /// Makes sure that the shell's own process is gone, also if something killed its keeper.
    pub(crate) fn kill(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Takes back what the last call wrote to, or leaves it to what that left running. The look into `/proc` is slow beside
    /// a short call, so it comes when the call has been answered.
    pub(crate) fn settle(&mut self, janitor: &Janitor) {
        let Some(lease) = self.unsettled.take() else { return };
        let after = self.look();
        self.outlets.review(janitor, &after);
        let left_behind = after.new_jobs.union(&after.new_orphans).copied().collect();
        if let Err(error) = self.outlets.give_back(janitor, lease, left_behind) {
            tracing::warn!(%error, "what background jobs write is not read any more");
        }
    }

    /// The look before a call. Where nothing was left alive at the last look, nothing can have come since.
    pub(crate) fn look_before_call(&mut self) -> Look {
        if self.known.is_empty() { Look::default() } else { self.look() }
    }

    /// What the shell has started or left behind and what of it is new.
    pub(crate) fn look(&mut self) -> Look {
        let jobs = children_of(self.pid);
        let mut orphans = children_of(self.keeper.pid());
        orphans.remove(&self.pid);
        let new_jobs = jobs.difference(&self.known).copied().collect();
        let new_orphans = orphans.difference(&self.known).copied().collect();
        self.known = jobs.into_iter().chain(orphans).collect();
        Look { alive: self.known.clone(), new_jobs, new_orphans }
    }

    /// What the next shell takes over from this one.
    pub(crate) fn legacy(&self) -> Origin {
        Origin { cwd: PathBuf::from(&self.cwd), exports: Exports::read(&self.exports) }
    }
}

/// Our ends of what leads to a shell.
struct Ends {
    input: File,
    output: OwnedFd,
    status: OwnedFd,
    code: File,
    exports: File,
    outlets: Outlets,
}

/// The shell's ends.
struct Theirs {
    commands: OwnedFd,
    output: OwnedFd,
    /// In the order of the shell's descriptors.
    control: Vec<OwnedFd>,
}

fn plumbing() -> io::Result<(Ends, Theirs)> {
    let (commands, input) = pipe_with(PipeFlags::CLOEXEC)?;
    let (output, output_pen) = own_output()?;
    let (status, status_pen) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setfl(&output, OFlags::NONBLOCK)?;
    fcntl_setfl(&status, OFlags::NONBLOCK)?;
    let code = File::from(memfd_create("bash-code", MemfdFlags::CLOEXEC)?);
    let exports = File::from(memfd_create("bash-exports", MemfdFlags::CLOEXEC)?);
    let outlets = Outlets::new()?;
    let empty = File::open("/dev/null")?.into();
    let mut control =
        vec![code.try_clone()?.into(), status_pen, exports.try_clone()?.into(), commands.try_clone()?, empty];
    control.extend(outlets.writers()?);
    let ends = Ends { input: input.into(), output, status, code, exports, outlets };
    Ok((ends, Theirs { commands, output: output_pen, control }))
}

/// A terminal for what the shell says for itself. The janitor reads it, and all but its last words are thrown away; but
/// without one bash complains to the command's standard error about `tcsetattr` whenever a child dies of a signal. Without
/// terminals at all, a pipe must do.
fn own_output() -> io::Result<(OwnedFd, OwnedFd)> {
    open_pty().or_else(|_| Ok(pipe_with(PipeFlags::CLOEXEC)?))
}

fn command_line(config: &BashConfig, cwd: &Path) -> Command {
    let mut command = Command::new(&config.program);
    command
        .args(["--norc", "--noprofile", "--noediting", "-i", "+m", "+H"])
        .current_dir(cwd)
        .env("PWD", cwd)
        .envs([("PAGER", "cat"), ("GIT_PAGER", "cat"), ("MANPAGER", "cat"), ("TERM", "dumb"), ("NO_COLOR", "1")])
        // Empty, for bash would give an unset one its default and read and write the user's own.
        .env("HISTFILE", "")
        .envs([("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")]);
    // What would make bash run code at start, leave by itself, or write while idle.
    for name in ["BASH_ENV", "ENV", "PROMPT_COMMAND", "TMOUT", "MAIL", "MAILPATH", "BASH_XTRACEFD", "SHELLOPTS"] {
        command.env_remove(name);
    }
    command
}

/// The first that is there, so that a missing folder is not taken for a missing program.
fn existing_folder(wanted: &Path, configured: &Path) -> PathBuf {
    [wanted, configured].into_iter().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// Has the shell read `content`, which NUL ends, from a descriptor whose offset it shares. What is left behind it of
/// something longer is not read, and gives its memory back only where that is much.
fn put(file: &File, content: &[u8]) -> io::Result<()> {
    if file.metadata()?.len() > CODE_KEPT {
        ftruncate(file, 0)?;
    }
    file.write_all_at(content, 0)?;
    seek(file, SeekFrom::Start(0))?;
    Ok(())
}

/// The report of a new shell; none if it ended or stayed silent.
fn first_report(keeper: &Keeper, status: BorrowedFd<'_>) -> io::Result<Option<Report>> {
    let mut bytes = Vec::new();
    let limit = Timespec::try_from(START_LIMIT).map_err(io::Error::other)?;
    loop {
        let mut fds =
            [PollFd::from_borrowed_fd(status, PollFlags::IN), PollFd::new(keeper.obituary_fd(), PollFlags::IN)];
        if poll(&mut fds, Some(&limit))? == 0 || !fds[0].revents().contains(PollFlags::IN) {
            return Ok(None);
        }
        let mut buffer = [0; 4096];
        let read = rustix::io::read(status, &mut buffer)?;
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(report) = Report::parse(FIRST_CALL, &bytes) {
            return Ok(Some(report));
        }
    }
}

fn spoken(last_words: &LastWords) -> String {
    let bytes = last_words.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).trim().to_owned()
}
