//! Removing what a dead owner left behind. A container is taken only when its owner is known to be gone; what
//! belongs to another machine on the same engine is left alone until it has ended by itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::errors::Error;

use crate::{Engine, container::Listed, owner::Life};

impl Engine {
    /// Removes orphaned sandboxes and says how many they were. One that can't be removed is left for the next time.
    pub async fn reap(&self) -> Result<usize, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let orphans =
            self.sandboxes().await?.into_iter().filter(|sandbox| is_orphan(sandbox, sandbox.ownership.life(), now));
        let mut removed = 0;
        for orphan in orphans {
            match self.remove(&orphan.id).await {
                Ok(()) => removed += 1,
                Err(error) => tracing::warn!(container = orphan.id, %error, "an orphaned sandbox could not be removed"),
            }
        }
        Ok(removed)
    }
}

fn is_orphan(sandbox: &Listed, life: Life, now: u64) -> bool {
    // A guest ends itself when nobody has been connected for the time to live.
    let expired = !sandbox.running && now.saturating_sub(sandbox.created) > sandbox.ownership.time_to_live;
    match life {
        Life::Alive => false,
        Life::Gone => !sandbox.ownership.keep,
        Life::Unknown => !sandbox.ownership.keep && expired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owner::Ownership;

    fn sandbox(running: bool, keep: bool) -> Listed {
        let ownership =
            Ownership { session: "s".to_owned(), owner: None, time_to_live: 60, keep, image: "i".to_owned() };
        Listed { id: "c".to_owned(), created: 1000, running, ownership }
    }

    #[test]
    fn a_live_owner_s_sandbox_is_never_taken() {
        for running in [true, false] {
            for keep in [true, false] {
                assert!(!is_orphan(&sandbox(running, keep), Life::Alive, u64::MAX));
            }
        }
    }

    #[test]
    fn a_dead_owner_s_sandbox_is_taken_unless_it_is_kept() {
        assert!(is_orphan(&sandbox(true, false), Life::Gone, 1001));
        assert!(!is_orphan(&sandbox(true, true), Life::Gone, u64::MAX));
        assert!(!is_orphan(&sandbox(false, true), Life::Gone, u64::MAX));
    }

    #[test]
    fn what_belongs_elsewhere_is_taken_only_after_it_ended_and_expired() {
        assert!(!is_orphan(&sandbox(true, false), Life::Unknown, u64::MAX));
        assert!(!is_orphan(&sandbox(false, false), Life::Unknown, 1060));
        assert!(is_orphan(&sandbox(false, false), Life::Unknown, 1061));
    }
}
