//! Whether processes are at work or wait for something.

use std::fs;

use rustix::process::Pid;

use crate::children::with_descendants;

/// Whether a thread of anything below `root` runs, or would if a processor were free or its disk quicker.
#[must_use]
pub fn any_is_busy_below(root: Pid) -> bool {
    with_descendants([root]).into_iter().filter(|pid| *pid != root).any(|pid| {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())) else { return false };
        threads.flatten().any(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            // The name, in parentheses, may hold anything; the state follows its last parenthesis.
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['R', 'D']))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::{
        process::Command,
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn a_process_that_computes_is_busy_and_one_that_sleeps_is_not() {
        for (program, is_busy) in [("while :; do :; done", true), ("exec sleep 30", false)] {
            let mut parent =
                Command::new("bash").args(["-c", &format!("({program}); :")]).spawn().expect("bash starts");
            let pid = Pid::from_child(&parent);
            let deadline = Instant::now() + Duration::from_secs(5);
            while any_is_busy_below(pid) != is_busy || with_descendants([pid]).len() < 2 {
                assert!(Instant::now() < deadline, "`{program}`");
                std::thread::yield_now();
            }
            for pid in with_descendants([pid]) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            parent.wait().expect("reaped");
        }
    }
}
