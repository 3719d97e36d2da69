//! Traces against a collector on a socket, in both forms. The protobuf is read by a reader of the format that knows nothing
//! of the messages.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use handspike_core::EventSink as _;
use handspike_types::{Event, EventKind, FinishReason, Message, Outcome, SessionId, ToolCall, ToolOutput, Usage};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::{Telemetry, TurnAbout};

/// A collector that keeps what it gets, and answers with these statuses in turn, and then with 200.
struct Collector {
    endpoint: String,
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Collector {
    async fn start(statuses: &[u16]) -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let statuses: Vec<u16> = statuses.to_vec();
        type Kept = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;
        let take = |State((kept, statuses)): State<(Kept, Vec<u16>)>, headers: HeaderMap, body: Bytes| async move {
            let mut kept = kept.lock().expect("nobody panicked");
            let status = statuses.get(kept.len()).copied().unwrap_or(200);
            kept.push((headers, body));
            StatusCode::from_u16(status).expect("a status")
        };
        let routes = Router::new().route("/v1/traces", post(take)).with_state((Arc::clone(&got), statuses));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { endpoint, got }
    }

    fn bodies(&self) -> Vec<(HeaderMap, Bytes)> {
        self.got.lock().expect("nobody panicked").clone()
    }
}

fn call(id: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: "bash".to_owned(), arguments: json!({"command": "cat secret"}), toolset: None }
}

fn answered(step: u32, calls: Vec<ToolCall>) -> EventKind {
    let finish_reason = if calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
    EventKind::ModelAnswered {
        turn: 1,
        step,
        text: "the secret answer".to_owned(),
        tool_calls: calls,
        finish_reason,
        usage: Usage { input_tokens: 70, output_tokens: 300 },
        duration_ms: 400,
        logprobs: None,
        alternatives: Vec::new(),
        warnings: Vec::new(),
    }
}

/// A turn of two steps, with a call that fails between them.
async fn play(telemetry: &Telemetry, about: &TurnAbout) -> SessionId {
    let session = SessionId::generate();
    let finished = EventKind::CallFinished {
        turn: 1,
        step: 1,
        call_id: "c1".to_owned(),
        name: "bash".to_owned(),
        output: ToolOutput::error("no such secret"),
        duration_ms: 20,
    };
    let usage = Usage { input_tokens: 140, output_tokens: 600 };
    let kinds = vec![
        EventKind::TurnStarted { turn: 1, input: vec![Message::user("tell me the secret")] },
        EventKind::StepStarted { turn: 1, step: 1 },
        answered(1, vec![call("c1")]),
        EventKind::CallStarted { turn: 1, step: 1, call: call("c1") },
        finished,
        EventKind::StepStarted { turn: 1, step: 2 },
        answered(2, Vec::new()),
        EventKind::TurnFinished {
            turn: 1,
            outcome: Outcome::Done { text: "the secret answer".to_owned() },
            steps: 2,
            usage,
            duration_ms: 1_000,
        },
    ];
    let mut sinks = telemetry.sinks(about);
    for (at_ms, kind) in (1_000..).step_by(100).zip(kinds) {
        let event = Event { seq: 0, at_ms, session, kind };
        for sink in &mut sinks {
            sink.announce(&event).await.expect("told");
        }
    }
    session
}

fn about() -> TurnAbout {
    TurnAbout {
        model: "openai:gpt-6".to_owned(),
        agent_id: Some("0190".to_owned()),
        agent_name: Some("Ada".to_owned()),
        parent: None,
    }
}

/// Plays a turn to a collector and gives the spans that it got, by name.
async fn spans(config: impl Fn(TraceConfig) -> TraceConfig) -> (Collector, SessionId, BTreeMap<String, Vec<Value>>) {
    let collector = Collector::start(&[]).await;
    let config = config(TraceConfig { protocol: Protocol::Json, ..TraceConfig::new(&collector.endpoint) });
    let traces = Traces::begin(&config).expect("traces");
    let telemetry = Telemetry { traces: Some(traces.clone()), ..Telemetry::default() };
    let session = play(&telemetry, &about()).await;
    traces.flush(Duration::from_secs(10)).await;
    let mut by_name: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (_, body) in collector.bodies() {
        let body = read(config.protocol, &body);
        for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans") {
            by_name.entry(span["name"].as_str().expect("a name").to_owned()).or_default().push(span.clone());
        }
    }
    (collector, session, by_name)
}

