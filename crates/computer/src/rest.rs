//! The rule by which a screen is at rest: how long a first change is waited for, how long it must be still after the last
//! one, and when the wait is over anyway. How changes are noticed is the platform's business.

use std::time::{Duration, Instant};

use handspike_types::Settle;

use crate::Settled;

/// No call lasts so long, and the sums of longer times would not fit into a clock.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long to wait for the screen to change, to be still, and at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) first_change: Duration,
    pub(crate) quiet: Duration,
    pub(crate) limit: Duration,
}

impl From<Settle> for Patience {
    fn from(settle: Settle) -> Self {
        let millis = |millis: u64| Duration::from_millis(millis).min(LONGEST);
        let Settle { first_change_ms, quiet_ms, limit_ms } = settle;
        Self { first_change: millis(first_change_ms), quiet: millis(quiet_ms), limit: millis(limit_ms) }
    }
}

/// A screen that is watched until it is at rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    patience: Patience,
    start: Instant,
    last_change: Option<Instant>,
}

/// Whether a screen is at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It is, or the time is over.
    Come(Settled),
    /// It may be, after this time.
    In(Duration),
}

impl Watch {
    /// Begins now.
    pub(crate) fn new(patience: Patience) -> Self {
        Self { patience, start: Instant::now(), last_change: None }
    }

    /// The screen changed.
    pub(crate) fn changed(&mut self, at: Instant) {
        self.last_change = Some(at);
    }

    /// How it stands `now`, where all changes until `known` have been told.
    pub(crate) fn rest(&self, known: Instant, now: Instant) -> Rest {
        let Patience { first_change, quiet, limit } = self.patience;
        let still_at = self.last_change.map_or(self.start + first_change, |change| change + quiet);
        let elapsed = now - self.start;
        let is_still = known >= still_at;
        match self.last_change {
            None if is_still || elapsed >= limit => Rest::Come(Settled::Unchanged(elapsed)),
            Some(_) if is_still => Rest::Come(Settled::Changed(elapsed)),
            Some(_) if elapsed >= limit => Rest::Come(Settled::Restless(elapsed)),
            None | Some(_) => Rest::In((limit - elapsed).min(still_at.saturating_duration_since(now))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Settle = Settle { first_change_ms: 300, quiet_ms: 100, limit_ms: 2000 };

    /// How a screen that changed at these times stands at a time, in milliseconds.
    fn rest(changes: &[u64], at: u64) -> Rest {
        let mut watch = Watch::new(PATIENCE.into());
        let time = |at: u64| watch.start + Duration::from_millis(at);
        let (last, now) = (changes.last().map(|change| time(*change)), time(at));
        last.into_iter().for_each(|last| watch.changed(last));
        watch.rest(now, now)
    }

    #[test]
    fn a_first_change_is_waited_for_and_then_a_time_of_quiet() {
        let ms = Duration::from_millis;
        assert_eq!(rest(&[], 299), Rest::In(ms(1)));
        assert_eq!(rest(&[], 300), Rest::Come(Settled::Unchanged(ms(300))));
        assert_eq!(rest(&[20], 119), Rest::In(ms(1)));
        assert_eq!(rest(&[20], 120), Rest::Come(Settled::Changed(ms(120))));
        assert_eq!(rest(&[20, 1950], 1999), Rest::In(ms(1)));
        assert_eq!(rest(&[20, 1950], 2000), Rest::Come(Settled::Restless(ms(2000))));
    }

    #[test]
    fn any_numbers_fit_into_a_clock() {
        let most = Settle { first_change_ms: u64::MAX, quiet_ms: u64::MAX, limit_ms: u64::MAX };
        let mut watch = Watch::new(most.into());
        let now = watch.start;
        watch.changed(now);
        assert_eq!(watch.rest(now, now), Rest::In(LONGEST));
    }
}
