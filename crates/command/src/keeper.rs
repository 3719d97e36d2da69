//! The parent of a program: a process that adopts whatever the program orphans, and tells how the program ended.
//!
//! The kernel hands orphans to the nearest ancestor that asked for them. Were that the process at large or the
//! container's first one, the daemons of several shells and of others would mix, and none could be told to be ours. So
//! every shell, and every command on a terminal, has a parent of its own that asks for orphans, reaps them, and does
//! nothing else: whatever the program ever started is below its keeper, however often it forked and whatever session it
//! made for itself.
//!
//! The keeper is a fork that never becomes another program. It holds no descriptor but the one for the program's
//! obituary and next to no memory, and leaves when it has no children left. This and what it sheds (`shed`) is the only
//! unsafe code of the crate.

use std::{
    io,
    ops::Range,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, ExitStatus},
};

use rustix::{
    fs::{OFlags, fcntl_setfl},
    io::fcntl_dupfd_cloexec,
    pipe::{PipeFlags, pipe_with},
    process::{Pid, ioctl_tiocsctty, set_child_subreaper, setsid},
    stdio::stdin,
};

use crate::{shed::shed_memory, tree::kill_below};

/// Above every descriptor that a program is given, so that handing those out cannot overwrite it.
const OBITUARY_FLOOR: RawFd = 300;

/// A running keeper, seen from the process that started it.
#[derive(Debug)]
pub struct Keeper {
    child: Child,
    obituary: OwnedFd,
}

/// What a program finds when it starts.
#[derive(Clone, Debug)]
pub enum Setting {
    /// A session without a terminal, and beside the standard streams the descriptors with these numbers, all below 300.
    Descriptors(Range<RawFd>),
    /// A session whose terminal is its standard input.
    Terminal,
}

/// How the program ended, as far as its keeper can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Death {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
    /// The keeper is gone too.
    Unknown,
}

impl Keeper {
    /// Starts `command` below a new keeper. An error of `exec` is reported as of the command itself.
    pub fn start(command: &mut Command, setting: Setting) -> io::Result<Self> {
        let (obituary, pen) = pipe_with(PipeFlags::CLOEXEC)?;
        let pen = fcntl_dupfd_cloexec(&pen, OBITUARY_FLOOR)?;
        fcntl_setfl(&obituary, OFlags::NONBLOCK)?;
        let raw_pen = pen.as_raw_fd();
        #[allow(unsafe_code, reason = "the closure runs between fork and exec and makes only system calls")]
        unsafe {
            command.pre_exec(move || split(raw_pen, &setting));
        }
        let child = command.spawn()?;
        Ok(Self { child, obituary })
    }

    /// Its process id; the program is the child that it started with.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Readable once the program has ended.
    pub fn obituary_fd(&self) -> &OwnedFd {
        &self.obituary
    }

    /// How the program ended; none while it runs. Told once: after that the pipe is at its end.
    pub fn death(&self) -> Option<Death> {
        let mut status = [0; 4];
        match rustix::io::read(&self.obituary, &mut status) {
            Ok(4) => Some(Death::from_wait_status(i32::from_ne_bytes(status))),
            Ok(_) => Some(Death::Unknown),
            Err(_) => None,
        }
    }

    /// Whether it has left, as nothing of the program was left.
    pub fn has_left(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Kills the program and all that it ever started, and returns when they are gone. False where something does not
    /// die, such as a process that waits for a dead disk, within some seconds; it may be tried again.
    #[must_use = "a process may be left"]
    pub fn bury(&mut self) -> bool {
        // One that has left is reaped, and its number may be another's.
        if self.has_left() {
            return true;
        }
        let are_gone = kill_below(self.pid());
        if are_gone {
            let _ = self.child.wait();
        } else {
            tracing::warn!(keeper = %self.pid().as_raw_nonzero(), "a process does not die");
        }
        are_gone
    }
}

/// The kernel knows no signal above it.
const LAST_SIGNAL: i32 = 64;

impl Death {
    fn from_wait_status(status: i32) -> Self {
        let status = ExitStatus::from_raw(status);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal @ 1..=LAST_SIGNAL)) => Self::Killed(signal),
            // Not the kernel's words: the report may have been written by a program.
            (None, Some(_) | None) => Self::Unknown,
        }
    }
}

/// Makes the new process a keeper and its child the program: returns in the child only.
fn split(pen: RawFd, setting: &Setting) -> io::Result<()> {
    set_child_subreaper(Some(rustix::process::getpid()))?;
    setsid()?;
    #[allow(unsafe_code, reason = "the process has one thread, and both sides go on with system calls only")]
    let forked = unsafe { libc::fork() };
    match forked {
        -1 => return Err(io::Error::last_os_error()),
        0 => heed_all_signals(),
        program => keep(program, pen),
    }
    setsid()?;
    match setting {
        Setting::Descriptors(given) => close_strays_on_exec(given),
        Setting::Terminal => {
            close_strays_on_exec(&(3..3));
            ioctl_tiocsctty(stdin())?;
        }
    }
    Ok(())
}

