//! The server on HTTP, spoken to in raw JSON-RPC.

#[allow(dead_code, unreachable_pub, reason = "shared by test programs, each of which uses its part")]
mod support;

use std::time::{Duration, Instant};

use handspike_mcp::{HttpConfig, HttpServer};
use handspike_web::{ApiKey, ListenError};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use support::{
    WITH_INITIALIZE, WITHOUT_INITIALIZE, call, cancelled, initialize, noted, place, request, server, text,
    web::{KEY, Web, listen, listen_as, messages},
    with_progress,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

async fn one(request: RequestBuilder) -> Value {
    messages(sent(request).await).await.pop().expect("a message")
}

#[tokio::test]
async fn the_versions_with_a_handshake_have_sessions() {
    let (server, ..) = server();
    let web = listen(server).await;
    for version in WITH_INITIALIZE {
        let (headers, greeting) = web.session(version).await;
        assert_eq!(greeting["result"]["protocolVersion"], version);
        let listed = one(web.post(&request(1, "tools/list", json!({}))).headers(headers.clone())).await;
        assert_eq!(listed["result"]["tools"][0]["name"], "echo");
        let answer = one(web.post(&call(2, "echo", json!({"text": "hi"}))).headers(headers.clone())).await;
        assert_eq!(text(&answer), "hi");
        let ended = sent(web.client.delete(web.url()).bearer_auth(KEY).headers(headers.clone())).await;
        assert_eq!(ended.status(), StatusCode::NO_CONTENT);
        let answer = sent(web.post(&call(3, "echo", json!({}))).headers(headers)).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "the session has ended");
    }
}

#[tokio::test]
async fn the_tools_are_told_of_a_client_whose_session_ends_after_a_call() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    for calls in [false, true] {
        let (headers, _) = web.session("2025-11-25").await;
        if calls {
            one(web.post(&call(1, "echo", json!({}))).headers(headers.clone())).await;
        }
        sent(web.client.delete(web.url()).bearer_auth(KEY).headers(headers)).await;
    }
    noted(&notes, "a client left").await;
    assert_eq!(notes.read().iter().filter(|note| *note == "a client left").count(), 1, "one of them had called");
}

#[tokio::test]
async fn the_version_without_a_handshake_has_no_sessions() {
    let (server, ..) = server();
    let web = listen(server).await;
    let found = one(web.post_alone(request(1, "server/discover", json!({})))).await;
    let versions = found["result"]["supportedVersions"].as_array().expect("versions").clone();
    assert!(versions.contains(&json!(WITHOUT_INITIALIZE)), "{found}");
    let response = sent(web.post_alone(call(2, "echo", json!({"text": "hi"})))).await;
    assert_eq!(response.headers().get("mcp-session-id"), None);
    let answer = messages(response).await.remove(0);
    assert_eq!((text(&answer), &answer["result"]["resultType"]), ("hi", &json!("complete")));
}

#[tokio::test]
async fn whatever_goes_wrong_in_a_call_is_a_result_that_a_model_can_read() {
    let (server, ..) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    for (tool, arguments, says) in [
        ("refuse", json!({}), "/nowhere"),
        ("fault", json!({}), "the disk is full"),
        ("calculator", json!({}), "the tools are `echo`"),
        ("echo", json!("ls"), "no JSON object"),
    ] {
        for request in [
            web.post(&call(1, tool, arguments.clone())).headers(headers.clone()),
            web.post_alone(call(1, tool, arguments.clone())),
        ] {
            let answer = one(request).await;
            assert_eq!(answer["result"]["isError"], true, "{answer}");
            assert!(text(&answer).contains(says), "{answer}");
        }
    }
}

#[tokio::test]
async fn progress_comes_before_the_answer_on_its_stream() {
    let (server, ..) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-06-18").await;
    let nap = with_progress(call(1, "nap", json!({"seconds": 2.5})), "how-far");
    for request in [web.post(&nap).headers(headers.clone()), web.post_alone(nap.clone())] {
        let all = messages(sent(request).await).await;
        let texts: Vec<&str> = all.iter().filter_map(|note| note["params"]["message"].as_str()).collect();
        assert_eq!(texts, ["the nap begins", "running for 2 s"], "{all:?}");
        assert_eq!(text(all.last().expect("an answer")), "rested");
    }
}

