//! Who may come in, over a real socket.

use std::{sync::Arc, time::Duration};

use handspike_server::{Config, Defaults, ModelSource, serve};
use handspike_telemetry::Telemetry;
use handspike_web::Listening;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::{
    fakes::{Boxes, Models},
    support::{KEY, store},
};

/// Serves on a free port while the test talks to it, and ends with it.
pub(crate) async fn while_serving<F: Future<Output = ()>>(talk: impl FnOnce(String) -> F) {
    while_serving_with(Arc::new(Models(Arc::default())), Boxes(Arc::default()), talk).await;
}

/// The same with these models and sandboxes.
pub(crate) async fn while_serving_with<F: Future<Output = ()>>(
    models: Arc<dyn ModelSource>,
    sandboxes: Boxes,
    talk: impl FnOnce(String) -> F,
) {
    let (_folder, store) = store().await;
    let listening = Listening::at("127.0.0.1:0".parse().expect("an address"), &[]).await.expect("a socket");
    let url = format!("http://{}", listening.address());
    let config = Config {
        listening,
        key: KEY.parse().expect("a key"),
        hosts: vec!["box.example".to_owned()],
        origins: vec!["https://app.example.com".parse().expect("an origin")],
        store: store.clone(),
        models,
        sandboxes: Arc::new(sandboxes),
        defaults: Defaults::default(),
        telemetry: Telemetry::default(),
        stop_after: Duration::ZERO,
    };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(config, stop.clone()));
    talk(url).await;
    stop.cancel();
    serving.await.expect("it does not panic").expect("it serves");
    store.close().await;
}

pub(crate) fn client() -> Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

async fn error_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(
        (&body["error"]["code"], &body["error"]["type"]),
        (&format!("http_{status}").into(), &"http_error".into())
    );
    (status, body["error"]["message"].as_str().expect("a message").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_the_host_and_the_page_decide_who_comes_in() {
    while_serving(async |url| {
        let client = client();
        let bearer = format!("Bearer {KEY}");
        for (name, value) in [("authorization", bearer.as_str()), ("x-auth-key", KEY), ("x-auth-key", &bearer)] {
            let answer = client.get(format!("{url}/agents")).header(name, value).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK, "{name}");
        }
        let wrong = [
            None,
            Some(("authorization", "Bearer 0123456789abcdeF")),
            Some(("authorization", KEY)),
            Some(("authorization", "Basic 0123456789abcdef")),
            Some(("x-auth-key", "")),
            Some(("x-auth-key", "Bearer ")),
        ];
        for header in wrong {
            for path in ["/agents", "/nothing", "/openapi.json"] {
                let request = client.get(format!("{url}{path}"));
                let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
                let refused = error_of(request.send().await.expect("an answer")).await;
                assert_eq!(refused, (403, "Could not validate API KEY".to_owned()), "{header:?} {path}");
            }
        }
        let healthy = client.get(format!("{url}/healthz")).send().await.expect("an answer");
        assert_eq!(healthy.status(), StatusCode::OK);

        for (name, value, status) in [
            ("host", "evil.example", 403),
            ("host", "box.example", 200),
            ("origin", "https://evil.example", 403),
            ("origin", "null", 403),
            ("origin", "https://app.example.com", 200),
            ("origin", url.as_str(), 200),
        ] {
            let request = client.get(format!("{url}/agents")).bearer_auth(KEY).header(name, value);
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{name}: {value}");
            let told = answer.headers().get("access-control-allow-origin").cloned();
            assert_eq!(told.is_some(), name == "origin" && status == 200);
            if status == 403 {
                assert!(error_of(answer).await.1.contains(value), "{value}");
            }
        }
        let ask = client.request(Method::OPTIONS, format!("{url}/agents")).header("origin", "https://app.example.com");
        assert_eq!(ask.send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    while_serving(async |url| {
        let address = url.strip_prefix("http://").expect("an address");
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let length = (10 << 20) + 1;
        let head =
            format!("POST /users HTTP/1.1\r\nhost: localhost\r\nx-auth-key: {KEY}\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("sent");
        // It is answered, and as nobody will read the rest the connection ends.
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"http_413\""), "{answer}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_needs_no_body_does_not_cost_the_connection() {
    while_serving(async |url| {
        let address = url.strip_prefix("http://").expect("an address");
        for (line, key, status) in [
            ("POST /agents", "0000000000000000", 403),
            ("POST /nothing", KEY, 404),
            ("PUT /agents", KEY, 405),
            ("POST /sessions/x/chat", KEY, 422),
        ] {
            let head = |length: usize| {
                format!("{line} HTTP/1.1\r\nhost: localhost\r\nx-auth-key: {key}\r\ncontent-length: {length}\r\n\r\n")
            };
            let mut socket = TcpStream::connect(address).await.expect("a connection");
            socket.set_nodelay(true).expect("set");
            socket.write_all(head(2).as_bytes()).await.expect("sent");
            // The server has seen the head alone.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let next = "{}GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            socket.write_all(next.as_bytes()).await.expect("sent");
            let mut answers = String::new();
            socket.read_to_string(&mut answers).await.expect("both answers");
            assert!(answers.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answers}");
            assert!(answers.ends_with("{\"store\":\"ok\"}"), "{line}: {answers}");
            // One that does not come, or that is large, is not waited for.
            for length in [2, 1 << 20] {
                let mut socket = TcpStream::connect(address).await.expect("a connection");
                socket.write_all(head(length).as_bytes()).await.expect("sent");
                let mut answer = String::new();
                socket.read_to_string(&mut answer).await.expect("an answer");
                let is_told = answer.contains("\r\nconnection: close\r\n");
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && is_told, "{line}: {answer}");
            }
        }
    })
    .await;
}
