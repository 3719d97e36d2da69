//! JSON-RPC messages as lines over a pair of streams.
//!
//! What can't be read is answered, so that a client does not wait for ever: a line that is no JSON or too long with
//! -32700, JSON that is no message with -32600 and the id that it has, and a request whose values are beyond what can be held
//! (half a surrogate pair, 1e400, brackets within brackets) with -32602. A request with the id of one that is not answered
//! yet gets -32600: both answers could not be told apart. A line that is too long is skipped and never held.
//! While a client does not take its answers, its requests are not read: what waits to be written is bounded.

use std::{collections::HashSet, io, sync::Arc};

use futures_util::future::BoxFuture;
use rmcp::{
    RoleServer,
    model::{ClientNotification, ErrorCode, JsonRpcMessage, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::{Mutex, watch},
};
use tokio_util::sync::CancellationToken;

/// How many messages may wait to be written before no more is read.
const WAITING_LIMIT: usize = 64;

/// How much is read at once.
const READ_SIZE: usize = 64 << 10;

/// The messages of one client.
pub(crate) struct Lines<R, W> {
    read: BufReader<R>,
    partial: Partial,
    outbox: Outbox<W>,
    /// Requests that have been read and not been answered yet.
    unanswered: HashSet<RequestId>,
    /// The answer to something unreadable, on its way. Kept here, since `receive` may be dropped at any time.
    reply: Option<BoxFuture<'static, io::Result<()>>>,
}

/// A line, as far as it has come.
struct Partial {
    bytes: Vec<u8>,
    limit: usize,
    is_too_long: bool,
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// What a line says.
enum Heard {
    Message(Box<RxJsonRpcMessage<RoleServer>>),
    /// Nothing that wants an answer.
    Nothing,
    /// What must be answered with this.
    Wrong(Value),
}

/// The way to the client, on which one message is written after the other.
struct Outbox<W> {
    write: Arc<Mutex<Option<W>>>,
    waiting: Arc<watch::Sender<usize>>,
    /// Fires when the client takes nothing any more.
    broken: CancellationToken,
}

/// A message that waits to be written or is being written.
struct Waiting(Arc<watch::Sender<usize>>);

impl<R: AsyncRead + Unpin, W: AsyncWrite + Send + Unpin + 'static> Lines<R, W> {
    /// Messages of at most so many bytes.
    pub(crate) fn new(read: R, write: W, limit: usize) -> Self {
        Self {
            read: BufReader::with_capacity(READ_SIZE, read),
            partial: Partial { bytes: Vec::new(), limit, is_too_long: false },
            outbox: Outbox {
                write: Arc::new(Mutex::new(Some(write))),
                waiting: Arc::new(watch::Sender::new(0)),
                broken: CancellationToken::new(),
            },
            unanswered: HashSet::new(),
            reply: None,
        }
    }

    /// The next line; none at the end. May be dropped and called again.
    async fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let available = self.read.fill_buf().await?;
            if available.is_empty() {
                return Ok(None);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            self.partial.push(&available[..end.unwrap_or(available.len())]);
            let taken = end.map_or(available.len(), |end| end + 1);
            self.read.consume(taken);
            if end.is_some() {
                return Ok(Some(self.partial.finish()));
            }
        }
    }

    /// Waits until the client has taken enough of what was said to it. False when it is gone instead.
    async fn has_room(&mut self) -> bool {
        let mut waiting = self.outbox.waiting.subscribe();
        let room = waiting.wait_for(|waiting| *waiting < WAITING_LIMIT);
        // A client that goes without reading on is seen only here.
        let end = async {
            if let Ok([_, ..]) = self.read.fill_buf().await {
                std::future::pending().await
            }
        };
        tokio::select! {
            biased;
            room = room => room.is_ok(),
            () = end => false,
        }
    }

    /// Notes which requests are to be answered; the answer to one whose id another has that is not answered yet.
    fn refusal_of_repeated(&mut self, message: &RxJsonRpcMessage<RoleServer>) -> Option<Value> {
        match message {
            JsonRpcMessage::Request(request) if !self.unanswered.insert(request.id.clone()) => {
                let text = "a request with this id has not been answered yet; every request takes an id of its own";
                Some(refusal(&json!(request.id), ErrorCode::INVALID_REQUEST, text))
            }
            JsonRpcMessage::Notification(notification) => {
                // What is cancelled is not answered.
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.unanswered.remove(id);
                }
                None
            }
            JsonRpcMessage::Request(_) | JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => None,
        }
    }

    /// The next message that is one; none at the end.
    async fn next_message(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(reply) = &mut self.reply {
                let written = reply.await;
                self.reply = None;
                written.ok()?;
            }
            if !self.has_room().await {
                return None;
            }
            let heard = match self.next_line().await {
                Ok(Some(Line::Whole(line))) => hear(&line),
                Ok(Some(Line::TooLong)) => {
                    let text = format!("the line is longer than {} bytes, and was skipped", self.partial.limit);
                    Heard::Wrong(refusal(&Value::Null, ErrorCode::PARSE_ERROR, &text))
                }
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(%error, "the client can't be read from");
                    return None;
                }
            };
            match heard {
                Heard::Message(message) => match self.refusal_of_repeated(&message) {
                    None => return Some(*message),
                    Some(answer) => self.reply = Some(Box::pin(self.outbox.send(serde_json::to_vec(&answer)))),
                },
                Heard::Nothing => {}
                Heard::Wrong(answer) => self.reply = Some(Box::pin(self.outbox.send(serde_json::to_vec(&answer)))),
            }
            // A flood must not keep this task from giving way to the others.
            tokio::task::consume_budget().await;
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        match &item {
            JsonRpcMessage::Response(answer) => drop(self.unanswered.remove(&answer.id)),
            JsonRpcMessage::Error(answer) => drop(answer.id.as_ref().map(|id| self.unanswered.remove(id))),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
        }
        self.outbox.send(serde_json::to_vec(&item))
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let broken = self.outbox.broken.clone();
        tokio::select! {
            biased;
            () = broken.cancelled() => None,
            message = self.next_message() => message,
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        // Where something is still being written, nobody reads it, and waiting would be in vain.
        if let Ok(mut write) = self.outbox.write.try_lock() {
            *write = None;
        }
        Ok(())
    }
}