#[tokio::test]
async fn all_clients_share_the_lanes_of_one_executor() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let first = web.post(&call(1, "nap", json!({"seconds": 0.5, "tag": "first"}))).headers(headers);
    let first = tokio::spawn(one(first));
    noted(&notes, "first runs").await;
    one(web.post_alone(call(1, "nap", json!({"seconds": 0.0, "tag": "second"})))).await;
    first.await.expect("an answer");
    assert!(place(&notes, "first ends") < place(&notes, "second runs"));
}

#[tokio::test]
async fn a_cancelled_call_ends() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let nap = sent(web.post(&call(1, "nap", json!({}))).headers(headers.clone())).await;
    noted(&notes, "nap runs").await;
    sent(web.post(&cancelled(1)).headers(headers)).await;
    noted(&notes, "nap ends").await;
    let rest = messages(nap).await;
    assert_eq!(rest, Vec::<Value>::new(), "a cancelled call is not answered");
}

#[tokio::test]
async fn a_client_without_a_session_that_goes_cancels_its_call() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    for progress in [false, true] {
        let tag = format!("nap with progress {progress}");
        let nap = call(1, "nap", json!({"tag": tag}));
        let nap = if progress { with_progress(nap, "t") } else { nap };
        let waiting = tokio::spawn(one(web.post_alone(nap)));
        noted(&notes, &format!("{tag} runs")).await;
        waiting.abort();
        noted(&notes, &format!("{tag} ends")).await;
    }
}

#[tokio::test]
async fn ending_a_session_cancels_its_calls_at_once() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let _nap = sent(web.post(&call(1, "nap", json!({}))).headers(headers.clone())).await;
    noted(&notes, "nap runs").await;
    let ended = Instant::now();
    sent(web.client.delete(web.url()).bearer_auth(KEY).headers(headers)).await;
    noted(&notes, "nap ends").await;
    assert!(ended.elapsed() < Duration::from_secs(2), "{:?}", ended.elapsed());
}

#[tokio::test]
async fn a_session_whose_client_vanishes_during_a_call_is_given_time_to_return_and_then_ended() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let nap = sent(web.post(&call(1, "nap", json!({}))).headers(headers.clone())).await;
    noted(&notes, "nap runs").await;
    let vanished = Instant::now();
    drop(nap);
    noted(&notes, "nap ends").await;
    let waited = vanished.elapsed().as_secs();
    assert!((14..=17).contains(&waited), "after {waited} s");
    let answer = sent(web.post(&call(2, "echo", json!({}))).headers(headers)).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_answer_whose_connection_broke_can_be_taken_up_again() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let mut nap = sent(web.post(&call(1, "nap", json!({"seconds": 1.0}))).headers(headers.clone())).await;
    let first = String::from_utf8(nap.chunk().await.expect("readable").expect("an event").to_vec()).expect("text");
    let id = first.lines().find_map(|line| line.strip_prefix("id:")).expect("an id").trim().to_owned();
    noted(&notes, "nap runs").await;
    drop(nap);
    let again = web.client.get(web.url()).bearer_auth(KEY).headers(headers).header("last-event-id", id);
    let answer = one(again.header("accept", "text/event-stream")).await;
    assert_eq!(text(&answer), "rested");
}

#[tokio::test]
async fn stopping_ends_calls_streams_and_tools() {
    let (server, notes, stop) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let _open =
        sent(web.client.get(web.url()).bearer_auth(KEY).headers(headers.clone()).header("accept", "text/event-stream"));
    let _nap = sent(web.post(&call(1, "nap", json!({}))).headers(headers)).await;
    noted(&notes, "nap runs").await;
    let stopped = Instant::now();
    stop.cancel();
    web.served.await.expect("no panic").expect("a good end");
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    assert_eq!(notes.read(), ["nap runs", "nap ends", "closed"]);
}

/// A refusal's status and text.
async fn refused(request: RequestBuilder) -> (u16, String) {
    let response = sent(request).await;
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
    (status, body["error"]["message"].as_str().expect("a message").to_owned())
}

fn bare(web: &Web) -> RequestBuilder {
    let post = web.client.post(web.url()).header("content-type", "application/json");
    post.header("accept", "application/json, text/event-stream").body(initialize("2025-11-25").to_string())
}

