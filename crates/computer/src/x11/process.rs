//! What the kernel shows of a process: whether it sleeps, and whether it has run since an earlier look.
//!
//! Every look at `/proc` costs some ten microseconds a thread. A thread that runs is switched to and away from, which the
//! kernel counts; one that computes without a pause uses up time, which it counts as well. So two looks that are the same
//! mean that nothing has run in between. Where there is no such file (another system, a process of somebody who hides
//! theirs), there is no look.

use std::fs;

/// A process of this machine, in this process's namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    id: u32,
}

/// A process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    state: State,
    /// How often each thread was switched away from.
    switches: Vec<(u32, u64)>,
    /// The processor's time that all threads together have used, in units of the system's choice.
    time: u64,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All threads sleep until something happens.
    Asleep,
    /// Some thread runs, would run if it got a processor, or waits for a disk, for a time to pass or for another process.
    Occupied,
    /// A signal or a debugger has stopped it.
    Stopped,
}

impl Process {
    /// The process with this number, unless nothing can be seen of it.
    pub(super) fn seen(id: u32) -> Option<Self> {
        let process = Self { id };
        process.look().map(|_| process)
    }

    /// What it does now. None: it has ended.
    pub(super) fn look(self) -> Option<Look> {
        let id = self.id;
        let mut switches = Vec::new();
        let mut states = Vec::new();
        for thread in fs::read_dir(format!("/proc/{id}/task")).ok()?.flatten() {
            let Some(thread) = thread.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // A thread may end between the list and the look, which the next list tells.
            let Ok(status) = fs::read_to_string(format!("/proc/{id}/task/{thread}/status")) else { continue };
            let (state, count) = state_and_switches(&status)?;
            if !matches!(state, 'Z' | 'X') {
                switches.push((thread, count));
                states.push(state);
            }
        }
        let mut state = overall(&states)?;
        if state == State::Asleep && states.len() == 1 && self.waits_for_no_event() {
            state = State::Occupied;
        }
        let time = time_used(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?;
        Some(Look { state, switches, time })
    }

    /// Whether a sleeping process waits for a time to pass or for a child. Where the kernel does not say: no.
    fn waits_for_no_event(self) -> bool {
        let place = fs::read_to_string(format!("/proc/{}/wchan", self.id)).unwrap_or_default();
        place.contains("nanosleep") || place.contains("do_wait")
    }
}

impl Look {
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether the process has run between two looks at it.
    pub(super) fn has_run_since(&self, earlier: &Self) -> bool {
        (&self.switches, self.time) != (&earlier.switches, earlier.time)
    }

    #[cfg(test)]
    pub(super) fn made_up(state: State, switches: u64) -> Self {
        Self { state, switches: vec![(1, switches)], time: 0 }
    }
}

fn overall(states: &[char]) -> Option<State> {
    let any = |wanted: &[char]| states.iter().any(|state| wanted.contains(state));
    if states.is_empty() {
        None
    } else if any(&['T', 't']) {
        Some(State::Stopped)
    } else if states.iter().all(|state| matches!(state, 'S' | 'I')) {
        Some(State::Asleep)
    } else {
        Some(State::Occupied)
    }
}

/// Of a thread's `status`: the letter of its state, and how often it was switched away from, of its own will or not.
/// A kernel that does not count shows none, and leaves the state and the time to go by.
fn state_and_switches(status: &str) -> Option<(char, u64)> {
    let value = |line: &str, name: &str| line.strip_prefix(name).map(|value| value.trim().to_owned());
    let state = status.lines().find_map(|line| value(line, "State:"))?.chars().next()?;
    let counts = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
    let of_line = |line| counts.iter().find_map(|name| value(line, name)?.parse::<u64>().ok());
    Some((state, status.lines().filter_map(of_line).sum()))
}

/// Of a process's `stat`: the fourteenth and the fifteenth field. The second is a name in parentheses, which may itself
/// hold spaces and parentheses.
fn time_used(stat: &str) -> Option<u64> {
    const FROM_THE_THIRD_TO_THE_FOURTEENTH: usize = 11;
    let fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    fields.skip(FROM_THE_THIRD_TO_THE_FOURTEENTH).take(2).map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Child, Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    /// A shell script, which says so when it has started.
    struct Script(Child);

    impl Script {
        fn start(script: &str) -> Self {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("echo; {script}")]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("a shell");
            let output = child.stdout.take().expect("it is piped");
            BufReader::new(output).read_line(&mut String::new()).expect("it starts");
            Self(child)
        }

        fn process(&self) -> Process {
            Process::seen(self.0.id()).expect("it runs")
        }

        fn signal(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.0), signal).expect("it runs");
        }

        fn wait_until(&self, is_it: impl Fn(&Look) -> bool) {
            let deadline = Instant::now() + Duration::from_secs(30);
            while !self.process().look().is_some_and(|look| is_it(&look)) {
                assert!(Instant::now() < deadline, "{:?}", self.process().look());
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    impl Drop for Script {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_process_that_waits_for_its_input_is_asleep_and_does_not_run() {
        let script = Script::start("read line");
        script.wait_until(|look| look.state() == State::Asleep);
        let look = script.process().look().expect("it runs");
        assert!(!script.process().look().expect("it runs").has_run_since(&look));
    }

    #[test]
    fn a_process_that_computes_is_occupied_and_runs() {
        let script = Script::start("while :; do :; done");
        let earlier = script.process().look().expect("it runs");
        assert_eq!(earlier.state(), State::Occupied);
        script.wait_until(|look| look.has_run_since(&earlier));
    }

    #[test]
    fn a_stopped_process_is_told_from_a_sleeping_one() {
        let script = Script::start("read line");
        script.signal(Signal::STOP);
        script.wait_until(|look| look.state() == State::Stopped);
        script.signal(Signal::CONT);
        script.wait_until(|look| look.state() == State::Asleep);
    }

    #[test]
    fn a_process_that_has_ended_is_not_seen() {
        let mut script = Script::start("exec true");
        script.0.wait().expect("it ends");
        assert_eq!(Process::seen(script.0.id()), None);
    }

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 30 12 13 14";
        assert_eq!(time_used(stat), Some(42));
        assert_eq!(time_used("7 (a) S 1"), Some(0));
    }
}
