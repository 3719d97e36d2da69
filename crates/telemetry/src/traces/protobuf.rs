//! Spans as `http/protobuf`. Seven small messages are written by hand; the numbers are those of OTLP's `trace.proto`,
//! `resource.proto` and `common.proto`. A generator and its runtime would be the larger part of this crate.

use super::span::{STATUS_ERROR, Span, Value};

/// The body of a request: `ExportTraceServiceRequest`.
pub(super) fn encode(service: &str, spans: &[Span]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let mut resource = Message::default();
    attribute(&mut resource, 1, "service.name", &Value::from(service));
    attribute(&mut resource, 1, "service.version", &Value::from(version));
    let mut scope = Message::default();
    scope.text(1, "handspike").text(2, version);
    let mut scope_spans = Message::default();
    scope_spans.message(1, &scope);
    for one in spans {
        scope_spans.message(2, &span(one));
    }
    let mut resource_spans = Message::default();
    resource_spans.message(1, &resource).message(2, &scope_spans);
    let mut request = Message::default();
    request.message(1, &resource_spans);
    request.0
}

fn span(span: &Span) -> Message {
    let mut message = Message::default();
    message.bytes(1, &span.trace).bytes(2, &span.id);
    if let Some(parent) = &span.parent {
        message.bytes(4, parent);
    }
    message.text(5, &span.name).number(6, span.kind as u64);
    message.fixed(7, span.started_ms.saturating_mul(1_000_000)).fixed(8, span.ended_ms.saturating_mul(1_000_000));
    for (key, value) in &span.attributes {
        attribute(&mut message, 9, key, value);
    }
    if let Some(error) = &span.error {
        let mut status = Message::default();
        status.text(2, error).number(3, STATUS_ERROR);
        message.message(15, &status);
    }
    message
}

fn attribute(into: &mut Message, field: u64, key: &str, of: &Value) {
    let mut pair = Message::default();
    pair.text(1, key).message(2, &value(of));
    into.message(field, &pair);
}

fn value(value: &Value) -> Message {
    let mut message = Message::default();
    match value {
        Value::Text(text) => message.text(1, text),
        // Two's complement in 64 bits, as protobuf has its int64.
        Value::Number(number) => message.number(3, u64::from_ne_bytes(number.to_ne_bytes())),
        Value::Texts(texts) => {
            let mut list = Message::default();
            for text in texts {
                let mut item = Message::default();
                item.text(1, text);
                list.message(1, &item);
            }
            message.message(5, &list)
        }
    };
    message
}

/// A message's bytes.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, field: u64, number: u64) -> &mut Self {
        self.tag(field, 0);
        self.varint(number);
        self
    }

    fn fixed(&mut self, field: u64, number: u64) -> &mut Self {
        self.tag(field, 1);
        self.0.extend(number.to_le_bytes());
        self
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    fn tag(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number as u8) | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}
