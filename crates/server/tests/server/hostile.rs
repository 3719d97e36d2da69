//! Clients, models and providers that do what they should not, over real sockets: each is told in the envelope or ends its
//! own connection, and the server goes on as if nothing had been.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    provider::{SERVERS_KEY, Says},
    served::{LONG, Served, text, user, while_served},
    support::{Answer, KEY, NOBODY},
};

/// The pieces of a stream.
fn pieces(stream: &str) -> Vec<Value> {
    let data = stream.split_terminator("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))).collect()
}

async fn streamed(served: &Served, session: &str, said: &str) -> (u16, String) {
    let mut body = user(said);
    body["stream"] = json!(true);
    let request = served.request("POST", &format!("/sessions/{session}/chat")).body(body.to_string());
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a text"))
}

/// Waits until a session's last entry is an answer of the model.
async fn until_answered(served: &Served, session: &str) -> Value {
    let before = Instant::now();
    loop {
        let said = served.said(session).await;
        if let Some((role, content)) = said.last()
            && role == "assistant"
        {
            return content.clone();
        }
        assert!(before.elapsed() < LONG, "no answer came: {said:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A connection on which the beginning of a chat was written.
async fn begun(served: &Served, session: &str, length: usize, body: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(served.address()).await.expect("a connection");
    let head = format!(
        "POST /sessions/{session}/chat HTTP/1.1\r\nhost: localhost\r\nx-auth-key: {KEY}\r\ncontent-length: {length}\r\n\r\n"
    );
    socket.write_all(&[head.as_bytes(), body].concat()).await.expect("sent");
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_nobody_and_of_others_are_not_found() {
    while_served(LONG, async |served| {
        let (session, other) = (served.session(&[]).await, served.session(&[]).await);
        let agent = served.made("/agents", &json!({"name": "Eve"})).await;
        let person = served.made("/users", &json!({"name": "Bob"})).await;
        let hi = user("hi").to_string();
        for id in [NOBODY, agent.as_str(), person.as_str()] {
            for (method, path) in
                [("POST", "chat"), ("POST", "cancel"), ("GET", "events"), ("GET", "history"), ("DELETE", "history")]
            {
                let answer = served.send(method, &format!("/sessions/{id}/{path}"), hi.clone()).await;
                let told = (answer.status, &answer.body["error"]["code"], &answer.body["error"]["type"]);
                assert_eq!(told, (404, &json!("http_404"), &json!("http_error")), "{method} {path} {}", answer.body);
            }
        }
        for (method, path) in [("POST", "chat"), ("POST", "cancel"), ("GET", "events"), ("GET", "history")] {
            let answer = served.send(method, &format!("/sessions/x/{path}"), hi.clone()).await;
            assert_eq!(answer.mistakes(), [("uuid_parsing", "path.session_id")], "{method} {path}");
        }
        for (method, path) in
            [("GET", "chat"), ("PUT", "chat"), ("DELETE", "cancel"), ("POST", "events"), ("PATCH", "history")]
        {
            let answer = served.send(method, &format!("/sessions/{session}/{path}"), "").await;
            assert_eq!((answer.status, &answer.body["error"]["code"]), (405, &json!("http_405")), "{method} {path}");
        }
        // An agent that is there and takes no part.
        let mut foreign = user("hi");
        foreign["agent"] = json!(agent);
        assert_eq!(served.chat(&session, &foreign).await.status, 400);
        // A call of one session is none of another's.
        let tools = json!([{"name": "look", "type": "function"}]);
        let mut ask = user("use look {}");
        ask["tools"] = tools;
        let asked = served.chat(&session, &ask).await;
        let call = asked.body["pending_tool_calls"][0].as_str().expect("an id");
        let result = json!({"messages": [{"role": "tool", "tool_call_id": call, "content": "x"}]});
        assert_eq!(served.chat(&other, &result).await.status, 400);
        assert_eq!(served.chat(&session, &result).await.status, 201);
        // What is deleted is gone.
        assert_eq!(served.send("DELETE", &format!("/sessions/{other}"), "").await.status, 202);
        assert_eq!(served.chat(&other, &user("hi")).await.status, 404);
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_large_too_deep_or_no_json_are_refused() {
    while_served(LONG, async |served| {
        let session = served.session(&[]).await;
        let path = format!("/sessions/{session}/chat");
        let of_length = |length: usize| {
            let start = br#"{"messages": [{"role": "user", "content": "hi"}], "nobody": ""#;
            let filler = vec![b'x'; length - start.len() - 2];
            [&start[..], &filler, b"\"}"].concat()
        };
        assert_eq!(served.send("POST", &path, of_length(10 << 20)).await.status, 201);
        // One byte more is refused before it is read, so that the client may not get to the end of its sending.
        let mut socket = begun(served, &session, (10 << 20) + 1, b"").await;
        let mut refusal = String::new();
        socket.read_to_string(&mut refusal).await.expect("an answer");
        assert!(refusal.starts_with("HTTP/1.1 413 ") && refusal.contains("\"http_413\""), "{refusal}");

        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"messages": [{{"role": "user", "content": "hi"}}], "metadata": {{"a": {open}{close}}}}}"#)
        };
        assert_eq!(served.send("POST", &path, nested(40)).await.status, 201);
        let bodies: [(&str, Vec<u8>); 9] = [
            ("deep", nested(200).into_bytes()),
            ("deeper", vec![b'['; 1 << 20]),
            ("half", b"{\"messages\": [".to_vec()),
            ("empty", Vec::new()),
            ("no JSON", b"messages=hi".to_vec()),
            ("not UTF-8", b"{\"messages\": [{\"role\": \"user\", \"content\": \"\xff\xfe\"}]}".to_vec()),
            ("half a pair", br#"{"messages": [{"role": "user", "content": "\ud83d"}]}"#.to_vec()),
            ("two", br#"{"messages": []} {"messages": []}"#.to_vec()),
            ("a number too large", br#"{"messages": [{"role": "user"}], "seed": 1e999}"#.to_vec()),
        ];
        for (what, body) in bodies {
            let answer = served.send("POST", &path, body).await;
            assert_eq!(answer.mistakes(), [("json_invalid", "")], "{what}");
        }
        for body in ["null", "[]", "5", "\"hi\""] {
            let answer = served.send("POST", &path, body).await;
            assert_eq!(answer.mistakes(), [("model_attributes_type", "")], "{body}");
        }
        // All mistakes are told at once, and not without end.
        let many = json!({"messages": vec![json!({"role": "nobody"}); 10_000]});
        let answer = served.chat(&session, &many).await;
        let told = answer.mistakes().len();
        assert!((1..1000).contains(&told) && answer.body["error"]["fix"].is_string(), "{told}");
        // Text of all kinds is kept as it is.
        let odd = "\u{0} \u{feff}\u{202e} 世界 \u{10ffff} \r\n\u{7f}";
        let answer = served.chat(&session, &user(odd)).await;
        assert_eq!((answer.status, text(&answer)), (201, format!("You said: {odd}").as_str()));
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_request_harms_nobody() {
    while_served(LONG, async |served| {
        let session = served.session(&[]).await;
        // The body ends too soon.
        let mut socket = begun(served, &session, 100, b"{\"messages\": [").await;
        socket.shutdown().await.expect("a half-closed connection");
        let mut told = String::new();
        socket.read_to_string(&mut told).await.expect("an answer or the end");
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 400 "), "{told}");
        // The client goes away within its body, and within its head.
        drop(begun(served, &session, 100, b"{").await);
        for words in [&b"POST /sessions"[..], b"POST /sessions HTTP/1.1\r\nhost: local", b"\0\0\0\0", b"\x16\x03\x01"] {
            let mut socket = TcpStream::connect(served.address()).await.expect("a connection");
            socket.write_all(words).await.expect("sent");
        }
        // What is no HTTP is answered with 400 or not at all.
        for words in [
            "HELLO\r\n\r\n",
            "GET /\u{1} HTTP/1.1\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        ] {
            let mut socket = TcpStream::connect(served.address()).await.expect("a connection");
            socket.write_all(words.as_bytes()).await.expect("sent");
            let mut told = String::new();
            let _ = socket.read_to_string(&mut told).await;
            assert!(told.is_empty() || told.starts_with("HTTP/1.1 400 "), "{words}: {told}");
        }
        assert_eq!(served.said(&session).await, []);
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_in_mid_answer_finds_it_in_the_history() {
    while_served(LONG, async |served| {
        for is_stream in [false, true] {
            let session = served.session(&[]).await;
            let mut body = user("are you there");
            body["stream"] = json!(is_stream);
            let body = body.to_string();
            let before = served.provider.times_asked();
            let mut socket = begun(served, &session, body.len(), body.as_bytes()).await;
            if is_stream {
                socket.read_exact(&mut [0; 16]).await.expect("the beginning of an answer");
            } else {
                while served.provider.times_asked() == before {
                    sleep(Duration::from_millis(5)).await;
                }
            }
            drop(socket);
            assert_eq!(until_answered(served, &session).await, "You said: are you there");
            // The turn is over.
            while served.chat(&session, &user("more")).await.status == 409 {
                sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(served.said(&session).await.len(), 4);
        }
        served.is_unharmed().await;
    })
    .await;
}

/// What a client is told of a failure.
fn told(answer: &Answer) -> (u16, &str, Option<&str>, bool) {
    let retry = answer.headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    let code = answer.body["error"]["code"].as_str().expect("a code");
    (answer.status, code, retry, answer.headers.contains_key("retry-after"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_refuses_is_told_by_what_it_means() {
    while_served(LONG, async |served| {
        let session = served.session(&[]).await;
        let refuses = |status, words: &str| Says::Refuses(status, words.to_owned());
        for (refusal, status, code, is_passing) in [
            (refuses(400, "no"), 400, "llm_bad_request", false),
            (refuses(404, "no such model"), 400, "llm_bad_request", false),
            (refuses(422, "no"), 400, "llm_bad_request", false),
            (refuses(400, "maximum context length is 10 tokens"), 400, "prompt_too_big", false),
            (refuses(413, "no"), 400, "prompt_too_big", false),
            (refuses(401, "no"), 502, "llm_api_error", false),
            (refuses(403, "no"), 502, "llm_api_error", false),
            (refuses(408, "no"), 502, "llm_api_error", true),
            (refuses(429, "no"), 502, "llm_api_error", true),
            (refuses(500, "no"), 502, "llm_api_error", true),
            (refuses(503, "no"), 502, "llm_api_error", true),
        ] {
            let (whole, streamed_too) = (refusal.clone(), refusal.clone());
            served.provider.will([whole, streamed_too]);
            let answer = served.chat(&session, &user("hi")).await;
            let retry = if is_passing { None } else { Some("false") };
            assert_eq!(told(&answer), (status, code, retry, is_passing), "{refusal:?}");
            assert!(answer.body["error"]["fix"].is_string());
            let (streams, text) = streamed(served, &session, "hi").await;
            assert_eq!(streams, status, "nothing of a stream had begun: {text}");
            for words in [answer.body.to_string(), text] {
                assert!(!words.contains(SERVERS_KEY), "the provider repeats the key, and the server does not: {words}");
            }
        }
        assert_eq!(served.said(&session).await, []);
        assert_eq!(text(&served.chat(&session, &user("on")).await), "You said: on");
        assert_eq!(
            served.provider.last().body["messages"]
                .as_array()
                .map(|all| all.iter().filter(|one| one["role"] == "user").count()),
            Some(1)
        );
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_answers_nonsense_or_breaks_off_is_a_bad_gateway() {
    let (json, events) = ("application/json", "text/event-stream");
    let page = |kind, text: &str| Says::Page(kind, text.as_bytes().to_vec());
    let nonsense = [
        page("text/html", "<html>It works!</html>"),
        page(json, ""),
        page(json, "{"),
        page(json, "{}"),
        page(json, "{\"choices\": []}"),
        page(json, "{\"choices\": 5}"),
        page(json, "null"),
        Says::Page(json, b"\xff\xfe".to_vec()),
        Says::Page(json, vec![b'['; 100_000]),
        page(events, ""),
        page(events, "data: [DONE]\n\n"),
        page(events, "data: {\n\n"),
        page(events, "data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"half\"}}]}\n\n"),
        page(
            events,
            "data: {\"choices\": [{\"index\": 0, \"delta\": {\"tool_calls\": [{\"index\": 0, \"id\": \"c1\", \"function\": {\"name\": \"bash\", \"arguments\": \"{\\\"comm\"}}]}}]}\n\n",
        ),
        page(events, "data: {\"error\": {\"message\": \"overloaded\", \"code\": 503}}\n\n"),
        Says::Page(events, b"data: \xff\xfe\n\n".to_vec()),
        Says::CutsOff("I was about to".to_owned()),
    ];
    while_served(LONG, async |served| {
        let session = served.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
        for answer in nonsense {
            served.provider.will([answer.clone()]);
            let refused = served.chat(&session, &user("hi")).await;
            assert_eq!(told(&refused), (502, "llm_api_error", None, true), "{answer:?}: {}", refused.body);
        }
        assert!(served.sandboxes.calls().is_empty(), "nothing that was cut is run");
        // A stream whose beginning was passed on ends with the error.
        let (status, text) = streamed(served, &session, "cut off").await;
        let read = pieces(&text);
        assert_eq!((status, &read[0]["choices"][0]["delta"]["content"]), (200, &json!("I was about to")));
        let (last, others) = read.split_last().expect("pieces");
        assert_eq!((&last["error"]["code"], last.get("choices")), (&json!("llm_api_error"), None));
        assert!(others.iter().all(|piece| piece["choices"][0]["finish_reason"].is_null()));
        assert_eq!(served.said(&session).await, [], "nothing of it is part of the talk");
        let all = served.get(&format!("/sessions/{session}/history?include_failed=true")).await;
        assert_eq!(all.body["entries"].as_array().map(Vec::len), Some(18), "what was asked is kept for the record");
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_comes_to_a_halt_is_not_waited_for() {
    while_served(Duration::from_millis(300), async |served| {
        let session = served.session(&[]).await;
        let answer = served.chat(&session, &user("hang")).await;
        assert_eq!(told(&answer), (502, "llm_api_error", None, true), "{}", answer.body);
        let (status, text) = streamed(served, &session, "hang").await;
        let read = pieces(&text);
        assert_eq!((status, &read[read.len() - 1]["error"]["code"]), (200, &json!("llm_api_error")));
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_calls_nonsense_is_told_so_and_the_turn_goes_on() {
    let deep = format!("{{\"command\": {}{}}}", "[".repeat(500), "]".repeat(500));
    let calls = [
        ("bash", "{\"command\": \"ls\""),
        ("bash", ""),
        ("bash", "null"),
        ("bash", "[1, 2]"),
        ("bash", "{\"command\": 5}"),
        ("bash", deep.as_str()),
        ("nobody", "{}"),
        ("", "{}"),
        ("b\u{0}sh", "{}"),
    ];
    while_served(LONG, async |served| {
        let session = served.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
        for (tool, arguments) in calls {
            served.provider.will([Says::Calls(vec![("same".to_owned(), tool.to_owned(), arguments.to_owned())])]);
            let answer = served.chat(&session, &user("go")).await;
            assert_eq!(answer.status, 201, "{tool} {arguments}: {}", answer.body);
            assert!(text(&answer).starts_with("It says: "), "{tool} {arguments}: {}", answer.body);
            assert_eq!(answer.body["messages"][1]["role"], "tool");
        }
        // Each id is there once, though the provider gave the same to all.
        let sent = served.provider.last().body["messages"].clone();
        let sent = sent.as_array().expect("a list");
        let mut ids: Vec<&str> = sent.iter().filter_map(|message| message["tool_call_id"].as_str()).collect();
        assert_eq!(ids.len(), calls.len());
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), calls.len());
        // A large answer is one.
        served.provider.will([Says::Text("x".repeat(4 << 20))]);
        assert_eq!(text(&served.chat(&session, &user("much")).await).len(), 4 << 20);
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_are_nonsense_are_told_or_not_minded() {
    while_served(LONG, async |served| {
        let session = served.session(&[]).await;
        let chat = || served.request("POST", &format!("/sessions/{session}/chat")).body(user("hi").to_string());
        for (name, value) in [
            ("prefer", "wait=-1"),
            ("prefer", "wait=99999999999999999999"),
            ("prefer", ",,;=;"),
            ("accept", "text/html"),
            ("content-type", "nonsense"),
            ("x-custom-api-key", "  "),
            ("x-developer-id", NOBODY),
        ] {
            let answer = served.answer(chat().header(name, value)).await;
            assert_eq!(answer.status, 201, "{name}: {value}");
            assert_eq!(served.provider.last().key, format!("Bearer {SERVERS_KEY}"), "{name}: {value}");
        }
        // A client's own key goes to the provider in place of the server's, and to nobody else.
        let answer = served.answer(chat().header("x-custom-api-key", "sk-mine")).await;
        assert_eq!((answer.status, served.provider.last().key.as_str()), (201, "Bearer sk-mine"));
        served.provider.will([Says::Refuses(400, "no".to_owned())]);
        let refused = served.answer(chat().header("x-custom-api-key", "sk-mine")).await;
        assert!(refused.status == 400 && !refused.body.to_string().contains("sk-mine"), "{}", refused.body);
        let odd = reqwest::header::HeaderValue::from_bytes(b"sk-\xff").expect("a value");
        assert_eq!(served.answer(chat().header("x-custom-api-key", odd)).await.status, 400);
        for last in ["x", "-1", "1.5", "99999999999999999999"] {
            let events = served.request("GET", &format!("/sessions/{session}/events")).header("last-event-id", last);
            assert_eq!(served.answer(events).await.mistakes(), [("int_parsing", "header.last-event-id")], "{last}");
        }
        served.is_unharmed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_session_is_told_and_the_others_are_not_held_up() {
    while_served(LONG, async |served| {
        let (session, other) = (served.session(&[]).await, served.session(&[]).await);
        let hanging = served.request("POST", &format!("/sessions/{session}/chat")).header("prefer", "respond-async");
        let job = served.answer(hanging.body(user("hang").to_string())).await;
        assert_eq!(job.status, 202);
        for (method, path) in [("POST", "chat"), ("DELETE", "history")] {
            let busy = served.send(method, &format!("/sessions/{session}/{path}"), user("hi").to_string()).await;
            assert_eq!((busy.status, &busy.body["error"]["code"]), (409, &json!("http_409")), "{method} {path}");
            assert!(busy.headers.contains_key("retry-after"));
        }
        assert_eq!(served.chat(&other, &user("hi")).await.status, 201);
        assert_eq!(served.send("POST", &format!("/sessions/{session}/cancel"), "").await.status, 202);
        let before = Instant::now();
        while served.chat(&session, &user("hi")).await.status == 409 {
            assert!(before.elapsed() < LONG, "the turn did not end");
            sleep(Duration::from_millis(10)).await;
        }
        served.is_unharmed().await;
    })
    .await;
}
