//! The rule by which a program has read its keys that does not tell: it has been asleep for a while without having run.
//!
//! A program that waits for events sleeps only when it has dealt with all that there are. One that is stopped, or waits
//! for a processor, is not asleep. One that is never at rest, since it draws all the time, has to have run again and again
//! for a long while; that is no proof, and is not passed off as one.

use std::time::{Duration, Instant};

use super::process::{Look, State};

/// How long a program has to have slept. One that sleeps between two keys, to draw or to ask somebody, sleeps less.
const REST: Duration = Duration::from_millis(50);
/// How many looks have to find that a restless program has run since the look before.
const RUNS: u32 = 20;

/// How long a program may be waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Without that it runs.
    pub(super) silent: Duration,
    /// While it runs, but does not come to rest.
    pub(super) restless: Duration,
}

/// A program that is looked at until it is known whether it has read its keys.
#[derive(Debug)]
pub(super) struct Vigil {
    limits: Limits,
    start: Instant,
    last: Look,
    last_run: Instant,
    asleep_since: Option<Instant>,
    runs: u32,
}

/// What the looks so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is awake.
    Awake,
    /// It is asleep, but has not been for long.
    Dozing,
    /// It has read everything.
    AtRest,
    /// It runs for so long that it should have read everything.
    Restless,
    /// It does not run.
    Silent,
}

impl Vigil {
    /// Begins after the keys have been sent.
    pub(super) fn new(limits: Limits, look: Look, now: Instant) -> Self {
        Self { limits, start: now, last: look, last_run: now, asleep_since: None, runs: 0 }
    }

    /// How it stands after another look.
    pub(super) fn see(&mut self, look: Look, now: Instant) -> Verdict {
        let has_run = look.has_run_since(&self.last);
        if has_run {
            self.runs += 1;
            self.last_run = now;
        }
        self.asleep_since = match look.state() {
            State::Asleep if has_run => Some(now),
            State::Asleep => self.asleep_since.or(Some(now)),
            State::Occupied | State::Stopped => None,
        };
        self.last = look;
        match self.asleep_since {
            Some(since) if now - since >= REST => Verdict::AtRest,
            None if now - self.last_run >= self.limits.silent => Verdict::Silent,
            Some(_) | None if self.runs >= RUNS && now - self.start >= self.limits.restless => Verdict::Restless,
            Some(_) => Verdict::Dozing,
            None => Verdict::Awake,
        }
    }

    /// Has it rest for as long once more.
    pub(super) fn rest_again(&mut self) {
        self.asleep_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { silent: Duration::from_secs(10), restless: Duration::from_secs(1) };

    /// The verdict after looks at these times, in milliseconds, each with a state and a count of switches.
    fn verdict(looks: &[(u64, State, u64)]) -> Verdict {
        let start = Instant::now();
        let mut vigil = Vigil::new(LIMITS, Look::made_up(State::Occupied, 0), start);
        let see = |(at, state, switches): &(u64, State, u64)| {
            vigil.see(Look::made_up(*state, *switches), start + Duration::from_millis(*at))
        };
        looks.iter().map(see).last().expect("a look")
    }

    #[test]
    fn a_program_that_sleeps_on_has_read_its_keys() {
        assert_eq!(verdict(&[(5, State::Asleep, 1), (54, State::Asleep, 1)]), Verdict::Dozing);
        assert_eq!(verdict(&[(5, State::Asleep, 1), (55, State::Asleep, 1)]), Verdict::AtRest);
    }

    #[test]
    fn one_that_has_run_in_its_sleep_has_to_sleep_again() {
        assert_eq!(verdict(&[(5, State::Asleep, 1), (55, State::Asleep, 2)]), Verdict::Dozing);
        assert_eq!(verdict(&[(5, State::Asleep, 1), (55, State::Asleep, 2), (105, State::Asleep, 2)]), Verdict::AtRest);
    }

    #[test]
    fn one_that_waits_for_a_processor_is_waited_for() {
        assert_eq!(
            verdict(&[(5, State::Asleep, 1), (50, State::Occupied, 1), (60, State::Asleep, 1)]),
            Verdict::Dozing
        );
        assert_eq!(verdict(&[(9999, State::Occupied, 0)]), Verdict::Awake);
    }

    #[test]
    fn one_that_does_not_run_is_given_up() {
        assert_eq!(verdict(&[(2000, State::Stopped, 1), (12_000, State::Stopped, 1)]), Verdict::Silent);
    }

    #[test]
    fn one_that_always_runs_has_to_run_often_and_for_long() {
        let looks = |step: u64| (1..=20).map(|look| (look * step, State::Occupied, look)).collect::<Vec<_>>();
        assert_eq!(verdict(&looks(49)), Verdict::Awake);
        assert_eq!(verdict(&looks(50)), Verdict::Restless);
        assert_eq!(verdict(&looks(200)[..19]), Verdict::Awake);
    }
}
