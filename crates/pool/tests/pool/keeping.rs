//! From the first call to the end of the session.

use std::time::Duration;

use handspike_core::{OpenFailure, Origin, SandboxAccess as _, SandboxFailure, SandboxWishes, Sandboxes as _};
use handspike_sandbox::Engine;
use handspike_store::Kind;

use crate::support::{Place, eventually, path, turn};

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_made_once_and_kept_between_turns() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    drop(pool.source(session.id, &SandboxWishes::default()));
    assert_eq!(place.state_of(&session), None, "nothing is made before a call needs it");
    let (first, beside) = tokio::join!(turn(&pool, &session), turn(&pool, &session));
    let mut origins = [first.origin, beside.origin];
    origins.sort_by_key(|origin| *origin == Origin::Found);
    assert_eq!(origins, [Origin::Made, Origin::Found]);
    first.bash("kept=7").await;
    first.close().await;
    beside.close().await;
    let next = turn(&pool, &session).await;
    assert_eq!((next.origin, next.bash("echo $kept").await.as_str()), (Origin::Found, "7"));
    assert_eq!(place.docker.sandboxes_of(&session.id.to_string()).len(), 1);
    let row = place.store.sandbox(session.id.into()).await.expect("read").expect("remembered");
    assert_eq!((row.container, row.state.as_str()), (format!("handspike-sandbox-{}", session.id), "running"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_sandbox_is_stopped_and_started_again_with_its_files() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.idle_limit = Duration::from_secs(2)).await;
    let session = place.session().await;
    let first = turn(&pool, &session).await;
    first.bash("echo kept > file; lost=7").await;
    // As long as something runs it is not idle.
    first.bash("sleep 4").await;
    assert_eq!(place.state_of(&session).as_deref(), Some("running"));
    first.close().await;
    place.wait_for_state(&session, Some("exited")).await;
    eventually("room", async || pool.counts().running == 0).await;
    let next = turn(&pool, &session).await;
    assert_eq!((next.origin, next.bash("cat file; echo \"<$lost>\"").await.as_str()), (Origin::Restarted, "kept\n<>"));
    assert_eq!(pool.counts().running, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_whose_sandbox_was_stopped_under_it_goes_on_in_the_same_one() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.idle_limit = Duration::from_secs(1)).await;
    let session = place.session().await;
    let waits_for_a_person = turn(&pool, &session).await;
    place.wait_for_state(&session, Some("exited")).await;
    eventually("the end of the stopping", async || pool.counts().running == 0).await;
    let failure = waits_for_a_person.try_bash("true").await.expect_err("it is stopped");
    assert!(matches!(failure, SandboxFailure::NotReached(_)), "{failure:?}");
    // A client looks at a file first, and the model is told all the same.
    let missing = pool.read_file(session.id, &path("none")).await.err().expect("no file");
    assert!(missing.to_string().contains("no such file"), "{missing}");
    assert_eq!(turn(&pool, &session).await.origin, Origin::Restarted);
    assert_eq!(turn(&pool, &session).await.origin, Origin::Found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_removed_behind_the_pool_s_back_is_replaced() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    let first = turn(&pool, &session).await;
    let id = place.docker.sandboxes_of(&session.id.to_string()).pop().expect("a container");
    place.docker.does(&["rm", "--force", &id]);
    let failure = first.try_bash("true").await.expect_err("it is gone");
    assert!(matches!(failure, SandboxFailure::NotReached(_) | SandboxFailure::Ended(_)), "{failure:?}");
    assert_eq!(turn(&pool, &session).await.origin, Origin::Replaced);
    // Without a call it is noticed, too.
    let id = place.docker.sandboxes_of(&session.id.to_string()).pop().expect("a container");
    place.docker.does(&["rm", "--force", &id]);
    eventually("its room", async || pool.counts().running == 0).await;
    assert_eq!(turn(&pool, &session).await.origin, Origin::Replaced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_takes_its_sandbox_with_it() {
    let Some(place) = Place::new().await else { return };
    let (pool, session, other) = (place.pool(|_| {}).await, place.session().await, place.session().await);
    let open = turn(&pool, &session).await;
    turn(&pool, &other).await.close().await;
    place.store.delete(Kind::Session, session.id.into()).await.expect("deleted");
    let late = pool.source(session.id, &SandboxWishes::default());
    pool.remove(session.id).await.expect("removed");
    assert_eq!((place.state_of(&session), place.store.sandbox(session.id.into()).await.expect("read")), (None, None));
    let failure = open.try_bash("true").await.expect_err("it is gone");
    assert!(matches!(failure, SandboxFailure::NotReached(_)), "{failure:?}");
    // A turn that has not noticed yet gets no other one.
    let refused = late.open(&handspike_core::Progress::channel().0).await.err().expect("over");
    assert!(matches!(&refused, OpenFailure::Failed(_)), "{refused}");
    assert!(refused.to_string().contains("was deleted"), "{refused}");
    assert_eq!(place.state_of(&session), None);
    assert_eq!((place.state_of(&other).as_deref(), pool.counts().running), (Some("running"), 1));
    pool.remove(session.id).await.expect("nothing to remove");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_of_a_session_that_was_deleted_without_it_is_removed() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    turn(&pool, &session).await.close().await;
    place.store.delete(Kind::Session, session.id.into()).await.expect("deleted");
    place.wait_for_state(&session, None).await;
    let is_forgotten = async || place.store.sandbox(session.id.into()).await.expect("read").is_none();
    eventually("its row to be forgotten", is_forgotten).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_whose_time_is_up_is_removed_and_its_session_told() {
    let Some(place) = Place::new().await else { return };
    let change = |config: &mut handspike_pool::PoolConfig| {
        config.idle_limit = Duration::from_secs(1);
        config.time_to_live = Duration::from_secs(2);
    };
    let (pool, session) = (place.pool(change).await, place.session().await);
    turn(&pool, &session).await.close().await;
    place.wait_for_state(&session, None).await;
    let is_told = async || {
        let row = place.store.sandbox(session.id.into()).await.expect("read").expect("its session is there");
        row.container.is_empty()
    };
    eventually("the row's change", is_told).await;
    assert!(pool.read_file(session.id, &path("a")).await.err().expect("gone").to_string().contains("no sandbox"));
    assert_eq!(turn(&pool, &session).await.origin, Origin::Replaced);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_clears_up_leaves_a_server_s_sandbox_until_its_time_is_up() {
    let Some(place) = Place::new().await else { return };
    let engine = Engine::connect().await.expect("an engine");
    for (seconds, outlasts) in [(600, true), (1, false)] {
        let pool = place.pool(|config| config.time_to_live = Duration::from_secs(seconds)).await;
        let session = place.session().await;
        turn(&pool, &session).await.close().await;
        pool.close().await;
        engine.reap().await.expect("swept");
        assert_eq!(place.state_of(&session).as_deref(), Some("running"), "it may be another process's by now");
        let id = place.docker.sandboxes_of(&session.id.to_string()).pop().expect("a container");
        place.docker.does(&["stop", &id]);
        engine.reap().await.expect("swept");
        if outlasts {
            assert_eq!(place.state_of(&session).as_deref(), Some("exited"));
        } else {
            let is_gone = async || {
                engine.reap().await.expect("swept");
                place.state_of(&session).is_none()
            };
            eventually("the end of its time", is_gone).await;
        }
    }
}
