//! A server that ends, however it ends, finds its sandboxes again with all that is in them.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use handspike_core::Origin;
use handspike_pool::Pool;
use handspike_sandbox::{BuiltIn, Engine};
use handspike_store::{Location, Store};
use uuid::Uuid;

use crate::support::{Place, Session, pool_over, turn};

/// Where the other process finds its store and session; set for that process only.
const OTHER: &str = "HANDSPIKE_TEST_OTHER_SERVER";

async fn assert_all_is_found(pool: &Pool, session: &Session) {
    assert_eq!(pool.counts().running, 1, "what runs is counted before anybody needs it");
    let found = turn(pool, session).await;
    assert_eq!((found.origin, found.bash("echo $kept; jobs | wc -l").await.as_str()), (Origin::Found, "7\n1"));
    assert_eq!(pool.counts().running, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_started_again_finds_its_sandboxes_with_their_shells() {
    let Some(place) = Place::new().await else { return };
    let session = place.session().await;
    let pool = place.pool(|_| {}).await;
    let open = turn(&pool, &session).await;
    open.bash("kept=7; sleep 1000 &").await;
    open.close().await;
    pool.close().await;
    drop(pool);
    place.store.close().await;
    let store = Store::open(&place.location).await.expect("a store");
    let pool = pool_over(store, BuiltIn::Base, |_| {}).await;
    assert_all_is_found(&pool, &session).await;
}

/// The other side of the test below: this program runs itself with this one test, which opens a sandbox and stays until it
/// is killed. Run by itself it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn other_server() {
    let Ok(words) = std::env::var(OTHER) else { return };
    let (file, session) = words.split_once('\n').expect("two words");
    let session: Uuid = session.parse().expect("an id");
    let store = Store::open(&Location::file(file)).await.expect("a store");
    let pool = pool_over(store, BuiltIn::Base, |_| {}).await;
    // The containers are the killing test's to remove.
    let session = std::mem::ManuallyDrop::new(Session::of(session));
    let open = turn(&pool, &session).await;
    open.bash("kept=7; sleep 1000 &").await;
    eprintln!("the sandbox is open");
    open.bash("sleep 100").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_finds_its_sandboxes_with_their_shells() {
    let Some(place) = Place::new().await else { return };
    let session = place.session().await;
    place.store.close().await;
    let Location::Sqlite { file } = &place.location else { panic!("the store is a file") };
    let words = format!("{}\n{}", file.to_str().expect("UTF-8"), Uuid::from(session.id));
    let mut other = Command::new(std::env::current_exe().expect("this program"))
        .args(["restarts::other_server", "--exact", "--nocapture"])
        .env(OTHER, words)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = BufReader::new(other.stderr.take().expect("a pipe")).lines();
    let is_open = said.map_while(Result::ok).any(|line| line == "the sandbox is open");
    other.kill().expect("it is killed");
    other.wait().expect("it has ended");
    assert!(is_open, "the other server did not come so far");
    // What another program clears up in the meantime is not this.
    Engine::connect().await.expect("an engine").reap().await.expect("swept");
    let store = Store::open(&place.location).await.expect("a store");
    let pool = pool_over(store, BuiltIn::Base, |_| {}).await;
    assert_all_is_found(&pool, &session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stopped_while_the_server_was_away_is_started_again() {
    let Some(place) = Place::new().await else { return };
    let session = place.session().await;
    let pool = place.pool(|_| {}).await;
    let open = turn(&pool, &session).await;
    open.bash("echo kept > file").await;
    open.close().await;
    pool.close().await;
    drop(pool);
    let id = place.docker.sandboxes_of(&session.id.to_string()).pop().expect("a container");
    place.docker.does(&["stop", &id]);
    let pool = place.pool(|_| {}).await;
    assert_eq!(pool.counts().running, 0);
    let next = turn(&pool, &session).await;
    assert_eq!((next.origin, next.bash("cat file").await.as_str()), (Origin::Restarted, "kept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_was_made_and_never_started_is_used() {
    let Some(place) = Place::new().await else { return };
    let (session, pattern) = (place.session().await, place.session().await);
    let pool = place.pool(|_| {}).await;
    turn(&pool, &pattern).await.close().await;
    // As a kill between the two leaves it.
    let like = place.docker.sandboxes_of(&pattern.id.to_string()).pop().expect("a container");
    let image = place.docker.say(&["inspect", "--format", "{{.Config.Image}}", &like]);
    let (name, label) = (format!("handspike-sandbox-{}", session.id), format!("dev.handspike.session={}", session.id));
    let made = ["create", "--name", &name, "--label", &label, "--user", "1000:1000", "--entrypoint"];
    place.docker.does(&[&made[..], &["/.handspike/bin/handspike-guest", &image, "init"]].concat());
    place.store.remember_sandbox(session.id.into(), &name, "starting").await.expect("remembered");
    let next = turn(&pool, &session).await;
    assert_eq!((next.origin, next.bash("echo here").await.as_str()), (Origin::Made, "here"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_putting_the_guest_into_an_image_is_no_sandbox() {
    let Some(place) = Place::new().await else { return };
    let session = place.session().await;
    let pool = place.pool(|_| {}).await;
    let image = BuiltIn::Base.tag();
    let (name, label) = (format!("handspike-maker-{}", session.id), format!("dev.handspike.session={}", session.id));
    place.docker.does(&["create", "--name", &name, "--label", &label, &image, "none"]);
    let first = turn(&pool, &session).await;
    assert_eq!((first.origin, first.bash("echo here").await.as_str()), (Origin::Made, "here"));
}
