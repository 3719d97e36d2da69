//! Files and the screen of a session's sandbox, as clients see them.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use futures_util::stream;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tower::ServiceExt as _;

use crate::{
    fakes::FILE_LIMIT,
    socket::while_serving,
    support::{Answer, KEY, NOBODY, Place},
};

async fn session(place: &Place) -> String {
    let agent = place.agent().await;
    place.made("/sessions", &json!({"agent": agent})).await
}

/// An answer that is no JSON.
async fn raw(place: &Place, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let request = Request::builder().uri(path).header("host", "localhost").header("x-auth-key", KEY);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = place.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    let response = response.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec())
}

async fn put(place: &Place, path: &str, bytes: impl Into<Body>) -> Answer {
    place.send("PUT", path, bytes).await
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_put_and_as_nothing_to_be_shown() {
    let place = Place::new().await;
    let session = session(&place).await;
    let url = format!("/sessions/{session}/files/a%20folder/caf%C3%A9.html");
    let bytes = b"<script>\0\xff".to_vec();
    let answer = put(&place, &url, bytes.clone()).await;
    assert_eq!((answer.status, answer.body), (201, json!({"path": "/workspace/a folder/café.html", "size": 10})));
    assert_eq!(put(&place, &url, bytes.clone()).await.status, 200);
    let (status, headers, read) = raw(&place, &url, &[]).await;
    assert_eq!((status, read), (200, bytes));
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "10"),
        ("content-disposition", "attachment; filename*=UTF-8''caf%C3%A9.html"),
        ("x-content-type-options", "nosniff"),
        ("etag", "W/\"a-1234\""),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    for known in ["W/\"a-1234\"", "\"x\", W/\"a-1234\"", "*"] {
        let (status, headers, body) = raw(&place, &url, &[("if-none-match", known)]).await;
        assert_eq!((status, body.len(), &headers["etag"]), (304, 0, &"W/\"a-1234\"".parse().expect("a value")));
    }
    assert_eq!(raw(&place, &url, &[("if-none-match", "W/\"a-1235\"")]).await.0, 200);
}

#[tokio::test]
async fn a_path_is_below_the_workspace_or_from_the_root() {
    let place = Place::new().await;
    let session = session(&place).await;
    for (path, meant) in [
        ("a", "/workspace/a"),
        ("a/../b", "/workspace/a/../b"),
        ("/etc/hosts", "/etc/hosts"),
        ("%2Fetc%2Fhosts", "/etc/hosts"),
        ("..%2e", "/workspace/..."),
    ] {
        let answer = put(&place, &format!("/sessions/{session}/files/{path}"), "text").await;
        assert_eq!((answer.status / 100, &answer.body["path"]), (2, &json!(meant)), "{path}: {}", answer.body);
    }
    for (path, words) in [
        ("../a", "leads out of /workspace"),
        ("a/%2e%2e/%2e%2e/b", "leads out of /workspace"),
        ("a/", "names no file"),
        ("a/..", "names no file"),
        ("a%00b", "NUL"),
        ("%ff", "not UTF-8"),
        (&"a".repeat(4100), "more than 4095 bytes"),
    ] {
        for method in ["PUT", "GET"] {
            let answer = place.send(method, &format!("/sessions/{session}/files/{path}"), "text").await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.body);
            assert!(answer.message().contains(words), "{path}: {}", answer.body);
        }
    }
    assert_eq!(place.get(&format!("/sessions/{session}/files/")).await.status, 404);
}

