//! The processes of a call that must stop, signalled and awaited through process descriptors.
//!
//! A process descriptor names one process for good, so a signal never hits a later one with the same number, and it
//! becomes readable when the process ends, so nothing is polled.

use std::{collections::HashMap, os::fd::OwnedFd};

use rustix::{
    event::{PollFd, PollFlags, Timespec, epoll, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

use crate::children::{Pids, with_descendants};

/// The processes that have been signalled and have not ended yet.
#[derive(Debug, Default)]
pub struct Tree {
    open: HashMap<Pid, OwnedFd>,
}

impl Tree {
    /// Signals the given processes and all below them. Those not seen before are watched by `epoll`, under their
    /// process id plus `offset`.
    pub fn signal(&mut self, roots: impl IntoIterator<Item = Pid>, signal: Signal, epoll: &OwnedFd, offset: u64) {
        for pid in with_descendants(roots) {
            self.watch(pid, epoll, offset);
        }
        for pidfd in self.open.values() {
            let _ = pidfd_send_signal(pidfd, signal);
        }
    }

    /// A watched process has ended.
    pub fn ended(&mut self, pid: u64) {
        self.open.retain(|open, _| u64::from(open.as_raw_nonzero().get().unsigned_abs()) != pid);
    }

    /// Whether all have ended.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn watch(&mut self, pid: Pid, epoll: &OwnedFd, offset: u64) {
        if self.open.contains_key(&pid) {
            return;
        }
        let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { return };
        let number = u64::from(pid.as_raw_nonzero().get().unsigned_abs());
        let data = epoll::EventData::new_u64(offset + number);
        if !has_ended(&pidfd)
            && epoll::add(epoll, &pidfd, data, epoll::EventFlags::IN | epoll::EventFlags::ONESHOT).is_ok()
        {
            self.open.insert(pid, pidfd);
        }
    }
}

/// Whether a process has ended; a zombie has.
pub fn has_ended(pidfd: &OwnedFd) -> bool {
    wait_for_end(pidfd, Timespec::default())
}

/// Waits until a process has ended; false if it takes longer than that.
pub fn wait_for_end(pidfd: &OwnedFd, limit: Timespec) -> bool {
    poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&limit)).is_ok_and(|ready| ready > 0)
}

/// Kills all below `root`, however often it forks meanwhile, and returns when `root` has ended too, which it does
/// without children. False if something did not die within about five seconds.
pub(crate) fn kill_below(root: Pid) -> bool {
    let Ok(root_fd) = pidfd_open(root, PidfdFlags::empty()) else { return true };
    let tick = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    for _sweep in 0..100 {
        for pidfd in stop_below(root) {
            let _ = pidfd_send_signal(&pidfd, Signal::KILL);
        }
        if wait_for_end(&root_fd, tick) {
            return true;
        }
    }
    false
}

/// All below `root`, stopped. What is stopped does not fork while others die, and still counts against the limit of
/// processes, so that even a fork bomb comes to rest.
fn stop_below(root: Pid) -> Vec<OwnedFd> {
    let mut stopped = HashMap::new();
    for _look in 0..20 {
        let mut new: Pids = with_descendants([root]);
        new.retain(|pid| *pid != root && !stopped.contains_key(pid));
        if new.is_empty() {
            break;
        }
        for pid in new {
            if let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) {
                let _ = pidfd_send_signal(&pidfd, Signal::STOP);
                stopped.insert(pid, pidfd);
            }
        }
    }
    stopped.into_values().collect()
}
