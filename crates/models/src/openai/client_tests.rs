use std::sync::LazyLock;

use handspike_types::{
    ContentPart, Image, Message, ModelSettings, ToolCall, ToolChoice, ToolOutput, ToolResult, ToolSpec,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;

const KEY: &str = "sk-very-secret";

/// What the fake server does after it has read a request.
#[derive(Clone)]
enum Reaction {
    /// Sends these bytes and closes.
    Send(String),
    /// Sends a head and then body without end.
    Flood(&'static str),
    /// Sends these bytes and then keeps the connection open in silence.
    Hang(&'static str),
    /// Sends these bytes one by one and closes.
    Drip(Vec<u8>),
}

/// A request as the server got it.
struct Got {
    head: String,
    body: Value,
}

/// A server that reacts to each request in the same way, its base URL, and what it got.
async fn serve(reaction: Reaction) -> (String, mpsc::UnboundedReceiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(react(stream, reaction.clone(), sender.clone()));
        }
    });
    (base_url, requests)
}

async fn react(mut stream: TcpStream, reaction: Reaction, requests: mpsc::UnboundedSender<Got>) {
    let _ = requests.send(read_request(&mut stream).await);
    match reaction {
        Reaction::Send(bytes) => stream.write_all(bytes.as_bytes()).await.expect("the client reads"),
        Reaction::Flood(head) => {
            let piece = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(piece.as_bytes()).await;
            }
        }
        Reaction::Drip(bytes) => {
            stream.set_nodelay(true).expect("a socket");
            for byte in bytes {
                stream.write_all(&[byte]).await.expect("the client reads");
                tokio::task::yield_now().await;
            }
        }
        Reaction::Hang(bytes) => {
            stream.write_all(bytes.as_bytes()).await.expect("the client reads");
            std::future::pending().await
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Got {
    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await.expect("the client writes");
        assert!(read > 0, "the client sends a whole request");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.expect("the body's length").parse::<usize>().expect("a number") {
            return Got { body: serde_json::from_str(body).expect("the body is JSON"), head };
        }
    }
}

fn http(status: &str, body: &str) -> Reaction {
    Reaction::Send(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
}

fn hello() -> Reaction {
    http("200 OK", r#"{"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}"#)
}

fn client(base_url: &str) -> OpenAi {
    OpenAi::new(config(base_url)).expect("a client")
}

fn config(base_url: &str) -> OpenAiConfig {
    OpenAiConfig::new("gpt-test", base_url, Some(ApiKey::new(KEY)))
}

fn specs() -> Vec<ToolSpec> {
    let parameters = json!({"type": "object", "properties": {"command": {"type": "string"}}});
    vec![ToolSpec::new("bash", "Runs a command.", parameters)]
}

fn request<'a>(system_prompt: &'a str, messages: &'a [Message], tools: &'a [ToolSpec]) -> ModelRequest<'a> {
    static SETTINGS: LazyLock<ModelSettings> = LazyLock::new(ModelSettings::default);
    ModelRequest { system_prompt, messages, tools, settings: &SETTINGS }
}

/// Where pieces go that nobody waits for.
fn nobody() -> mpsc::Sender<ModelDelta> {
    mpsc::channel(1).0
}

/// The body that the server gets for a conversation.
async fn sent(messages: &[Message]) -> Value {
    let (base_url, mut requests) = serve(hello()).await;
    let tools = specs();
    let request = request("be brief", messages, &tools);
    let reply = client(&base_url).answer(request, &nobody()).await.expect("a reply");
    assert_eq!(reply.text, "hello");
    requests.recv().await.expect("a request").body
}

/// The error of a request to a server that reacts like this.
async fn error(reaction: Reaction) -> ModelError {
    let (base_url, _requests) = serve(reaction).await;
    ask(&client(&base_url)).await.expect_err("an error")
}

async fn ask(client: &OpenAi) -> Result<ModelReply, ModelError> {
    let messages = [Message::user("go")];
    client.answer(request("", &messages, &[]), &nobody()).await
}

fn asked(calls: &[(&str, Value)]) -> Message {
    let call = |(id, arguments): &(&str, Value)| ToolCall {
        id: (*id).to_owned(),
        name: "bash".to_owned(),
        arguments: arguments.clone(),
        toolset: None,
    };
    Message::assistant("", calls.iter().map(call).collect())
}

fn result(call_id: &str, output: ToolOutput) -> ToolResult {
    ToolResult { call_id: call_id.to_owned(), name: "bash".to_owned(), output, toolset: None }
}

#[tokio::test]
async fn the_first_request_has_the_prompts_and_the_tools() {
    assert_eq!(
        sent(&[Message::user("go")]).await,
        json!({
            "model": "gpt-test",
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "go"}],
            "tools": [{"type": "function", "function": {
                "name": "bash",
                "description": "Runs a command.",
                "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
            }}],
            "stream": true,
            "stream_options": {"include_usage": true},
        })
    );
}

