//! Waiting for a condition, with a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks until a condition holds.
///
/// # Panics
/// When it does not hold within the limit; the message says what was waited for.
pub fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let held = look_for(limit, || holds().then_some(()));
    assert!(held.is_some(), "waited {limit:?} in vain for {what}");
}

/// Looks until there is something to be seen, or the time is up.
pub(crate) fn look_for<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let seen = look();
        if seen.is_some() || Instant::now() >= deadline {
            return seen;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}