fn read(protocol: Protocol, body: &[u8]) -> Value {
    match protocol {
        Protocol::Json => serde_json::from_slice(body).expect("JSON"),
        Protocol::Protobuf => wire::request(body),
    }
}

fn attribute<'a>(span: &'a Value, key: &str) -> Option<&'a Value> {
    let attributes = span["attributes"].as_array().expect("attributes");
    attributes.iter().find(|pair| pair["key"] == key).map(|pair| &pair["value"])
}

fn assert_attributes(span: &Value, wanted: &[(&str, Value)]) {
    for (key, value) in wanted {
        assert_eq!(attribute(span, key), Some(value), "{key} of {span}");
    }
}

fn text(text: impl Into<String>) -> Value {
    json!({"stringValue": text.into()})
}

async fn assert_a_whole_turn(protocol: Protocol) {
    let (_, session, spans) = spans(|config| TraceConfig { protocol, ..config }).await;
    assert_eq!(spans.keys().collect::<Vec<_>>(), ["chat gpt-6", "execute_tool bash", "invoke_agent Ada"]);
    let (turn, call) = (&spans["invoke_agent Ada"][0], &spans["execute_tool bash"][0]);
    let [first, second] = spans["chat gpt-6"].as_slice() else { panic!("two steps: {spans:?}") };
    assert_attributes(
        turn,
        &[
            ("gen_ai.operation.name", text("invoke_agent")),
            ("gen_ai.provider.name", text("openai")),
            ("gen_ai.request.model", text("gpt-6")),
            ("gen_ai.conversation.id", text(session.to_string())),
            ("gen_ai.agent.id", text("0190")),
            ("gen_ai.agent.name", text("Ada")),
            ("gen_ai.usage.input_tokens", json!({"intValue": "140"})),
            ("gen_ai.usage.output_tokens", json!({"intValue": "600"})),
            ("gen_ai.response.finish_reasons", json!({"arrayValue": {"values": [text("stop")]}})),
            ("handspike.outcome", text("done")),
        ],
    );
    assert_attributes(
        first,
        &[
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.provider.name", text("openai")),
            ("gen_ai.request.model", text("gpt-6")),
            ("gen_ai.response.finish_reasons", json!({"arrayValue": {"values": [text("tool_calls")]}})),
            ("gen_ai.usage.input_tokens", json!({"intValue": "70"})),
            ("gen_ai.usage.output_tokens", json!({"intValue": "300"})),
        ],
    );
    assert_attributes(
        call,
        &[
            ("gen_ai.operation.name", text("execute_tool")),
            ("gen_ai.tool.name", text("bash")),
            ("gen_ai.tool.call.id", text("c1")),
            ("error.type", text("tool_error")),
        ],
    );
    assert_eq!((&call["status"]["code"], turn.get("status")), (&json!(2), None));
    assert_eq!((&turn["kind"], &first["kind"], &call["kind"]), (&json!(1), &json!(3), &json!(1)));
    for span in [first, second, call] {
        assert_eq!((&span["traceId"], &span["parentSpanId"]), (&turn["traceId"], &turn["spanId"]));
    }
    assert_ne!(first["spanId"], second["spanId"]);
    assert_eq!(turn.get("parentSpanId"), None);
    let times = |span: &Value| (span["startTimeUnixNano"].clone(), span["endTimeUnixNano"].clone());
    assert_eq!(times(turn), (json!("1000000000"), json!("1700000000")));
    assert_eq!(times(call), (json!("1300000000"), json!("1400000000")));
}

#[tokio::test]
async fn a_turn_is_a_trace_in_json() {
    assert_a_whole_turn(Protocol::Json).await;
}

#[tokio::test]
async fn a_turn_is_the_same_trace_in_protobuf() {
    assert_a_whole_turn(Protocol::Protobuf).await;
}