#[tokio::test]
async fn pictures_follow_all_results_in_one_user_message() {
    let picture = |text: &str, data: &str| ToolOutput::text(text).with_image(Image::new("image/png", data));
    let mut bare = picture("", "CCCC");
    bare.content.remove(0);
    let conversation = [
        Message::user("go"),
        asked(&[("a", json!({"command": "ls"})), ("b", json!({})), ("c", json!({}))]),
        Message::Tools {
            results: vec![result("a", picture("one", "AAAA")), result("b", ToolOutput::text("two")), result("c", bare)],
        },
        Message::user("and now?"),
    ];
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "bash", "arguments": arguments}});
    let image =
        |data: &str| json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}});
    assert_eq!(
        sent(&conversation).await["messages"],
        json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": null,
                "tool_calls": [call("a", r#"{"command":"ls"}"#), call("b", "{}"), call("c", "{}")]},
            {"role": "tool", "tool_call_id": "a", "content": "one"},
            {"role": "tool", "tool_call_id": "b", "content": "two"},
            {"role": "tool", "tool_call_id": "c", "content": "(no text)"},
            {"role": "user", "content": [
                {"type": "text", "text": "Picture from call a:"}, image("AAAA"),
                {"type": "text", "text": "Picture from call c:"}, image("CCCC"),
            ]},
            {"role": "user", "content": "and now?"},
        ])
    );
}

#[tokio::test]
async fn settings_and_refused_names_go_out_in_the_apis_words_and_names_come_back() {
    let wire = super::super::names::tool_on_wire("prüfe").into_owned();
    let call = json!({"id": "a", "function": {"name": wire, "arguments": "{}"}});
    let answer = json!({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]});
    let (base_url, mut requests) = serve(http("200 OK", &answer.to_string())).await;
    let settings = ModelSettings {
        temperature: Some(3.0),
        max_tokens: Some(9),
        n: Some(2),
        tool_choice: Some(ToolChoice::Function { name: "prüfe".to_owned() }),
        ..ModelSettings::default()
    };
    let before = ToolCall { id: "z".to_owned(), name: "älter".to_owned(), arguments: json!({}), toolset: None };
    let messages =
        [Message::assistant("", vec![before]), Message::Tools { results: vec![result("z", ToolOutput::text("ok"))] }];
    let tools = [ToolSpec::new("prüfe", "Checks.", json!({"type": "object"}))];
    let request = ModelRequest { settings: &settings, ..request("", &messages, &tools) };
    let reply = client(&base_url).answer(request, &nobody()).await.expect("a reply");

    assert_eq!(reply.tool_calls[0].name, "prüfe");
    let told = ["`temperature` 3 was sent as 2, the provider's limit", "`n` is 2, and the provider gave 1"];
    assert_eq!(reply.warnings, told);
    let body = requests.recv().await.expect("a request").body;
    assert_eq!((&body["temperature"], &body["max_tokens"], &body["n"]), (&json!(2.0), &json!(9), &json!(2)));
    assert_eq!(body["tools"][0]["function"]["name"], json!(wire));
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": wire}}));
    let called = body["messages"][0]["tool_calls"][0]["function"]["name"].as_str().expect("a name");
    assert!(called.is_ascii() && called.starts_with("_lter_"), "{called}");
}

/// A streamed answer of a text and a call, with the chunk that ends it and what comes after.
fn streamed(end: &str) -> String {
    let chunk = |delta: Value| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
    let piece = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
    let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "bash", "arguments": ""}}]});
    let chunks = [json!({"content": "Ich prüfe "}), json!({"content": "世."}), call, piece("{\"x\""), piece(": 1}")];
    let events: String = chunks.into_iter().map(|delta| format!("data: {}\r\n\r\n", chunk(delta))).collect();
    format!(": ping\r\n\r\n{events}{end}")
}

