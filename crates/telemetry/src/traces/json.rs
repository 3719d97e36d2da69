//! Spans as `http/json`. Ids are hexadecimal, and 64-bit numbers are texts: so OTLP wants its JSON.

use serde_json::{Map, Value as Json, json};

use super::span::{STATUS_ERROR, Span, Value};

/// The body of a request.
pub(super) fn encode(service: &str, spans: &[Span]) -> Vec<u8> {
    let spans: Vec<Json> = spans.iter().map(span).collect();
    let resource =
        [("service.name", Value::from(service)), ("service.version", Value::from(env!("CARGO_PKG_VERSION")))];
    let scope = json!({"name": "handspike", "version": env!("CARGO_PKG_VERSION")});
    let of_resource = json!({
        "resource": {"attributes": attributes(&resource)},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    });
    json!({"resourceSpans": [of_resource]}).to_string().into_bytes()
}

fn span(span: &Span) -> Json {
    let nanoseconds = |ms: u64| ms.saturating_mul(1_000_000).to_string();
    let mut map = Map::new();
    map.insert("traceId".to_owned(), hex(&span.trace).into());
    map.insert("spanId".to_owned(), hex(&span.id).into());
    if let Some(parent) = span.parent {
        map.insert("parentSpanId".to_owned(), hex(&parent).into());
    }
    map.insert("name".to_owned(), span.name.as_str().into());
    map.insert("kind".to_owned(), (span.kind as u8).into());
    map.insert("startTimeUnixNano".to_owned(), nanoseconds(span.started_ms).into());
    map.insert("endTimeUnixNano".to_owned(), nanoseconds(span.ended_ms).into());
    map.insert("attributes".to_owned(), attributes(&span.attributes));
    if let Some(error) = &span.error {
        map.insert("status".to_owned(), json!({"code": STATUS_ERROR, "message": error}));
    }
    Json::Object(map)
}

fn attributes(pairs: &[(&'static str, Value)]) -> Json {
    pairs.iter().map(|(key, of)| json!({"key": key, "value": value(of)})).collect()
}

fn value(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({"stringValue": text}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Texts(texts) => {
            let values: Vec<Json> = texts.iter().map(|text| json!({"stringValue": text})).collect();
            json!({"arrayValue": {"values": values}})
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