#[tokio::test]
async fn what_was_said_is_left_out_unless_it_is_asked_for() {
    let (collector, ..) = spans(|config| config).await;
    for (_, body) in collector.bodies() {
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }
    let (_, _, spans) = spans(|config| TraceConfig { content: true, ..config }).await;
    let content = |span: &Value, key| {
        let text = attribute(span, key).and_then(|value| value["stringValue"].as_str()).expect(key);
        serde_json::from_str::<Value>(text).expect("JSON")
    };
    let said = json!([{"role": "user", "parts": [{"type": "text", "content": "tell me the secret"}]}]);
    assert_eq!(content(&spans["invoke_agent Ada"][0], "gen_ai.input.messages"), said);
    let output = content(&spans["chat gpt-6"][0], "gen_ai.output.messages");
    assert_eq!((&output[0]["finish_reason"], &output[0]["parts"][1]["name"]), (&json!("tool_calls"), &json!("bash")));
    let call = &spans["execute_tool bash"][0];
    assert_eq!(content(call, "gen_ai.tool.call.arguments"), json!({"command": "cat secret"}));
    assert_eq!(content(call, "gen_ai.tool.call.result")[0]["content"], "no such secret");
    assert_eq!(call["status"]["message"], "no such secret");
}

#[tokio::test]
async fn headers_and_the_service_go_with_the_spans() {
    let headers = vec![("x-key".to_owned(), "value".to_owned())];
    let service = |config| TraceConfig { headers: headers.clone(), service_name: "box".to_owned(), ..config };
    let (collector, ..) = spans(service).await;
    let (sent, body) = collector.bodies().remove(0);
    assert_eq!(
        (&sent["x-key"], &sent["content-type"]),
        (&"value".parse().expect("a value"), &"application/json".parse().expect("a value"))
    );
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["resourceSpans"][0]["resource"]["attributes"][0]["value"], text("box"));
}

#[tokio::test]
async fn a_collector_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    for (statuses, requests) in [(&[503, 429][..], 3), (&[400][..], 1)] {
        let collector = Collector::start(statuses).await;
        let traces = Traces::begin(&TraceConfig::new(&collector.endpoint)).expect("traces");
        let telemetry = Telemetry { traces: Some(traces.clone()), ..Telemetry::default() };
        play(&telemetry, &about()).await;
        traces.flush(Duration::from_secs(30)).await;
        let bodies = collector.bodies();
        assert_eq!(bodies.len(), requests, "{statuses:?}");
        assert!(bodies.iter().all(|(_, body)| *body == bodies[0].1), "it is the same batch");
    }
}

#[tokio::test]
async fn a_turn_goes_into_the_trace_that_it_is_a_part_of() {
    let collector = Collector::start(&[]).await;
    let config = TraceConfig { protocol: Protocol::Json, ..TraceConfig::new(&collector.endpoint) };
    let traces = Traces::begin(&config).expect("traces");
    let telemetry = Telemetry { traces: Some(traces.clone()), ..Telemetry::default() };
    let parent = |flags| Some(format!("00-{}-{}-{flags}", "ab".repeat(16), "cd".repeat(8)).parse().expect("a parent"));
    play(&telemetry, &TurnAbout { parent: parent("00"), ..about() }).await;
    traces.flush(Duration::from_secs(10)).await;
    assert!(collector.bodies().is_empty(), "whoever began that trace does not keep it");
    play(&telemetry, &TurnAbout { parent: parent("01"), ..about() }).await;
    traces.flush(Duration::from_secs(10)).await;
    let body = read(Protocol::Json, &collector.bodies()[0].1);
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
    assert!(spans.iter().all(|span| span["traceId"] == "ab".repeat(16)));
    assert_eq!(spans.iter().filter(|span| span["parentSpanId"] == "cd".repeat(8)).count(), 1);
}

