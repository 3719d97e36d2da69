//! One call: the command is sent, and every source of news is waited for at once until the call has come to an end.
//!
//! `wait` only turns sources into events, `handle` is a plain function from event to state, and `end` says whether the
//! state is an end. Stopping a call goes in stages, each with a deadline: its processes are asked, then killed, then
//! the shell itself is given up.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    io::Errno,
    process::{Pid, Signal, pidfd_send_signal},
};

use handspike_command::{Death, Pids, Tree, children_of};

use crate::{
    capture::Capture,
    driver::Report,
    janitor::Janitor,
    outlets::Lease,
    pipes::{Order, Stream, WIDE},
    progress::Progress,
    shell::Shell,
};

/// From here on throughput matters more than the exact order of the streams.
const EXACT_ORDER_LIMIT: u64 = 64 * 1024;
/// How long a program that replaced the shell may take to end before the call is answered without its status.
const REPLACED_GRACE: Duration = Duration::from_millis(700);
/// More than any report holds: a number and a path.
const STATUS_LIMIT: usize = 64 * 1024;
/// A cancelled call is answered within a second, so its processes get less time.
const CANCEL_GRACE: Duration = Duration::from_millis(400);
/// How long killed processes have to disappear, and the shell to report.
const KILL_GRACE: Duration = Duration::from_millis(250);

const OUT: u64 = 0;
const ERR: u64 = 1;
const STATUS: u64 = 2;
const OBITUARY: u64 = 3;
const CANCEL: u64 = 4;
const PROCESS: u64 = 1 << 32;

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) kill_grace: Duration,
}

/// How a call came to its end.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// The command ran through.
    Reported(Report),
    /// It was stopped, and the shell lives on.
    Stopped(Cause),
    /// It was stopped, and the shell with it.
    StoppedWithShell(Cause),
    /// It ended the shell.
    ShellDied(Death),
    /// It replaced the shell by another program, which runs on.
    ShellReplaced,
    /// The shell did not even read it: an earlier command took away what it reads with.
    NotRead,
}

/// Why a call was stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cause {
    TimedOut,
    Cancelled,
}

/// Something that has happened.
#[derive(Clone, Copy, Debug)]
enum Event {
    Output(Stream),
    Status,
    Obituary,
    Cancel,
    ProcessEnded(u64),
    Deadline,
    ProgressDue,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Running,
    /// The shell's descriptors are closed, yet its process lives.
    Replaced,
    /// It lived on for longer than a call waits.
    LeftToItself,
    Asked(Cause),
    Killed(Cause),
    GivenUp(Cause),
}

struct Call<'a, 'p> {
    shell: &'a mut Shell,
    lease: &'a Lease,
    capture: &'a mut Capture,
    progress: Option<Progress<'p>>,
    epoll: OwnedFd,
    buffer: Vec<u8>,
    /// What was there before the call and is none of its business.
    earlier: Pids,
    limits: Limits,
    phase: Phase,
    deadline: Option<Instant>,
    order: Order,
    tree: Tree,
    status: Vec<u8>,
    report: Option<Report>,
    death: Option<Death>,
}

/// Runs a command to its end. An error is a fault of ours or the system's; the shell is then in an unknown state.
pub(crate) fn run(
    shell: &mut Shell,
    janitor: &Janitor,
    command: &str,
    limits: Limits,
    cancel: BorrowedFd<'_>,
    progress: Option<Progress<'_>>,
    capture: &mut Capture,
) -> io::Result<End> {
    let before = shell.look_before_call();
    shell.outlets.review(janitor, &before);
    let lease = shell.outlets.lend()?;
    let mut call = Call::new(shell, &lease, before.alive, limits, cancel, capture)?;
    call.progress = progress;
    let end = match call.run(command)? {
        End::Reported(_) if !shell.has_read()? => End::NotRead,
        end => end,
    };
    shell.unsettled = Some(lease);
    Ok(end)
}