#[tokio::test]
async fn without_the_key_nothing_is_served() {
    let (server, notes, _) = server();
    let web = listen(server).await;
    for (request, says) in [
        (bare(&web), "Authorization: Bearer KEY"),
        (bare(&web).bearer_auth("another-key-altogether"), "not this server's"),
        (bare(&web).bearer_auth(&KEY[1..]), "not this server's"),
        (bare(&web).header("authorization", KEY), "not this server's"),
        (bare(&web).basic_auth("user", Some(KEY)), "not this server's"),
        (web.client.get(format!("http://{}/elsewhere", web.address)), "Authorization: Bearer KEY"),
    ] {
        let challenge = sent(request.try_clone().expect("a plain body")).await.headers()["www-authenticate"].clone();
        assert_eq!(challenge, "Bearer");
        let (status, text) = refused(request).await;
        assert_eq!(status, 401);
        assert!(text.contains(says), "{text}");
    }
    assert_eq!(sent(bare(&web).header("authorization", format!("bearer {KEY}"))).await.status(), 200);
    assert_eq!(notes.read(), Vec::<String>::new());
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_even_with_the_key() {
    let (server, ..) = server();
    let web = listen_as(server, vec!["tools.example.com".to_owned()], Vec::new()).await;
    for host in ["evil.example.com", "evil.example.com:80", "127.0.0.1.evil.example.com", "192.168.1.5", "a b"] {
        let (status, text) = refused(bare(&web).bearer_auth(KEY).header("host", host)).await;
        assert_eq!(status, 403, "{host}: {text}");
    }
    for host in ["localhost", "LOCALHOST:9", "127.0.0.1:4444", "[::1]:80", "Tools.Example.com:443"] {
        assert_eq!(sent(bare(&web).bearer_auth(KEY).header("host", host)).await.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_even_with_the_key() {
    let (server, ..) = server();
    let web = listen_as(server, Vec::new(), vec!["https://app.example.com".parse().expect("an origin")]).await;
    let port = web.address.port();
    let other = if port == 1 { 2 } else { port - 1 };
    for origin in
        ["https://evil.example.com", "null", "http://app.example.com", "", &format!("http://localhost:{other}")]
    {
        let (status, text) = refused(bare(&web).bearer_auth(KEY).header("origin", origin)).await;
        assert_eq!(status, 403, "{origin}: {text}");
    }
    for origin in ["https://app.example.com", &format!("http://localhost:{port}"), &format!("http://127.0.0.1:{port}")]
    {
        let response = sent(bare(&web).bearer_auth(KEY).header("origin", origin)).await;
        assert_eq!(response.status(), 200, "{origin}");
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
        assert!(response.headers()["access-control-expose-headers"].to_str().expect("text").contains("mcp-session-id"));
    }
}

#[tokio::test]
async fn a_browser_may_ask_before_an_allowed_pages_request_without_the_key() {
    let (server, ..) = server();
    let web = listen_as(server, Vec::new(), vec!["https://app.example.com".parse().expect("an origin")]).await;
    let ask = |origin| web.client.request(Method::OPTIONS, web.url()).header("origin", origin);
    let allowed = sent(ask("https://app.example.com").header("access-control-request-method", "POST")).await;
    assert_eq!(allowed.status(), 204);
    assert!(allowed.headers()["access-control-allow-headers"].to_str().expect("text").contains("authorization"));
    assert_eq!(sent(ask("https://evil.example.com")).await.status(), 403);
    assert_eq!(sent(web.client.request(Method::OPTIONS, web.url())).await.status(), 401);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let (server, ..) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let large = call(1, "echo", json!({"text": "x".repeat(33 << 20)}));
    // The server may answer and close before the client has sent it all, which a client may see as a broken connection.
    if let Ok(response) = web.post(&large).headers(headers.clone()).send().await {
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    let answer = one(web.post(&call(2, "echo", json!({"text": "hi"}))).headers(headers)).await;
    assert_eq!(text(&answer), "hi");
}

#[tokio::test]
async fn one_session_too_many_is_told_to_come_again_and_sessionless_clients_are_served() {
    let (server, ..) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    for _ in 1..64 {
        web.session("2025-11-25").await;
    }
    let (status, words) = refused(web.post(&initialize("2025-11-25"))).await;
    assert_eq!((status, words.contains("64 sessions")), (503, true), "{words}");
    assert_eq!(text(&one(web.post_alone(call(1, "echo", json!({"text": "hi"})))).await), "hi");
    sent(web.client.delete(web.url()).bearer_auth(KEY).headers(headers)).await;
    web.session("2025-11-25").await;
}

#[tokio::test]
async fn of_many_sessions_that_are_opened_at_once_no_more_begin_than_may() {
    let (server, ..) = server();
    let web = listen(server).await;
    let greetings = (0..96).map(|_| sent(web.post(&initialize("2025-11-25"))));
    let statuses: Vec<u16> =
        futures_util::future::join_all(greetings).await.iter().map(|response| response.status().as_u16()).collect();
    let with = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((with(200), with(503)), (64, 32), "{statuses:?}");
}

/// What the server says to a client that begins so and says nothing more, and after how many seconds it hangs up.
async fn after_silence(beginning: &str) -> (String, u64) {
    let (server, ..) = server();
    let web = listen(server).await;
    let mut stream = TcpStream::connect(web.address).await.expect("a connection");
    stream.write_all(beginning.as_bytes()).await.expect("taken");
    let started = tokio::time::Instant::now();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("a regular end");
    (said, started.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_to_its_end_is_not_waited_for() {
    for beginning in ["", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthoriz"] {
        let (_, seconds) = after_silence(beginning).await;
        assert_eq!(seconds, 10, "{beginning}");
    }
    let head = format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 9\r\n");
    let (said, seconds) = after_silence(&format!("{head}\r\n{{")).await;
    assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("within 30 s"), "{said}");
    assert!((30..=60).contains(&seconds), "after {seconds} s");
}

#[tokio::test]
async fn clients_without_a_key_that_say_half_of_it_lock_nobody_out() {
    let (server, ..) = server();
    let web = listen(server).await;
    let mut open = Vec::new();
    for _ in 0..600 {
        let mut half = TcpStream::connect(web.address).await.expect("a connection");
        half.write_all(b"POST /mcp HTTP/1.1\r\nHost: localh").await.expect("taken");
        open.push(half);
    }
    let ask = web.post_alone(call(1, "echo", json!({"text": "hi"}))).timeout(Duration::from_secs(2));
    assert_eq!(text(&one(ask).await), "hi");
}

#[tokio::test]
async fn a_client_that_takes_no_answers_does_not_hold_up_the_end() {
    let (server, notes, stop) = server();
    let web = listen(server).await;
    let (headers, _) = web.session("2025-11-25").await;
    let _nap = sent(web.post(&call(1, "nap", json!({}))).headers(headers)).await;
    let mut half = TcpStream::connect(web.address).await.expect("a connection");
    half.write_all(b"POST /mcp HT").await.expect("taken");
    noted(&notes, "nap runs").await;
    let stopped = Instant::now();
    stop.cancel();
    web.served.await.expect("no panic").expect("a good end");
    assert!(stopped.elapsed() < Duration::from_secs(3), "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn what_is_no_message_is_answered_as_the_protocol_says() {
    let (server, ..) = server();
    let web = listen(server).await;
    for (body, id, code) in [
        ("this is no JSON", Value::Null, -32700),
        (r#"{"jsonrpc":"2.0","id":3}"#, json!(3), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\ud800"}}"#, json!(1), -32602),
    ] {
        let response = sent(web.post(&Value::Null).body(body)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let answer = messages(response).await.remove(0);
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(code)), "{answer}");
    }
}

#[tokio::test]
async fn elsewhere_there_is_nothing_and_it_says_so() {
    let (server, ..) = server();
    let web = listen(server).await;
    let (status, text) = refused(web.client.get(format!("http://{}/", web.address)).bearer_auth(KEY)).await;
    assert_eq!((status, text.contains("/mcp")), (404, true), "{text}");
}

#[tokio::test]
async fn an_address_that_others_reach_needs_names_to_be_called_by() {
    let config = |hosts| HttpConfig {
        address: ([0, 0, 0, 0], 0).into(),
        key: ApiKey::generate().expect("random"),
        hosts,
        origins: Vec::new(),
    };
    let Err(ListenError::NotLoopback(_)) = HttpServer::bind(config(Vec::new())).await else {
        panic!("it listens to the world")
    };
    HttpServer::bind(config(vec!["tools.example.com".to_owned()])).await.map(drop).expect("it was allowed to");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (server, ..) = server();
    let web = listen(server).await;
    let key = ApiKey::generate().expect("random");
    let config = HttpConfig { address: web.address, key, hosts: Vec::new(), origins: Vec::new() };
    let Err(error) = HttpServer::bind(config).await else { panic!("two listen on one address") };
    assert!(error.to_string().contains(&web.address.to_string()), "{error}");
}