#[tokio::test]
async fn a_turn_that_is_dropped_in_the_middle_leaves_ended_spans() {
    let collector = Collector::start(&[]).await;
    let config = TraceConfig { protocol: Protocol::Json, ..TraceConfig::new(&collector.endpoint) };
    let traces = Traces::begin(&config).expect("traces");
    let mut sink = traces.sink(about());
    let kind = EventKind::StepStarted { turn: 1, step: 3 };
    sink.announce(&Event { seq: 0, at_ms: 5, session: SessionId::generate(), kind }).await.expect("told");
    drop(sink);
    traces.flush(Duration::from_secs(10)).await;
    let body = read(Protocol::Json, &collector.bodies()[0].1);
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
    let names: Vec<&str> = spans.iter().filter_map(|span| span["name"].as_str()).collect();
    assert_eq!(names, ["chat gpt-6", "invoke_agent Ada"]);
    assert!(spans.iter().all(|span| attribute(span, "error.type") == Some(&text("abandoned"))));
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let traces = Traces::begin(&TraceConfig::new(endpoint)).expect("traces");
    let telemetry = Telemetry { traces: Some(traces.clone()), ..Telemetry::default() };
    let played = async {
        for _ in 0..2_000 {
            play(&telemetry, &about()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), played).await.expect("nothing waits for the collector");
}

#[test]
fn an_address_or_header_that_cannot_be_is_refused() {
    for endpoint in ["", "box:4318", "ftp://box"] {
        assert!(matches!(TraceConfig::new(endpoint).url(), Err(TraceError::Endpoint(_))), "{endpoint}");
    }
    let config =
        TraceConfig { headers: vec![("x-key".to_owned(), "hunter2".to_owned())], ..TraceConfig::new("http://box") };
    assert!(!format!("{config:?}").contains("hunter2"));
}

/// Protobuf as far as OTLP uses it, read into what its JSON would be.
mod wire {
    use serde_json::{Map, Value, json};

    /// A message's fields in their order, with their numbers.
    fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => Field::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().expect("eight bytes"))),
                2 => {
                    let length = varint(&mut bytes);
                    Field::Bytes(take(&mut bytes, length as usize))
                }
                kind => panic!("wire type {kind}"),
            };
            fields.push((tag >> 3, field));
        }
        fields
    }

    enum Field<'a> {
        Number(u64),
        Bytes(&'a [u8]),
    }

    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = take(bytes, 1)[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(length);
        *bytes = rest;
        taken
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn utf8(bytes: &[u8]) -> Value {
        std::str::from_utf8(bytes).expect("UTF-8").into()
    }

    pub(super) fn request(bytes: &[u8]) -> Value {
        let all: Vec<Value> = messages(bytes, 1, |bytes| {
            json!({
                "resource": messages(bytes, 1, |bytes| json!({"attributes": messages(bytes, 1, pair)}))[0],
                "scopeSpans": messages(bytes, 2, |bytes| json!({"spans": messages(bytes, 2, span)})),
            })
        });
        json!({ "resourceSpans": all })
    }

    fn messages(bytes: &[u8], number: u64, read: impl Fn(&[u8]) -> Value) -> Vec<Value> {
        let of = |(field, value)| match value {
            Field::Bytes(bytes) if field == number => Some(read(bytes)),
            _ => None,
        };
        fields(bytes).into_iter().filter_map(of).collect()
    }

    fn span(bytes: &[u8]) -> Value {
        let mut map = Map::new();
        for (number, field) in fields(bytes) {
            let (key, value) = match (number, field) {
                (1, Field::Bytes(id)) => ("traceId", hex(id).into()),
                (2, Field::Bytes(id)) => ("spanId", hex(id).into()),
                (4, Field::Bytes(id)) => ("parentSpanId", hex(id).into()),
                (5, Field::Bytes(name)) => ("name", utf8(name)),
                (6, Field::Number(kind)) => ("kind", kind.into()),
                (7, Field::Number(at)) => ("startTimeUnixNano", at.to_string().into()),
                (8, Field::Number(at)) => ("endTimeUnixNano", at.to_string().into()),
                (9, Field::Bytes(_)) => continue,
                (15, Field::Bytes(status)) => ("status", self::status(status)),
                (number, _) => panic!("field {number} of a span"),
            };
            map.insert(key.to_owned(), value);
        }
        map.insert("attributes".to_owned(), messages(bytes, 9, pair).into());
        Value::Object(map)
    }

    fn status(bytes: &[u8]) -> Value {
        let mut status = json!({});
        for (number, field) in fields(bytes) {
            match (number, field) {
                (2, Field::Bytes(words)) => status["message"] = utf8(words),
                (3, Field::Number(code)) => status["code"] = code.into(),
                (number, _) => panic!("field {number} of a status"),
            }
        }
        status
    }

    fn pair(bytes: &[u8]) -> Value {
        let key = messages(bytes, 1, utf8).remove(0);
        json!({"key": key, "value": messages(bytes, 2, value).remove(0)})
    }

    fn value(bytes: &[u8]) -> Value {
        let (number, field) = fields(bytes).remove(0);
        match (number, field) {
            (1, Field::Bytes(text)) => json!({"stringValue": utf8(text)}),
            (3, Field::Number(number)) => json!({"intValue": (number as i64).to_string()}),
            (5, Field::Bytes(list)) => json!({"arrayValue": {"values": messages(list, 1, value)}}),
            (number, _) => panic!("field {number} of a value"),
        }
    }
}