const FINISH: &str = "data: {\"choices\": [{\"index\": 0, \"delta\": {}, \"finish_reason\": \"tool_calls\"}]}\n\n";
const USAGE: &str = "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 5, \"completion_tokens\": 2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn event_stream(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n{body}")
}

/// A stream that says how long it is and ends before that.
fn broken_stream(body: &str) -> String {
    event_stream(body).replacen("connection: close", "content-length: 1000000", 1)
}

/// The answer of a server that reacts like this, and the pieces in which it came.
async fn streaming(reaction: Reaction) -> (Result<ModelReply, ModelError>, Vec<ModelDelta>) {
    let (base_url, _requests) = serve(reaction).await;
    let config = OpenAiConfig { idle_timeout: Duration::from_millis(300), ..config(&base_url) };
    let (sender, mut deltas) = mpsc::channel(1000);
    let messages = [Message::user("go")];
    let reply = OpenAi::new(config).expect("a client").answer(request("", &messages, &[]), &sender).await;
    drop(sender);
    let mut pieces = Vec::new();
    while let Some(piece) = deltas.recv().await {
        pieces.push(piece);
    }
    (reply, pieces)
}

#[tokio::test]
async fn a_stream_is_read_and_passed_on_however_its_bytes_arrive() {
    let whole = event_stream(&streamed(&[FINISH, USAGE, DONE].concat()));
    for reaction in [Reaction::Send(whole.clone()), Reaction::Drip(whole.clone().into_bytes())] {
        let (reply, pieces) = streaming(reaction).await;
        let reply = reply.expect("a reply");
        assert_eq!(reply.text, "Ich prüfe 世.");
        assert_eq!((reply.tool_calls[0].id.as_str(), &reply.tool_calls[0].arguments), ("a", &json!({"x": 1})));
        assert_eq!(reply.usage.total(), 7);
        let said: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let called: String =
            pieces.iter().filter_map(|piece| piece.tool_call.as_ref()).map(|call| call.arguments.as_str()).collect();
        assert_eq!((said.as_str(), called.as_str(), pieces.len()), ("Ich prüfe 世.", "{\"x\": 1}", 5));
    }
}