impl<'a> Call<'a, '_> {
    fn new(
        shell: &'a mut Shell,
        lease: &'a Lease,
        earlier: Pids,
        limits: Limits,
        cancel: BorrowedFd<'_>,
        capture: &'a mut Capture,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let once = epoll::EventFlags::IN | epoll::EventFlags::ONESHOT;
        let add = |fd: BorrowedFd<'_>, data, flags| epoll::add(&epoll, fd, epoll::EventData::new_u64(data), flags);
        add(lease.pair.reader(Stream::Out), OUT, output_flags(lease.order))?;
        add(lease.pair.reader(Stream::Err), ERR, output_flags(lease.order))?;
        add(shell.status(), STATUS, epoll::EventFlags::IN)?;
        add(shell.keeper.obituary_fd().as_fd(), OBITUARY, once)?;
        add(cancel, CANCEL, once)?;
        Ok(Self {
            deadline: Instant::now().checked_add(limits.timeout),
            order: lease.order,
            buffer: Vec::with_capacity(64 * 1024),
            phase: Phase::Running,
            tree: Tree::default(),
            status: Vec::new(),
            report: None,
            death: None,
            progress: None,
            shell,
            lease,
            capture,
            epoll,
            earlier,
            limits,
        })
    }

    fn run(mut self, command: &str) -> io::Result<End> {
        if let Err(error) = self.shell.send(command, &self.lease.redirects) {
            // A shell that has just died cannot be written to; its obituary says more than this error.
            if error.kind() != io::ErrorKind::BrokenPipe {
                return Err(error);
            }
        }
        loop {
            for event in self.wait()? {
                self.handle(event)?;
            }
            if let Some(end) = self.end() {
                self.read_the_rest();
                return Ok(end);
            }
        }
    }

    fn wait(&self) -> io::Result<Vec<Event>> {
        let progress_due = self.progress.as_ref().map(Progress::due);
        let next = [self.deadline, progress_due].into_iter().flatten().min();
        let left = next.map(|next| next.saturating_duration_since(Instant::now()));
        let limit = left.and_then(|left| Timespec::try_from(left).ok());
        let mut ready = Vec::with_capacity(16);
        match epoll::wait(&self.epoll, spare_capacity(&mut ready), limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut events: Vec<Event> = ready.iter().map(|event| Event::of(event.data.u64())).collect();
        // Asked of the clock, for where output never pauses the wait never runs out.
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            events.push(Event::Deadline);
        }
        if progress_due.is_some_and(|due| Instant::now() >= due) {
            events.push(Event::ProgressDue);
        }
        Ok(events)
    }

    fn handle(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Output(stream) => self.read_output(stream)?,
            Event::Status => self.read_status()?,
            Event::Obituary => self.death = self.shell.keeper.death(),
            Event::Cancel => {
                if matches!(self.phase, Phase::Running | Phase::Replaced) {
                    self.ask(Cause::Cancelled);
                }
            }
            Event::ProcessEnded(pid) => self.tree.ended(pid),
            Event::Deadline => self.next_stage(),
            Event::ProgressDue => {
                if let Some(progress) = &mut self.progress {
                    progress.report(self.capture);
                }
            }
        }
        Ok(())
    }

    fn read_output(&mut self, stream: Stream) -> io::Result<()> {
        self.buffer.clear();
        match rustix::io::read(self.lease.pair.reader(stream), spare_capacity(&mut self.buffer)) {
            Ok(_) => self.capture.push(stream, &self.buffer),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if self.order == Order::Exact && self.capture.bytes() > EXACT_ORDER_LIMIT {
            self.order = Order::Approximate;
            self.lease.pair.widen();
            for (stream, data) in [(Stream::Out, OUT), (Stream::Err, ERR)] {
                let data = epoll::EventData::new_u64(data);
                epoll::modify(&self.epoll, self.lease.pair.reader(stream), data, output_flags(self.order))?;
            }
        }
        Ok(())
    }

    fn read_status(&mut self) -> io::Result<()> {
        self.buffer.clear();
        match rustix::io::read(self.shell.status(), spare_capacity(&mut self.buffer)) {
            Ok(0) => {
                epoll::delete(&self.epoll, self.shell.status())?;
                if self.phase == Phase::Running {
                    self.phase = Phase::Replaced;
                    self.deadline = Some(Instant::now() + REPLACED_GRACE);
                }
            }
            Ok(_) => {
                self.status.extend_from_slice(&self.buffer);
                let excess = self.status.len().saturating_sub(STATUS_LIMIT);
                self.status.drain(..excess);
                self.report = Report::parse(self.shell.call, &self.status);
                if let Some(report) = &self.report {
                    self.shell.last_status = report.number;
                    self.shell.cwd.clone_from(&report.cwd);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The end that the call has come to, if it has. A call that is being stopped has not ended before every process
    /// of it has, also those that came up meanwhile.
    fn end(&mut self) -> Option<End> {
        match self.phase {
            Phase::Running | Phase::Replaced => match (self.report.take(), self.death) {
                (Some(report), _) => Some(End::Reported(report)),
                (None, Some(death)) => Some(End::ShellDied(death)),
                (None, None) => None,
            },
            Phase::LeftToItself => Some(End::ShellReplaced),
            Phase::Asked(cause) | Phase::Killed(cause) => {
                if !self.tree.is_empty() || (self.report.is_none() && self.death.is_none()) {
                    return None;
                }
                self.signal(Signal::KILL);
                match self.tree.is_empty() {
                    true if self.death.is_some() => Some(End::StoppedWithShell(cause)),
                    true => Some(End::Stopped(cause)),
                    false => None,
                }
            }
            Phase::GivenUp(cause) => self.death.map(|_| End::StoppedWithShell(cause)),
        }
    }

    /// A deadline has passed.
    fn next_stage(&mut self) {
        match self.phase {
            Phase::Running => self.ask(Cause::TimedOut),
            Phase::Replaced | Phase::LeftToItself => self.phase = Phase::LeftToItself,
            Phase::Asked(cause) => {
                // Once more, should the first have come before the command did.
                let _ = pidfd_send_signal(&self.shell.pidfd, Signal::POWER);
                self.signal(Signal::KILL);
                self.enter(Phase::Killed(cause), KILL_GRACE);
            }
            Phase::Killed(cause) => {
                self.signal(Signal::KILL);
                self.shell.kill();
                self.enter(Phase::GivenUp(cause), KILL_GRACE);
            }
            Phase::GivenUp(_) => self.death = Some(Death::Unknown),
        }
    }

    /// Has the shell interrupt itself as soon as its children let it, and asks those to end.
    fn ask(&mut self, cause: Cause) {
        let _ = pidfd_send_signal(&self.shell.pidfd, Signal::POWER);
        // It may have stopped itself.
        let _ = pidfd_send_signal(&self.shell.pidfd, Signal::CONT);
        self.signal(Signal::TERM);
        let grace = match cause {
            Cause::TimedOut => self.limits.kill_grace,
            Cause::Cancelled => self.limits.kill_grace.min(CANCEL_GRACE),
        };
        self.enter(Phase::Asked(cause), grace);
    }

    fn enter(&mut self, phase: Phase, limit: Duration) {
        self.phase = phase;
        self.deadline = Some(Instant::now() + limit);
    }

    /// Signals all that the call has started, wherever it has gone.
    fn signal(&mut self, signal: Signal) {
        let mut roots = children_of(self.shell.pid);
        roots.extend(children_of(self.shell.keeper.pid()));
        roots.remove(&self.shell.pid);
        let roots: Vec<Pid> = roots.difference(&self.earlier).copied().collect();
        self.tree.signal(roots, signal, &self.epoll, PROCESS);
    }

    /// What is in the pipes at the end, and no more: a background job may fill them forever.
    fn read_the_rest(&mut self) {
        for stream in [Stream::Out, Stream::Err] {
            let mut read = 0;
            while read < WIDE {
                self.buffer.clear();
                match rustix::io::read(self.lease.pair.reader(stream), spare_capacity(&mut self.buffer)) {
                    Ok(1..) => self.capture.push(stream, &self.buffer),
                    Ok(_) | Err(_) => break,
                }
                read += self.buffer.len();
            }
        }
    }
}

impl Event {
    fn of(data: u64) -> Self {
        match data {
            OUT => Self::Output(Stream::Out),
            ERR => Self::Output(Stream::Err),
            STATUS => Self::Status,
            OBITUARY => Self::Obituary,
            CANCEL => Self::Cancel,
            process => Self::ProcessEnded(process - PROCESS),
        }
    }
}

/// Edge-triggered pipes are reported in the order in which they became readable; level-triggered ones until empty.
fn output_flags(order: Order) -> epoll::EventFlags {
    match order {
        Order::Exact => epoll::EventFlags::IN | epoll::EventFlags::ET,
        Order::Approximate => epoll::EventFlags::IN,
    }
}
