use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header::HOST},
};
use handspike_store::{Kind, NewRecord};
use serde_json::{Value, json};

use crate::support::{KEY, NOBODY, Place};

/// Every route with an id, by its method.
const ITEMS: [(&str, &str); 22] = [
    ("GET", "/agents/ID"),
    ("PUT", "/agents/ID"),
    ("PATCH", "/agents/ID"),
    ("POST", "/agents/ID"),
    ("DELETE", "/agents/ID"),
    ("GET", "/agents/ID/tools"),
    ("POST", "/agents/ID/tools"),
    ("GET", "/users/ID"),
    ("PUT", "/users/ID"),
    ("PATCH", "/users/ID"),
    ("POST", "/users/ID"),
    ("DELETE", "/users/ID"),
    ("GET", "/sessions/ID"),
    ("PUT", "/sessions/ID"),
    ("PATCH", "/sessions/ID"),
    ("POST", "/sessions/ID"),
    ("DELETE", "/sessions/ID"),
    ("GET", "/sessions/ID/history"),
    ("DELETE", "/sessions/ID/history"),
    ("GET", "/jobs/ID"),
    ("PUT", "/agents/0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11/tools/ID"),
    ("DELETE", "/agents/0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11/tools/ID"),
];

#[tokio::test]
async fn an_id_that_is_none_is_told_at_its_place() {
    let place = Place::new().await;
    for (method, path) in ITEMS {
        let name = if path.contains("/tools/") {
            "path.tool_id"
        } else {
            match path.split('/').nth(1) {
                Some("agents") => "path.agent_id",
                Some("users") => "path.user_id",
                Some("sessions") => "path.session_id",
                _ => "path.job_id",
            }
        };
        for text in ["x", "0191b6f4", "%F0%9F%A6%80", "..%2F..", "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e1g"] {
            let answer = place.send(method, &path.replace("ID", text), "{\"name\": \"x\"}").await;
            assert_eq!(answer.mistakes(), [("uuid_parsing", name)], "{method} {path} {text}");
        }
        let not_utf8 = place.send(method, &path.replace("ID", "%ff"), "{}").await;
        assert_eq!(not_utf8.mistakes(), [("uuid_parsing", "path.id")], "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let place = Place::new().await;
    let (agent, user) = (place.agent().await, place.user().await);
    for (method, path) in ITEMS {
        // A POST makes what is not there.
        if method == "POST" && !path.ends_with("/tools") {
            continue;
        }
        let foreign = if path.starts_with("/users") { &agent } else { &user };
        for id in [NOBODY, foreign] {
            let body = json!({"name": "x", "type": "function"}).to_string();
            let answer = place.send(method, &path.replace("ID", id), body).await;
            assert_eq!((answer.status, &answer.body["error"]["code"]), (404, &json!("http_404")), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_path_or_a_method_that_there_is_not_is_told_in_the_envelope() {
    let place = Place::new().await;
    for path in ["/", "/agents/", "/nothing", "/openapi.json/x"] {
        assert_eq!(place.get(path).await.status, 404, "{path}");
    }
    for (method, path) in [
        ("DELETE", "/agents"),
        ("PUT", "/sessions"),
        ("POST", "/healthz"),
        ("POST", "/agents/models"),
        ("PATCH", "/jobs/x"),
        ("DELETE", "/openapi.json"),
        ("OPTIONS", "/agents"),
        ("BREW", "/agents"),
    ] {
        let answer = place.send(method, path, Body::empty()).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (405, &json!("http_405")), "{method} {path}");
        assert!(answer.headers.contains_key("allow"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_so_by_every_route() {
    let place = Place::new().await;
    let agent = place.agent().await;
    let routes = ITEMS.iter().filter(|(method, _)| matches!(*method, "POST" | "PUT" | "PATCH"));
    let routes = routes.map(|(method, path)| (*method, path.replace("ID", &agent)));
    let lists = ["/agents", "/users", "/sessions", "/projects"].map(|path| ("POST", path.to_owned()));
    let deep = format!("{{\"metadata\": {}{}}}", "[".repeat(64), "]".repeat(64));
    for (method, path) in routes.chain(lists) {
        for body in
            [&b""[..], b"{", b"{\"name\": \"\xff\"}", b"{\"name\": \"\\ud800\"}", deep.as_bytes(), &[b'['; 100_000]]
        {
            let answer = place.send(method, &path, body.to_vec()).await;
            assert_eq!(answer.mistakes(), [("json_invalid", "")], "{method} {path}");
        }
        for body in ["null", "5", "[]", "\"x\""] {
            let answer = place.send(method, &path, body).await;
            assert_eq!(answer.mistakes(), [("model_attributes_type", "")], "{method} {path} {body}");
        }
    }
}

#[tokio::test]
async fn a_body_may_have_ten_mebibytes() {
    let place = Place::new().await;
    let with_length = |length: usize| {
        let start = b"{\"nobody\": \"".to_vec();
        let filler = vec![b'x'; length - start.len() - 2];
        [start, filler, b"\"}".to_vec()].concat()
    };
    assert_eq!(place.send("POST", "/users", with_length(10 << 20)).await.status, 201);
    let answer = place.send("POST", "/users", with_length((10 << 20) + 1)).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (413, &json!("http_413")));
    // One whose length nobody has said is read until it is too much.
    let chunks = (0..11).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
    let answer = place.send("POST", "/users", Body::from_stream(futures_util::stream::iter(chunks))).await;
    assert_eq!(answer.status, 413);
    let broken = futures_util::stream::iter([Ok(b"{".to_vec()), Err(std::io::Error::other("gone"))]);
    assert_eq!(place.send("POST", "/users", Body::from_stream(broken)).await.status, 400);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let place = Place::new().await;
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let answer = place.send("POST", "/users", Body::from_stream(never)).await;
    assert_eq!((answer.status, before.elapsed().as_secs()), (408, Duration::from_secs(30).as_secs()));
}

#[tokio::test]
async fn what_a_body_calls_itself_does_not_matter() {
    let place = Place::new().await;
    for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let request = Request::post("/users").header(HOST, "localhost").header("x-auth-key", KEY);
        let request = request.header("content-type", kind).body(Body::from("{}")).expect("a request");
        assert_eq!(place.ask(request).await.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn health_is_told_without_a_key_and_is_bad_without_a_store() {
    let place = Place::new().await;
    let ask = || Request::get("/healthz").header(HOST, "localhost").body(Body::empty()).expect("a request");
    let well = place.ask(ask()).await;
    assert_eq!((well.status, well.body), (200, json!({"store": "ok"})));
    place.store.close().await;
    let ill = place.ask(ask()).await;
    assert_eq!((ill.status, &ill.body["store"]), (500, &json!("down")));
    let broken = place.get("/agents").await;
    assert_eq!((broken.status, broken.message()), (500, "Internal Server Error"));
    assert_eq!(broken.headers["x-should-retry"], "false");
}

#[tokio::test]
async fn a_job_is_shown_as_its_worker_has_noted_it() {
    let place = Place::new().await;
    let Value::Object(body) = json!({"name": "embed", "reason": "asked", "state": "in_progress", "progress": 12.5})
    else {
        unreachable!("it is an object")
    };
    let job = place.store.create(NewRecord { body, ..NewRecord::new(Kind::Job) }).await.expect("a job");
    let answer = place.get(&format!("/jobs/{}", job.id)).await;
    let told = (&answer.body["state"], &answer.body["progress"], &answer.body["has_progress"]);
    assert_eq!((answer.status, told), (200, (&json!("in_progress"), &json!(12.5), &json!(true))));
}

#[tokio::test]
async fn a_second_start_finds_the_usual_project() {
    let place = Place::new().await;
    let parts = crate::support::parts(place.store.clone(), &place.models, &place.sandboxes);
    handspike_server::Server::new(parts).await.expect("a server");
    assert_eq!(place.get("/projects").await.body["total"], 1);
}
