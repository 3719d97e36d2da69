//! Whose container it is. A container carries its owner's process id, that process's start time, and the machine and
//! process namespace in which these mean something. A process id alone would do harm: ids are used again.
//!
//! A server's container carries the id of the server's store as well, and that counts: the next process with that store is
//! the same server. Whether there will be one can't be told, so nobody else takes such a container before its time is up.

use std::{collections::HashMap, fs, process, time::Duration};

use handspike_types::SessionId;
use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use crate::{SandboxSpec, ServerClaim};

/// The label that every container of Handspike has; its value is the session's id.
pub const SESSION_LABEL: &str = "dev.handspike.session";
const PID: &str = "dev.handspike.owner.pid";
const STARTED: &str = "dev.handspike.owner.started";
const HOST: &str = "dev.handspike.host";
const TIME_TO_LIVE: &str = "dev.handspike.ttl";
const KEEP: &str = "dev.handspike.keep";
const IMAGE: &str = "dev.handspike.image-used";
/// The label of a server's containers; its value is the id of the server's store.
pub(crate) const SERVER_LABEL: &str = "dev.handspike.server";
const KEPT_FOR: &str = "dev.handspike.server.kept-for";

/// A process, told apart from all others that had or will have its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pid: i32,
    /// Clock ticks from the machine's start to the process's start.
    started: u64,
    /// The machine since its last start, and the process namespace.
    host: String,
}

/// How an owner fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Alive,
    /// It has ended.
    Gone,
    /// It belongs to another machine or process namespace, or that can't be told.
    Unknown,
}

impl Owner {
    /// The process that asks.
    #[must_use]
    pub fn this_process() -> Self {
        let pid = i32::try_from(process::id()).unwrap_or(0);
        Self { pid, started: start_time(pid).unwrap_or(0), host: this_host() }
    }

    fn from_labels(labels: &HashMap<String, String>) -> Option<Self> {
        Some(Self {
            pid: labels.get(PID)?.parse().ok().filter(|pid| *pid > 0)?,
            started: labels.get(STARTED)?.parse().ok()?,
            host: labels.get(HOST)?.clone(),
        })
    }

    /// Whether this process still runs.
    #[must_use]
    pub fn life(&self) -> Life {
        if self.host != this_host() {
            return Life::Unknown;
        }
        match kill(Pid::from_raw(self.pid), None) {
            Err(Errno::ESRCH) => Life::Gone,
            // It exists, perhaps as somebody else's. Where its start can't be read it might be the owner.
            _ => match start_time(self.pid) {
                Some(started) if started != self.started => Life::Gone,
                _ => Life::Alive,
            },
        }
    }
}

/// What a container's labels say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The session's id.
    pub session: String,
    /// The process that made the container; none where the labels make no sense.
    pub owner: Option<Owner>,
    /// Seconds that it lives on with nobody connected.
    pub time_to_live: u64,
    /// Whether it was meant to outlive its session.
    pub keep: bool,
    /// The image that the guest was put into.
    pub image: String,
    /// The server whose it is, if it is one's.
    pub server: Option<ServerClaim>,
}

impl Ownership {
    /// Reads labels; none when they are not of a sandbox.
    #[must_use]
    pub fn from_labels(labels: &HashMap<String, String>) -> Option<Self> {
        Some(Self {
            session: labels.get(SESSION_LABEL)?.clone(),
            owner: Owner::from_labels(labels),
            time_to_live: labels.get(TIME_TO_LIVE).and_then(|seconds| seconds.parse().ok()).unwrap_or(0),
            keep: labels.get(KEEP).is_some_and(|keep| keep == "true"),
            image: labels.get(IMAGE).cloned().unwrap_or_default(),
            server: server_in(labels),
        })
    }

    /// How the owner fares. Of a server it can't be told: another process may be it.
    #[must_use]
    pub fn life(&self) -> Life {
        match (&self.server, &self.owner) {
            (None, Some(owner)) => owner.life(),
            (Some(_), _) | (None, None) => Life::Unknown,
        }
    }
}

