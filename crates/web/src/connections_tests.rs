//! Servers that listen on the loopback, and clients that don't say all that they have to.

use std::net::SocketAddr;

use axum::routing::get;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
};

use super::*;

const PLACES: usize = 8;

/// A server that answers `/` at once, and `/long` when it is told to.
async fn listen(go: Arc<Notify>, stop: CancellationToken) -> SocketAddr {
    let long = async move || {
        go.notified().await;
        "long"
    };
    let routes = Router::new().route("/", get(async || "short")).route("/long", get(long));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, routes, PLACES, stop, Duration::from_secs(1)));
    address
}

async fn begun(address: SocketAddr, beginning: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(beginning.as_bytes()).await.expect("taken");
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut said = String::new();
    // One that gives way may be reset.
    let _ = timeout(Duration::from_secs(5), stream.read_to_string(&mut said)).await.expect("an end");
    said
}

const SHORT: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const LONG: &str = "GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const KEPT: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn half_heads_keep_no_place_from_a_whole_one() {
    let stop = CancellationToken::new();
    let address = listen(Arc::default(), stop.clone()).await;
    let mut halves = Vec::new();
    for _ in 0..3 * PLACES {
        halves.push(begun(address, "GET / HTT").await);
    }
    assert!(rest(begun(address, SHORT).await).await.ends_with("short"));
    // Those that have waited longest gave way.
    assert_eq!(rest(halves.remove(0)).await, "");
    let mut last = halves.pop().expect("many");
    last.write_all(b"P/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("taken");
    assert!(rest(last).await.ends_with("short"));
    stop.cancel();
}

#[tokio::test]
async fn a_connection_between_two_requests_gives_way_after_those_without_any() {
    let stop = CancellationToken::new();
    let address = listen(Arc::default(), stop.clone()).await;
    let mut kept = begun(address, KEPT).await;
    let mut answer = [0; 512];
    assert!(kept.read(&mut answer).await.expect("an answer") > 0);
    let mut halves = Vec::new();
    for _ in 0..2 * PLACES {
        halves.push(begun(address, "GET / HTT").await);
    }
    assert!(rest(begun(address, SHORT).await).await.ends_with("short"));
    kept.write_all(SHORT.as_bytes()).await.expect("taken");
    assert!(rest(kept).await.ends_with("short"));
    stop.cancel();
}

#[tokio::test]
async fn a_connection_that_is_being_answered_gives_way_to_nobody() {
    let (go, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let address = listen(Arc::clone(&go), stop.clone()).await;
    let mut long = Vec::new();
    for _ in 0..PLACES {
        long.push(begun(address, LONG).await);
    }
    // However many more there are, they wait. The last is the one that nobody after it can take for one without a request.
    let _half = begun(address, "GET / HTT").await;
    let next = tokio::spawn(rest(begun(address, SHORT).await));
    for stream in long {
        // A notice that comes before its request is kept for it.
        go.notify_one();
        assert!(rest(stream).await.ends_with("long"));
    }
    assert!(next.await.expect("no panic").ends_with("short"));
    stop.cancel();
}