#[tokio::test]
async fn what_can_t_be_has_the_status_that_says_so() {
    let place = Place::new().await;
    let session = session(&place).await;
    let url = |name: &str| format!("/sessions/{session}/files/{name}");
    let none = place.get(&url("a")).await;
    assert_eq!((none.status, none.message()), (404, "The session has no sandbox yet"));
    assert_eq!(place.get(&format!("/sessions/{session}/screenshot")).await.status, 404);
    put(&place, &url("a"), "text").await;
    for (name, status, retry) in [
        ("full", 429, Some("10")),
        ("busy", 503, Some("5")),
        ("folder", 400, None),
        ("secret", 403, None),
        ("b", 404, None),
    ] {
        let answer = place.get(&url(name)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_eq!(answer.headers.get("retry-after").map(|value| value.to_str().expect("text")), retry, "{name}");
    }
    let broken = place.get(&url("broken")).await;
    assert_eq!((broken.status, broken.message()), (500, "Internal Server Error"));
    for (method, path) in [
        ("GET", format!("/sessions/{NOBODY}/files/a")),
        ("PUT", format!("/sessions/{NOBODY}/files/a")),
        ("GET", format!("/sessions/{NOBODY}/screenshot")),
    ] {
        assert_eq!(place.send(method, &path, "text").await.status, 404, "{path}");
    }
    assert_eq!(place.get("/sessions/x/files/a").await.mistakes(), [("uuid_parsing", "path.session_id")]);
    assert_eq!(place.send("DELETE", &url("a"), "").await.status, 405);
}

#[tokio::test]
async fn a_file_may_be_larger_than_a_body_in_json_but_not_than_the_limit() {
    let place = Place::new().await;
    let session = session(&place).await;
    let url = format!("/sessions/{session}/files/a");
    let most = vec![7; usize::try_from(FILE_LIMIT).expect("small")];
    assert_eq!(put(&place, &url, most.clone()).await.status, 201);
    let more = [most, vec![7]].concat();
    assert_eq!(put(&place, &url, more.clone()).await.status, 413);
    // One that doesn't say how long it is is stopped on its way.
    let parts = more.chunks(1000).map(|part| Ok::<_, std::io::Error>(part.to_vec())).collect::<Vec<_>>();
    assert_eq!(put(&place, &url, Body::from_stream(stream::iter(parts))).await.status, 413);
    assert_eq!(raw(&place, &url, &[]).await.2.len() as u64, FILE_LIMIT);
}

#[tokio::test]
async fn the_first_file_makes_the_sandbox_that_the_agent_s_tools_wish() {
    let place = Place::new().await;
    let agent = place.agent().await;
    let computer = json!({"type": "computer_20241022", "name": "computer", "display_width_px": 1280,
        "display_height_px": 800, "display_number": 2});
    let tool = json!({"name": "computer", "type": "computer_20241022", "computer_20241022": computer});
    place.made(&format!("/agents/{agent}/tools"), &tool).await;
    let session = place.made("/sessions", &json!({"agent": agent})).await;
    put(&place, &format!("/sessions/{session}/files/a"), "text").await;
    let wishes = place.sandboxes.wishes()[0];
    assert_eq!((wishes.screen, wishes.display), (Some((1280, 800)), Some(2)));
}

#[tokio::test]
async fn the_screen_is_a_picture_that_nobody_keeps() {
    let place = Place::new().await;
    let session = session(&place).await;
    put(&place, &format!("/sessions/{session}/files/a"), "text").await;
    let (status, headers, picture) = raw(&place, &format!("/sessions/{session}/screenshot"), &[]).await;
    assert_eq!((status, picture), (200, b"\x89PNG\r\n\x1a\n".to_vec()));
    for (name, value) in
        [("content-type", "image/png"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
    {
        assert_eq!(headers[name], value, "{name}");
    }
}

/// Sends a request's head and a part of its body over a socket of its own.
async fn begun(url: &str, head: &str, part: &str) -> TcpStream {
    let address = url.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let request = format!("{head} HTTP/1.1\r\nhost: localhost\r\nx-auth-key: {KEY}\r\nconnection: close\r\n{part}");
    socket.write_all(request.as_bytes()).await.expect("sent");
    socket
}

async fn said(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_upload_is_no_file_and_a_cut_file_no_whole_answer() {
    while_serving(async |url| {
        let made = async |path: &str, body: &str| {
            let part = format!("content-length: {}\r\n\r\n{body}", body.len());
            let answer = said(begun(&url, &format!("POST {path}"), &part).await).await;
            let body = answer.split("\r\n\r\n").nth(1).expect("a body");
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            body["id"].as_str().expect("an id").to_owned()
        };
        let agent = made("/agents", r#"{"name": "Ada"}"#).await;
        let session = made("/sessions", &format!(r#"{{"agent": "{agent}"}}"#)).await;
        let file = format!("/sessions/{session}/files");
        let whole = begun(&url, &format!("PUT {file}/cut"), "content-length: 4\r\n\r\ntext").await;
        assert!(said(whole).await.starts_with("HTTP/1.1 201 "));

        let mut cut = begun(&url, &format!("PUT {file}/other"), "content-length: 10\r\n\r\ntext").await;
        cut.shutdown().await.expect("half closed");
        let answer = said(cut).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let answer = said(begun(&url, &format!("GET {file}/other"), "\r\n").await).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");

        // The answer had begun, so it is cut short of what it said.
        let answer = said(begun(&url, &format!("GET {file}/cut"), "\r\n").await).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("content-length: 4\r\n") && body.len() < 4, "{answer}");
    })
    .await;
}
