//! Removing what a dead owner left behind. A container is taken only when its owner is known to be gone; what
//! belongs to another machine on the same engine is left alone until it has ended by itself, and what belongs to a server
//! until it has been stopped for as long as the server keeps it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::errors::Error;
use chrono::DateTime;

use crate::{Engine, container::Listed, engine::is_not_found, owner::Life};

impl Engine {
    /// Removes orphaned sandboxes and says how many they were. One that can't be removed is left for the next time.
    pub async fn reap(&self) -> Result<usize, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let mut removed = 0;
        for sandbox in self.sandboxes().await? {
            let is_taken = match verdict(&sandbox, sandbox.ownership.life(), now) {
                Verdict::Left => false,
                Verdict::Taken => true,
                Verdict::TakenIfStoppedBefore(second) => self.stopped_at(&sandbox).await? < second,
            };
            if !is_taken {
                continue;
            }
            match self.remove(&sandbox.id).await {
                Ok(()) => removed += 1,
                Err(error) => {
                    tracing::warn!(container = sandbox.id, %error, "an orphaned sandbox could not be removed");
                }
            }
        }
        Ok(removed)
    }

    /// Seconds from the Unix epoch to when a container ended last, or to its making if it never ran. One that runs again
    /// or can't be looked at has no such time yet.
    async fn stopped_at(&self, sandbox: &Listed) -> Result<u64, Error> {
        let about = match self.docker.inspect_container(&sandbox.id, None).await {
            Ok(about) => about,
            Err(error) if is_not_found(&error) => return Ok(u64::MAX),
            Err(error) => return Err(error),
        };
        let Some(state) = about.state.filter(|state| state.running == Some(false)) else { return Ok(u64::MAX) };
        let finished = state.finished_at.as_deref().map(DateTime::parse_from_rfc3339);
        let Some(Ok(finished)) = finished else { return Ok(u64::MAX) };
        // Of one that never ran the engine says the year 1.
        Ok(u64::try_from(finished.timestamp()).unwrap_or(0).max(sandbox.created))
    }
}

/// What is to become of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Left,
    Taken,
    /// Taken if it was stopped before this second from the Unix epoch.
    TakenIfStoppedBefore(u64),
}

fn verdict(sandbox: &Listed, life: Life, now: u64) -> Verdict {
    let age = now.saturating_sub(sandbox.created);
    if let Some(server) = sandbox.ownership.server {
        let kept_for = server.kept_for.as_secs();
        // It can't have been stopped for longer than it has been there.
        let may_be_over = !sandbox.running && age > kept_for;
        return match may_be_over {
            true => Verdict::TakenIfStoppedBefore(now.saturating_sub(kept_for)),
            false => Verdict::Left,
        };
    }
    // A guest ends itself when nobody has been connected for the time to live.
    let expired = !sandbox.running && age > sandbox.ownership.time_to_live;
    let is_orphan = match life {
        Life::Alive => false,
        Life::Gone => !sandbox.ownership.keep,
        Life::Unknown => !sandbox.ownership.keep && expired,
    };
    if is_orphan { Verdict::Taken } else { Verdict::Left }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{ServerClaim, owner::Ownership};

    fn sandbox(running: bool, keep: bool) -> Listed {
        let ownership = Ownership {
            session: "s".to_owned(),
            owner: None,
            time_to_live: 60,
            keep,
            image: "i".to_owned(),
            server: None,
        };
        Listed { id: "c".to_owned(), created: 1000, running, is_new: false, is_sandbox: true, ownership }
    }

    #[test]
    fn a_live_owner_s_sandbox_is_never_taken() {
        for running in [true, false] {
            for keep in [true, false] {
                assert_eq!(verdict(&sandbox(running, keep), Life::Alive, u64::MAX), Verdict::Left);
            }
        }
    }

    #[test]
    fn a_dead_owner_s_sandbox_is_taken_unless_it_is_kept() {
        assert_eq!(verdict(&sandbox(true, false), Life::Gone, 1001), Verdict::Taken);
        assert_eq!(verdict(&sandbox(true, true), Life::Gone, u64::MAX), Verdict::Left);
        assert_eq!(verdict(&sandbox(false, true), Life::Gone, u64::MAX), Verdict::Left);
    }

    #[test]
    fn what_belongs_elsewhere_is_taken_only_after_it_ended_and_expired() {
        assert_eq!(verdict(&sandbox(true, false), Life::Unknown, u64::MAX), Verdict::Left);
        assert_eq!(verdict(&sandbox(false, false), Life::Unknown, 1060), Verdict::Left);
        assert_eq!(verdict(&sandbox(false, false), Life::Unknown, 1061), Verdict::Taken);
    }

    #[test]
    fn a_server_s_sandbox_is_taken_only_after_it_was_stopped_for_its_time_whoever_made_it() {
        let server = |running: bool| {
            let mut sandbox = sandbox(running, true);
            let kept_for = Duration::from_secs(5000);
            sandbox.ownership.server = Some(ServerClaim { store: Uuid::now_v7(), kept_for });
            sandbox
        };
        for life in [Life::Alive, Life::Gone, Life::Unknown] {
            assert_eq!(verdict(&server(true), life, u64::MAX), Verdict::Left);
            assert_eq!(verdict(&server(false), life, 6000), Verdict::Left);
            assert_eq!(verdict(&server(false), life, 6001), Verdict::TakenIfStoppedBefore(1001));
        }
    }
}
