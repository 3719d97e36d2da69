//! A picture of the screen, and the screen that a session wishes.

use handspike_core::{AccessError, Progress, SandboxAccess as _, SandboxWishes, Sandboxes as _};
use handspike_sandbox::BuiltIn;

use crate::support::{Place, pool_over, turn};

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_is_seen_as_large_as_the_session_wished_it() {
    let Some(place) = Place::new().await else { return };
    let pool = pool_over(place.store.clone(), BuiltIn::Desktop, |config| config.spec.memory = 1 << 30).await;
    let session = place.session().await;
    let absent = pool.screenshot(session.id).await.expect_err("no sandbox");
    assert!(matches!(absent, AccessError::NoSandbox), "{absent}");
    assert_eq!(place.state_of(&session), None, "looking makes none");
    let wishes = SandboxWishes { screen: Some((808, 606)), display: Some(7) };
    let open = pool.source(session.id, &wishes).open(&Progress::channel().0).await.expect("a sandbox");
    let picture = pool.screenshot(session.id).await.expect("a picture");
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut pixels).expect("a whole picture");
    assert_eq!((frame.width, frame.height), (808, 606));
    open.sandbox.close().await.expect("closed");
    let shell = turn(&pool, &session).await;
    assert_eq!(shell.bash("echo $DISPLAY").await, ":7");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_desktop_it_is_said() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    turn(&pool, &session).await.close().await;
    let refused = pool.screenshot(session.id).await.expect_err("no desktop");
    assert!(matches!(&refused, AccessError::NoPicture(words) if words.contains("no desktop")), "{refused}");
}
