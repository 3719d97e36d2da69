//! How many run at once, and what happens beyond.

use std::time::Duration;

use handspike_core::{AccessError, NoRoom, OpenFailure, Origin, SandboxAccess as _, SandboxWishes};

use crate::support::{Place, eventually, path, try_turn, turn};

#[tokio::test(flavor = "multi_thread")]
async fn without_room_a_session_waits_and_is_told_so_at_the_deadline() {
    let Some(place) = Place::new().await else { return };
    let wait = Duration::from_millis(300);
    let change = |config: &mut handspike_pool::PoolConfig| {
        config.most_running = 1;
        config.longest_wait = wait;
    };
    let pool = place.pool(change).await;
    let (one, two) = (place.session().await, place.session().await);
    let open = turn(&pool, &one).await;
    let refused = try_turn(&pool, &two).await.err().expect("no room");
    let OpenFailure::NoRoom(NoRoom { limit: 1, waited }) = refused else { panic!("{refused}") };
    assert!(waited >= wait, "{waited:?}");
    let bytes = Box::pin(&b"text"[..]);
    let refused = pool.write_file(two.id, &SandboxWishes::default(), &path("a"), bytes).await.expect_err("no room");
    assert!(matches!(refused, AccessError::NoRoom(_)), "{refused}");
    assert_eq!((place.state_of(&two), pool.counts().waiting), (None, 0));
    assert_eq!(open.bash("echo here").await, "here");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_idle_makes_room_and_comes_back_with_its_files() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.most_running = 2).await;
    let (one, two, three) = (place.session().await, place.session().await, place.session().await);
    for session in [&one, &two] {
        let open = turn(&pool, session).await;
        open.bash("echo mine > file").await;
        open.close().await;
    }
    let busy = turn(&pool, &two).await;
    turn(&pool, &three).await.close().await;
    assert_eq!(place.state_of(&one).as_deref(), Some("exited"));
    assert_eq!(place.state_of(&two).as_deref(), Some("running"));
    // Now the third is the only one that nobody uses.
    let back = turn(&pool, &one).await;
    assert_eq!((back.origin, back.bash("cat file").await.as_str()), (Origin::Restarted, "mine"));
    assert_eq!(place.state_of(&three).as_deref(), Some("exited"));
    assert_eq!((busy.bash("cat file").await.as_str(), pool.counts().running), ("mine", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_let_in_when_a_turn_ends() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.most_running = 1).await;
    let (one, two) = (place.session().await, place.session().await);
    let open = turn(&pool, &one).await;
    let ending = async {
        eventually("the second session in line", async || pool.counts().waiting == 1).await;
        open.close().await;
    };
    let (next, ()) = tokio::join!(turn(&pool, &two), ending);
    assert_eq!((next.origin, next.bash("echo here").await.as_str()), (Origin::Made, "here"));
    assert_eq!(place.state_of(&one).as_deref(), Some("exited"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_waiting_leaves_the_line_and_nothing_behind() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.most_running = 1).await;
    let (one, two) = (place.session().await, place.session().await);
    let open = turn(&pool, &one).await;
    tokio::select! {
        _ = try_turn(&pool, &two) => panic!("there is no room"),
        () = eventually("the second session in line", async || pool.counts().waiting == 1) => {}
    }
    eventually("an empty line", async || pool.counts().waiting == 0).await;
    open.close().await;
    assert_eq!((place.state_of(&one).as_deref(), place.state_of(&two)), (Some("running"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_come_in_at_once_and_all_are_served() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.most_running = 3).await;
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(place.session().await);
    }
    let serve = async |number: usize| {
        let open = turn(&pool, &sessions[number]).await;
        assert_eq!(open.bash(&format!("echo {number}")).await, number.to_string());
        assert!(pool.counts().running <= 3);
        open.close().await;
    };
    futures_util::future::join_all((0..8).map(serve)).await;
    let states: Vec<_> = sessions.iter().map(|session| place.state_of(session).expect("a container")).collect();
    let running = states.iter().filter(|state| *state == "running").count();
    assert!((1..=3).contains(&running), "{states:?}");
}