impl Partial {
    fn push(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.bytes.len() + bytes.len() > self.limit {
            self.bytes = Vec::new();
            self.is_too_long = true;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn finish(&mut self) -> Line {
        let bytes = std::mem::take(&mut self.bytes);
        if std::mem::take(&mut self.is_too_long) { Line::TooLong } else { Line::Whole(bytes) }
    }
}

impl<W: AsyncWrite + Send + Unpin + 'static> Outbox<W> {
    /// Writes a message's JSON, which counts as waiting from now on and not only once the future is polled.
    fn send(&self, line: serde_json::Result<Vec<u8>>) -> impl Future<Output = io::Result<()>> + Send + use<W> {
        let waiting = Waiting::one_more(&self.waiting);
        let (write, broken) = (Arc::clone(&self.write), self.broken.clone());
        async move {
            let _waiting = waiting;
            let mut line = line?;
            line.push(b'\n');
            let mut write = write.lock().await;
            let Some(stream) = write.as_mut() else { return Err(io::ErrorKind::NotConnected.into()) };
            let written = async {
                stream.write_all(&line).await?;
                stream.flush().await
            };
            let written = written.await;
            if written.is_err() {
                *write = None;
                broken.cancel();
            }
            written
        }
    }
}

impl Waiting {
    fn one_more(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|waiting| *waiting += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

/// What is to be answered to a text that is no message; none where it may be one.
pub(crate) fn complaint(text: &[u8]) -> Option<Value> {
    match hear(text) {
        Heard::Wrong(answer) => Some(answer),
        Heard::Message(_) | Heard::Nothing => None,
    }
}

/// Reads a line.
fn hear(line: &[u8]) -> Heard {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Heard::Nothing;
    }
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => {
            if let Some(id) = id_of_unheld(line) {
                let text = format!("a value of this request cannot be held: {error}");
                return Heard::Wrong(refusal(&id, ErrorCode::INVALID_PARAMS, &text));
            }
            let text = format!("this cannot be read as JSON: {error}");
            return Heard::Wrong(refusal(&Value::Null, ErrorCode::PARSE_ERROR, &text));
        }
    };
    let (method, id) = (value.get("method"), value.get("id"));
    let is_request = method.is_some() && id.is_some();
    let has_id = id.is_some_and(|id| RequestId::deserialize(id).is_ok());
    // Otherwise a request whose id can't be given back would pass for a notification.
    if !is_request || has_id {
        match RxJsonRpcMessage::<RoleServer>::deserialize(&value) {
            Ok(message) => return Heard::Message(Box::new(message)),
            Err(error) => tracing::debug!(%error, "a message that is none"),
        }
    }
    let is_answer = value.get("result").is_some() || value.get("error").is_some();
    let is_notification = id.is_none() && method.is_some_and(Value::is_string);
    if is_notification || (is_answer && method.is_none()) {
        return Heard::Nothing;
    }
    let id = if has_id { id.unwrap_or(&Value::Null) } else { &Value::Null };
    let text = "this is no request: it takes `jsonrpc` of \"2.0\", an `id` that is a string or a whole number, a `method` \
                and, where there are any, `params` that are an object";
    Heard::Wrong(refusal(id, ErrorCode::INVALID_REQUEST, text))
}

/// The id of a request whose grammar is that of JSON, although some of its values can't be held: what is passed over is
/// not converted, and may be nested to any depth.
fn id_of_unheld(line: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct Request {
        id: Value,
        #[serde(rename = "method")]
        _method: IgnoredAny,
    }
    let Request { id, .. } = serde_json::from_slice(line).ok()?;
    RequestId::deserialize(&id).is_ok().then_some(id)
}

fn refusal(id: &Value, code: ErrorCode, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code.0, "message": text}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(line: &str) -> Option<(Value, i64)> {
        match hear(line.as_bytes()) {
            Heard::Wrong(answer) => Some((answer["id"].clone(), answer["error"]["code"].as_i64().expect("a number"))),
            Heard::Message(_) | Heard::Nothing => None,
        }
    }

