//! Who is whose child, from `/proc`.

use std::{collections::HashSet, fs, str};

use rustix::process::Pid;

/// A set of processes.
pub type Pids = HashSet<Pid>;

/// The direct children of a process of one thread, zombies included; none if there is no such process.
pub fn children_of(parent: Pid) -> Pids {
    let pid = parent.as_raw_nonzero();
    match fs::read(format!("/proc/{pid}/task/{pid}/children")) {
        Ok(list) => parse_list(&list),
        Err(_) if fs::exists(format!("/proc/{pid}")).unwrap_or(false) => children_by_scan(parent),
        Err(_) => Pids::new(),
    }
}

/// The direct children of any process: each thread has a list of those it forked.
fn children_of_all_threads(parent: Pid) -> Pids {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero())) else { return Pids::new() };
    let lists: Option<Vec<Vec<u8>>> =
        threads.flatten().map(|thread| fs::read(thread.path().join("children")).ok()).collect();
    match lists {
        Some(lists) => lists.iter().flat_map(|list| parse_list(list)).collect(),
        None => children_by_scan(parent),
    }
}

/// The given processes and all below them.
pub(crate) fn with_descendants(roots: impl IntoIterator<Item = Pid>) -> Pids {
    let mut found = Pids::new();
    let mut open: Vec<Pid> = roots.into_iter().collect();
    while let Some(pid) = open.pop() {
        if found.insert(pid) {
            open.extend(children_of_all_threads(pid));
        }
    }
    found
}

fn parse_list(list: &[u8]) -> Pids {
    list.split(|byte| *byte == b' ').filter_map(parse_pid).collect()
}

fn parse_pid(digits: &[u8]) -> Option<Pid> {
    Pid::from_raw(str::from_utf8(digits).ok()?.trim().parse().ok()?)
}

/// For kernels built without the `children` files.
fn children_by_scan(parent: Pid) -> Pids {
    let Ok(entries) = fs::read_dir("/proc") else { return Pids::new() };
    entries
        .flatten()
        .filter_map(|entry| parse_pid(entry.file_name().as_encoded_bytes()))
        .filter(|pid| parent_of(*pid) == Some(parent))
        .collect()
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name, in parentheses, may hold anything; the state and the parent follow its last parenthesis.
    let (_, rest) = stat.rsplit_once(')')?;
    parse_pid(rest.split_whitespace().nth(1)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn both_ways_of_finding_children_agree() {
        let mut child = Command::new("sleep").arg("30").spawn().expect("sleep starts");
        let (parent, pid) = (rustix::process::getpid(), Pid::from_child(&child));
        assert_eq!(parent_of(pid), Some(parent));
        assert!(children_by_scan(parent).contains(&pid));
        assert!(children_of_all_threads(parent).contains(&pid));
        assert!(with_descendants([parent]).contains(&pid));
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }
}