#[tokio::test]
async fn a_stream_that_ends_before_its_end_is_cut_off_and_its_call_is_not_given() {
    for body in ["", &streamed(""), &streamed(&FINISH[..FINISH.len() - 20])] {
        for bytes in [event_stream(body), broken_stream(body)] {
            let (reply, _) = streaming(Reaction::Send(bytes)).await;
            let error = reply.expect_err("a cut answer");
            assert!(matches!(error, ModelError::CutOff { .. }), "{error:?}");
            assert!(error.to_string().contains("hint: ask again"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_stream_without_usage_or_a_last_word_is_whole_once_it_has_finished() {
    for end in [FINISH, &format!("{FINISH}{USAGE}"), &format!("{FINISH}{}", DONE.trim_end())] {
        for bytes in [event_stream(&streamed(end)), broken_stream(&streamed(end))] {
            let (reply, _) = streaming(Reaction::Send(bytes)).await;
            assert_eq!(reply.expect("a reply").tool_calls.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_stream_that_goes_silent_has_stalled() {
    let silent: &'static str = event_stream(&streamed("")).leak();
    let (reply, pieces) = streaming(Reaction::Hang(silent)).await;
    assert!(matches!(reply, Err(ModelError::Stalled { seconds: 1 })), "{reply:?}");
    assert_eq!(pieces.len(), 5, "what came before was passed on");
}

#[tokio::test]
async fn an_error_within_a_stream_is_a_refusal_in_the_servers_words() {
    let error = format!("data: {}\n\n", json!({"error": {"message": "the server is overloaded", "code": 503}}));
    let (reply, _) = streaming(Reaction::Send(event_stream(&streamed(&error)))).await;
    let error = reply.expect_err("an error");
    assert!(matches!(&error, ModelError::Refused { status: 503, message } if message == "the server is overloaded"));
}

#[tokio::test]
async fn several_streamed_choices_are_all_given() {
    let chunk = |index: u32, text: &str, reason: Value| {
        let choice = json!({"index": index, "delta": {"content": text}, "finish_reason": reason});
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let end = json!("stop");
    let body = [chunk(0, "a", Value::Null), chunk(1, "b", end.clone()), chunk(0, "A", end), DONE.to_owned()].concat();
    let (reply, _) = streaming(Reaction::Send(event_stream(&body))).await;
    let reply = reply.expect("a reply");
    assert_eq!((reply.text.as_str(), reply.alternatives[0].text.as_str()), ("aA", "b"));
}

#[tokio::test]
async fn a_stream_of_which_nobody_wants_the_pieces_is_read_all_the_same() {
    let whole = event_stream(&streamed(&[FINISH, USAGE, DONE].concat()));
    let (base_url, _requests) = serve(Reaction::Send(whole)).await;
    assert_eq!(ask(&client(&base_url)).await.expect("a reply").tool_calls.len(), 1);
}

#[tokio::test]
async fn an_endless_stream_is_read_only_up_to_the_bound() {
    let (reply, _) = streaming(Reaction::Flood(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    ))
    .await;
    let error = reply.expect_err("too much");
    assert!(error.to_string().contains("larger than 67108864 bytes"), "{error}");
}

#[tokio::test]
async fn system_messages_keep_their_place_and_speakers_their_names() {
    let named = Message::User { content: vec![ContentPart::text("hi")], name: Some("Ann O'Hara <x>".to_owned()) };
    let bot = Message::Assistant { text: "hello".to_owned(), tool_calls: Vec::new(), name: Some("Bot".to_owned()) };
    assert_eq!(
        sent(&[named, bot, Message::system("be polite"), Message::user("go")]).await["messages"],
        json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi", "name": "Ann_O'Hara__x_"},
            {"role": "assistant", "content": "hello", "name": "Bot"},
            {"role": "system", "content": "be polite"},
            {"role": "user", "content": "go"},
        ])
    );
}

#[tokio::test]
async fn errors_empty_results_and_broken_arguments_are_told_plainly() {
    let conversation = [
        Message::user("go"),
        asked(&[("a", json!("{\"comm")), ("b", json!({}))]),
        Message::Tools {
            results: vec![
                result("a", ToolOutput::error("the arguments are no JSON")),
                result("b", ToolOutput::default()),
            ],
        },
        Message::assistant("", Vec::new()),
    ];
    let messages = sent(&conversation).await["messages"].clone();
    assert_eq!(messages[2]["tool_calls"][0]["function"]["arguments"], json!("{\"comm"));
    let results = messages.as_array().expect("messages")[3..].to_vec();
    assert_eq!(
        results,
        [
            json!({"role": "tool", "tool_call_id": "a", "content": "Error: the arguments are no JSON"}),
            json!({"role": "tool", "tool_call_id": "b", "content": "(no output)"}),
        ]
    );
}

#[tokio::test]
async fn a_request_goes_to_the_endpoint_with_the_key() {
    let (base_url, mut requests) = serve(hello()).await;
    ask(&client(&format!("{base_url}/"))).await.expect("a reply");
    let head = requests.recv().await.expect("a request").head;
    assert!(head.starts_with("post /v1/chat/completions http/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: bearer {KEY}")), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");

    let keyless = OpenAi::new(OpenAiConfig { api_key: None, ..config(&base_url) }).expect("a client");
    ask(&keyless).await.expect("a reply");
    assert!(!requests.recv().await.expect("a request").head.contains("authorization"));
}

#[tokio::test]
async fn an_error_status_is_a_refusal_with_the_servers_words_and_a_hint() {
    for (status, hint) in [(401, "API key"), (404, "model's name"), (429, "limits the rate"), (500, "")] {
        let body = json!({"error": {"message": "not like this", "type": "x", "code": null}}).to_string();
        let error = error(http(&format!("{status} Nope"), &body)).await;
        assert!(
            matches!(&error, ModelError::Refused { status: s, message } if *s == status && message == "not like this")
        );
        assert!(error.to_string().contains(hint), "{error}");
    }
    let page = format!("<html><h1>Bad Gateway</h1>{}</html>", "\n<p>".repeat(100_000));
    let error = error(http("502 Bad Gateway", &page)).await;
    assert!(error.to_string().contains("<h1>Bad Gateway</h1>") && error.to_string().len() < 1000, "{error}");
}

#[tokio::test]
async fn a_page_or_nothing_instead_of_json_is_malformed() {
    for body in ["<!doctype html><title>It works</title>", ""] {
        let error = error(http("200 OK", body)).await;
        assert!(matches!(error, ModelError::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains("hint: check that the base URL speaks this API"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, mut requests) = serve(hello()).await;
    let moved =
        format!("HTTP/1.1 307 Moved\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let error = error(Reaction::Send(moved)).await;
    assert!(matches!(error, ModelError::Refused { status: 307, .. }), "{error:?}");
    assert!(requests.try_recv().is_err(), "the conversation went elsewhere");
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_host_are_unreachable_with_their_cause() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let error = ask(&client(&format!("http://{closed}/v1"))).await.expect_err("nobody listens");
    let text = error.to_string();
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
    assert!(text.contains(&format!("http://{closed}/v1/chat/completions")), "{text}");
    assert!(text.contains("Connection refused"), "{text}");

    // No resolver is asked for a label of more than 63 characters.
    let error = ask(&client(&format!("http://{}.invalid/v1", "x".repeat(64)))).await.expect_err("no such host");
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("dns error"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_unreachable_over_https() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = ask(&client(&format!("https://{address}/v1"))).await.expect_err("no TLS here");
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_within_the_answer_is_unreachable() {
    let error = error(Reaction::Send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choi".to_owned())).await;
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn silence_ends_at_the_timeout_before_and_within_the_body() {
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let (base_url, _requests) = serve(Reaction::Hang(bytes)).await;
        let config = OpenAiConfig { request_timeout: Duration::from_millis(50), ..config(&base_url) };
        let started = std::time::Instant::now();
        let answer = ask(&OpenAi::new(config).expect("a client")).await;
        assert!(matches!(answer, Err(ModelError::TimedOut { seconds: 1 })), "{answer:?}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn an_endless_body_is_read_only_up_to_the_bound() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let error = error(Reaction::Flood(head)).await;
        assert!(error.to_string().contains("larger than 67108864 bytes"), "{error}");
    }
    let error = error(Reaction::Flood("HTTP/1.1 500 Oh\r\ncontent-length: 1073741824\r\n\r\n")).await;
    assert!(matches!(error, ModelError::Refused { status: 500, .. }), "{error:?}");
}

#[tokio::test]
async fn the_key_is_in_no_error_and_in_no_debug_text() {
    let echo = json!({"error": {"message": format!("wrong key: Bearer {KEY}")}}).to_string();
    for reaction in [http("401 Unauthorized", &echo), http("200 OK", &format!("<p>{KEY}"))] {
        let (base_url, _requests) = serve(reaction).await;
        let client = client(&base_url);
        let error = ask(&client).await.expect_err("an error");
        let shown = format!("{error} {error:?} {client:?}");
        assert!(!shown.contains(KEY), "{shown}");
        assert!(error.to_string().contains("[key]"), "{error}");
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    for base_url in ["", "localhost:8080/v1", "ftp://host/v1", "/v1"] {
        assert!(matches!(OpenAi::new(config(base_url)), Err(ClientError::BaseUrl(_))), "{base_url}");
    }
    for base_url in ["http://user:hunter2@host/v1", "https://host/v1?key=x", "https://host/v1#x"] {
        let error = OpenAi::new(config(base_url)).expect_err("secrets in the URL");
        assert!(matches!(error, ClientError::BaseUrlWithSecrets), "{error:?}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let broken = OpenAiConfig { api_key: Some(ApiKey::new("two\nlines")), ..config("http://localhost/v1") };
    assert!(matches!(OpenAi::new(broken), Err(ClientError::ApiKey)));
}

#[test]
fn loopback_is_known_by_name_and_number() {
    for url in ["http://localhost:1/v1", "http://127.0.0.1/v1", "http://127.8.9.1/v1", "http://[::1]:80/v1"] {
        assert!(is_loopback(&endpoint(url).expect("a URL")), "{url}");
    }
    for url in ["http://localhost.example.org/v1", "http://10.0.0.1/v1", "https://api.openai.com/v1"] {
        assert!(!is_loopback(&endpoint(url).expect("a URL")), "{url}");
    }
}