    #[test]
    fn what_is_no_json_is_a_parse_error_without_an_id() {
        for line in [
            "this is no JSON",
            "{",
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "#,
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": 1e}}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "\ud8"}}"#,
            r#"{"jsonrpc": "2.0", "id": "\ud800", "method": "ping"}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "result": 1e400}"#,
            r#"{"jsonrpc": "2.0", "method": "a notification", "params": {"x": 1e400}}"#,
            &"[".repeat(100_000),
        ] {
            assert_eq!(answer(line), Some((Value::Null, -32700)), "{}", line.chars().take(80).collect::<String>());
        }
        let Heard::Wrong(answer) = hear(b"\"\xff\"") else { panic!("no UTF-8") };
        assert_eq!(answer["error"]["code"], -32700);
    }

    #[test]
    fn a_request_with_a_value_that_cannot_be_held_is_answered_with_its_id() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for value in ["1e400", r#""\ud800""#, r#""\udc00\ud800x""#, &deep] {
            let line =
                format!(r#"{{"method": "tools/call", "params": {{"x": {value}}}, "id": "a", "jsonrpc": "2.0"}}"#);
            assert_eq!(answer(&line), Some((json!("a"), -32602)), "{}", line.chars().take(80).collect::<String>());
        }
    }

    #[tokio::test]
    async fn an_id_that_is_not_answered_yet_is_refused_and_free_again_afterwards() {
        let ping = "{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"ping\"}\n";
        let cancel =
            "{\"jsonrpc\": \"2.0\", \"method\": \"notifications/cancelled\", \"params\": {\"requestId\": 7}}\n";
        let said = [ping, ping, cancel, ping, "\n"].concat();
        let (write, mut answers) = tokio::io::duplex(1 << 16);
        let mut lines = Lines::new(std::io::Cursor::new(said.into_bytes()), write, 1 << 16);
        let is_request = |message: &RxJsonRpcMessage<RoleServer>| matches!(message, JsonRpcMessage::Request(_));
        assert!(lines.receive().await.is_some_and(|message| is_request(&message)));
        assert!(lines.receive().await.is_some_and(|message| !is_request(&message)));
        assert!(lines.receive().await.is_some_and(|message| is_request(&message)));
        let empty = rmcp::model::ServerResult::empty(());
        lines.send(JsonRpcMessage::response(empty, RequestId::Number(7))).await.expect("written");
        assert!(lines.unanswered.is_empty());
        drop(lines);
        let mut answered = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut answers, &mut answered).await.expect("read");
        let answered: Vec<Value> = answered.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(answered.len(), 2, "{answered:?}");
        assert_eq!((&answered[0]["id"], &answered[0]["error"]["code"]), (&json!(7), &json!(-32600)));
        assert_eq!((&answered[1]["id"], &answered[1]["result"]), (&json!(7), &json!({})));
    }

    #[test]
    fn json_that_is_no_message_is_answered_with_the_id_that_it_has() {
        for (line, id) in [
            (r#"{"jsonrpc": "2.0", "id": 7}"#, json!(7)),
            (r#"{"jsonrpc": "1.0", "id": "a", "method": "ping"}"#, json!("a")),
            (r#"{"id": 8, "method": "ping"}"#, json!(8)),
            (r#"{"jsonrpc": "2.0", "id": 9, "method": 5}"#, json!(9)),
            (r#"{"jsonrpc": "2.0", "id": null, "method": "ping"}"#, Value::Null),
            (r#"{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}"#, Value::Null),
            (r#"{"jsonrpc": "2.0", "id": {}, "method": "ping"}"#, Value::Null),
            (r#"[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]"#, Value::Null),
            ("7", Value::Null),
        ] {
            assert_eq!(answer(line), Some((id, -32600)), "{line}");
        }
    }

    #[test]
    fn what_asks_for_nothing_is_not_answered() {
        for line in [
            "",
            " \r",
            r#"{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": [1]}"#,
            r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "result": 7}"#,
            r#"{"jsonrpc": "2.0", "id": {}, "error": 7}"#,
        ] {
            assert_eq!(answer(line), None, "{line}");
        }
    }

    #[test]
    fn a_message_may_begin_with_a_byte_order_mark_and_have_any_id_that_the_protocol_allows() {
        for line in [
            "\u{feff}{\"jsonrpc\": \"2.0\", \"id\": 0, \"method\": \"ping\"}\r",
            r#"{"jsonrpc": "2.0", "id": "", "method": "ping"}"#,
            r#"{"jsonrpc": "2.0", "id": -1, "method": "ping"}"#,
        ] {
            assert!(matches!(hear(line.as_bytes()), Heard::Message(_)), "{line}");
        }
    }
}
