//! When a screen is at rest, told from pictures alone.
//!
//! No platform but X11 reports change, so pictures are compared: one every 15 ms, or more seldom where taking one is slow,
//! so that pictures take half of the time at most.

use std::time::{Duration, Instant};

use handspike_types::Settle;

use crate::{
    DesktopError, Settled,
    rest::{Rest, Watch},
};

/// The shortest time from one picture to the next.
const INTERVAL: Duration = Duration::from_millis(15);

/// What is watched: pictures that can be compared, and time that can be let pass.
pub(super) trait Watched {
    /// Looks at the screen, and says whether it is another than at the last look.
    fn has_changed(&mut self) -> Result<bool, DesktopError>;

    fn let_pass(&mut self, time: Duration) -> Result<(), DesktopError>;
}

/// Waits until the screen, after a first change, has been still for a while.
pub(super) fn until_still(watched: &mut impl Watched, patience: Settle) -> Result<Settled, DesktopError> {
    if patience.limit_ms == 0 {
        return Ok(Settled::Unchanged(Duration::ZERO));
    }
    let mut watch = Watch::new(patience.into());
    loop {
        let looked = Instant::now();
        if watched.has_changed()? {
            watch.changed(looked);
        }
        // What changes while a picture is taken may not be on it, so rest is counted from before the picture.
        let now = Instant::now();
        match watch.rest(looked, now) {
            Rest::Come(settled) => return Ok(settled),
            Rest::In(left) => watched.let_pass(left.min(INTERVAL.max(now - looked)))?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    /// A screen that changes at these looks, counted from 0.
    struct Screen<F>(usize, F);

    impl<F: Fn(usize) -> bool> Watched for Screen<F> {
        fn has_changed(&mut self) -> Result<bool, DesktopError> {
            self.0 += 1;
            Ok((self.1)(self.0 - 1))
        }

        fn let_pass(&mut self, time: Duration) -> Result<(), DesktopError> {
            sleep(time);
            Ok(())
        }
    }

    const PATIENCE: Settle = Settle { first_change_ms: 150, quiet_ms: 50, limit_ms: 400 };

    fn watch(changes: impl Fn(usize) -> bool) -> (Settled, usize) {
        let mut screen = Screen(0, changes);
        (until_still(&mut screen, PATIENCE).expect("nothing fails"), screen.0)
    }

    #[test]
    fn a_still_screen_is_watched_for_a_first_change_and_not_too_often() {
        let (settled, looks) = watch(|_| false);
        assert!(matches!(settled, Settled::Unchanged(time) if time.as_millis() >= 150), "{settled:?}");
        assert!((2..=12).contains(&looks), "{looks}");
    }

    #[test]
    fn a_change_is_followed_by_a_time_of_quiet() {
        let (settled, _) = watch(|look| look == 2);
        assert!(matches!(settled, Settled::Changed(time) if (50..150).contains(&time.as_millis())), "{settled:?}");
    }

    #[test]
    fn a_screen_that_never_rests_is_watched_to_the_limit() {
        let (settled, _) = watch(|_| true);
        assert!(matches!(settled, Settled::Restless(time) if time.as_millis() >= 400), "{settled:?}");
    }

    #[test]
    fn a_limit_before_a_first_change_is_due_ends_the_watch_without_one() {
        let mut screen = Screen(0, |_| false);
        let patience = Settle { first_change_ms: u64::MAX, quiet_ms: u64::MAX, limit_ms: 40 };
        let settled = until_still(&mut screen, patience).expect("nothing fails");
        assert!(matches!(settled, Settled::Unchanged(time) if (40..140).contains(&time.as_millis())), "{settled:?}");
    }

    #[test]
    fn without_patience_for_a_first_change_one_look_is_enough() {
        let mut screen = Screen(0, |_| false);
        let patience = Settle { first_change_ms: 0, ..PATIENCE };
        assert!(matches!(until_still(&mut screen, patience), Ok(Settled::Unchanged(_))));
        assert_eq!(screen.0, 1);
    }
}