/// The labels of a container that this process makes: each of them, also where there is nothing to say, since a container
/// has those of its image as well. An image that a server's container was the first to use carries the server's.
pub(crate) fn labels(session: SessionId, spec: &SandboxSpec) -> HashMap<String, String> {
    let owner = Owner::this_process();
    let (server, kept_for) = match spec.server {
        Some(ServerClaim { store, kept_for }) => (store.to_string(), kept_for.as_secs().to_string()),
        None => Default::default(),
    };
    [
        (SESSION_LABEL, session.to_string()),
        (PID, owner.pid.to_string()),
        (STARTED, owner.started.to_string()),
        (HOST, owner.host),
        (TIME_TO_LIVE, spec.time_to_live.as_secs().to_string()),
        (KEEP, spec.keep.to_string()),
        (IMAGE, spec.image.clone()),
        (SERVER_LABEL, server),
        (KEPT_FOR, kept_for),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .into()
}

fn server_in(labels: &HashMap<String, String>) -> Option<ServerClaim> {
    let store = labels.get(SERVER_LABEL)?.parse().ok()?;
    let kept_for =
        labels.get(KEPT_FOR).and_then(|seconds| seconds.parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
    Some(ServerClaim { store, kept_for })
}

/// Field 22 of `/proc/PID/stat`; 0 for a process that has ended and only waits to be reaped. The command's name before
/// it may hold anything, so fields count from its end.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    match fields.next()? {
        "Z" | "X" => Some(0),
        _ => fields.nth(18)?.parse().ok(),
    }
}

fn this_host() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{}/{}", boot.trim(), namespace.display())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn this_process_with(change: impl FnOnce(&mut HashMap<String, String>)) -> Life {
        let mut labels = labels(SessionId::generate(), &SandboxSpec::new("base"));
        change(&mut labels);
        Ownership::from_labels(&labels).expect("the labels of a sandbox").life()
    }

    #[test]
    fn this_process_is_alive() {
        assert_eq!(this_process_with(|_| {}), Life::Alive);
    }

    #[test]
    fn a_process_id_that_is_used_again_is_not_the_owner() {
        assert_eq!(this_process_with(|labels| drop(labels.insert(STARTED.into(), "1".into()))), Life::Gone);
    }

    #[test]
    fn an_ended_process_is_gone() {
        let mut child = process::Command::new("true").spawn().expect("true runs");
        let pid = child.id().to_string();
        child.wait().expect("true ends");
        assert_eq!(this_process_with(|labels| drop(labels.insert(PID.into(), pid))), Life::Gone);
    }

    #[test]
    fn a_process_that_nobody_has_reaped_is_gone() {
        let mut child = process::Command::new("true").stdout(process::Stdio::piped()).spawn().expect("true runs");
        let owner = start_time(i32::try_from(child.id()).expect("a process id"));
        let started = owner.filter(|started| *started > 0).unwrap_or(u64::MAX).to_string();
        // Its output ends when it does; it is a zombie from then on.
        std::io::copy(&mut child.stdout.take().expect("piped"), &mut std::io::sink()).expect("reads");
        let pid = child.id().to_string();
        let labels = |labels: &mut HashMap<String, String>| {
            labels.insert(PID.into(), pid.clone());
            labels.insert(STARTED.into(), started.clone());
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while this_process_with(labels) != Life::Gone {
            assert!(std::time::Instant::now() < deadline, "a zombie counts as alive");
        }
        child.wait().expect("true ends");
    }

    #[test]
    fn another_machine_s_process_is_not_judged() {
        assert_eq!(this_process_with(|labels| drop(labels.insert(HOST.into(), "elsewhere".into()))), Life::Unknown);
    }

    #[test]
    fn a_server_is_known_by_its_store_and_its_end_is_nobody_elses_to_judge() {
        let claim = ServerClaim { store: Uuid::now_v7(), kept_for: Duration::from_secs(70) };
        let spec = SandboxSpec { server: Some(claim), ..SandboxSpec::new("base") };
        let mut labels = labels(SessionId::generate(), &spec);
        labels.insert(STARTED.into(), "1".into());
        let ownership = Ownership::from_labels(&labels).expect("the labels of a sandbox");
        assert_eq!((ownership.server, ownership.life()), (Some(claim), Life::Unknown));
    }

    #[test]
    fn what_an_image_says_of_a_server_is_not_said_of_a_run_s_sandbox() {
        let made_by = |spec: &SandboxSpec| labels(SessionId::generate(), spec);
        let claim = ServerClaim { store: Uuid::now_v7(), kept_for: Duration::from_secs(70) };
        let mut inherited = made_by(&SandboxSpec { server: Some(claim), ..SandboxSpec::new("base") });
        inherited.extend(made_by(&SandboxSpec::new("base")));
        assert_eq!(Ownership::from_labels(&inherited).expect("the labels of a sandbox").server, None);
    }

    #[test]
    fn labels_that_make_no_sense_are_not_judged() {
        assert_eq!(this_process_with(|labels| drop(labels.insert(PID.into(), "-1".into()))), Life::Unknown);
    }
}