/// What this process was told to ignore, such as the interrupts of a script's background job, the program would ignore as
/// well, and a shell could not even be told otherwise.
#[allow(unsafe_code, reason = "only sets what signals do to this process, which has one thread")]
fn heed_all_signals() {
    for signal in 1..=LAST_SIGNAL {
        // Those that can't be ignored refuse.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// What this process has inherited from others is not for the program, and would be in the way of its numbering.
#[allow(unsafe_code, reason = "only marks descriptors, which no one else uses in this process")]
fn close_strays_on_exec(given: &Range<RawFd>) {
    for fd in (3..1024).filter(|fd| !given.contains(fd)) {
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// The keeper's life: reap until nobody is left, and write down the program's end.
#[allow(unsafe_code, reason = "a fork of a process with threads may use only what is async-signal-safe")]
fn keep(program: i32, pen: RawFd) -> ! {
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"keeper".as_ptr());
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
        close_all_but(pen);
        // All that follows are system calls. What could not be shed is only memory.
        let _ = shed_memory();
        loop {
            let mut status = 0;
            let ended = libc::waitpid(-1, &mut status, 0);
            if ended == program {
                libc::write(pen, (&raw const status).cast(), size_of::<i32>());
            }
            if ended == -1 && *libc::__errno_location() == libc::ECHILD {
                libc::_exit(0);
            }
        }
    }
}

#[allow(unsafe_code, reason = "closes the keeper's inherited descriptors, none of which it uses")]
unsafe fn close_all_but(kept: RawFd) {
    unsafe {
        let below = libc::syscall(libc::SYS_close_range, 0, kept - 1, 0);
        let above = libc::syscall(libc::SYS_close_range, kept + 1, libc::c_uint::MAX, 0);
        if below != 0 || above != 0 {
            // A kernel before 5.9, or a seccomp profile that does not know the call.
            for fd in (0..65536).filter(|fd| *fd != kept) {
                libc::close(fd);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread, time::Duration};

    use super::*;

    fn resident_kib(pid: Pid) -> usize {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the keeper runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }

    #[test]
    fn a_report_of_a_signal_that_there_is_not_is_not_believed() {
        assert_eq!(Death::from_wait_status(9), Death::Killed(9));
        assert_eq!(Death::from_wait_status(64), Death::Killed(64));
        assert_eq!(Death::from_wait_status(3 << 8), Death::Exited(3));
        for status in [65, 103, 126, 0x7f, 0xffff] {
            assert_eq!(Death::from_wait_status(status), Death::Unknown, "{status}");
        }
    }

    #[test]
    #[allow(unsafe_code, reason = "ignores a signal that no test sends to this process")]
    fn a_program_ignores_no_signal_because_its_starter_does() {
        unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
        let mut program = Command::new("sh");
        program.args(["-c", "grep SigIgn /proc/self/status"]).stdout(std::process::Stdio::piped());
        let mut keeper = Keeper::start(&mut program, Setting::Descriptors(3..3)).expect("sh starts");
        let told = std::io::read_to_string(keeper.child.stdout.take().expect("piped")).expect("text");
        let ignored = told.trim().rsplit('\t').next().and_then(|mask| u64::from_str_radix(mask, 16).ok());
        // The C library keeps 32 and 33 for itself and sets them for nobody.
        assert_eq!(ignored.map(|mask| mask & 0x7fff_ffff), Some(0), "{told}");
        assert!(keeper.bury());
    }

    #[test]
    fn a_keeper_holds_none_of_its_parents_memory_and_tells_how_the_program_ended() {
        let mut held: Vec<u8> = vec![1; 64 << 20];
        let mut program = Command::new("sh");
        program.args(["-c", "read line; exit 7"]).stdin(std::process::Stdio::piped());
        let mut keeper = Keeper::start(&mut program, Setting::Descriptors(3..3)).expect("sh starts");
        held.fill(2);
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while resident_kib(keeper.pid()) > 8 << 10 {
            assert!(std::time::Instant::now() < deadline, "{} KiB are held", resident_kib(keeper.pid()));
            thread::sleep(Duration::from_millis(5));
        }
        drop(keeper.child.stdin.take());
        while !keeper.has_left() {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(keeper.death(), Some(Death::Exited(7)));
        assert!(held.iter().all(|byte| *byte == 2));
    }
}
