//! A provider of models as servers ask it: Chat Completions over HTTP, streamed. It gives the answers that a test has told
//! it to, and after them does what the last message says, so that clients in other languages can lead it, too:
//!
//! - `use TOOL {…}` calls the tool,
//! - `refuse STATUS` answers with an error of this status,
//! - `cut off` begins an answer and ends the connection, `hang` begins one and says nothing more,
//! - the answer to a call is repeated as `It says: …`, and all else as `You said: …`, word by word.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures_util::{StreamExt as _, stream};
use handspike_core::Model;
use handspike_models::openai::{ApiKey, OpenAi, OpenAiConfig};
use handspike_server::{ModelSource, ModelUnavailable};
use handspike_web::Listening;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The key that the server has for the provider.
pub(crate) const SERVERS_KEY: &str = "sk-of-the-server";

/// What the provider does when it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// A text, word by word.
    Text(String),
    /// Calls: id, tool and the text of the arguments.
    Calls(Vec<(String, String, String)>),
    /// An error of this status, with these words.
    Refuses(u16, String),
    /// Something else than a completion: what kind, and the whole of it.
    Page(&'static str, Vec<u8>),
    /// Begins with a text, and the connection ends.
    CutsOff(String),
    /// Begins with a text, and nothing more comes.
    Hangs(String),
}

impl Says {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn call(tool: &str, arguments: &Value) -> Self {
        Self::Calls(vec![("c1".to_owned(), tool.to_owned(), arguments.to_string())])
    }
}

/// What the provider was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The value of `Authorization`.
    pub(crate) key: String,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Notes {
    answers: VecDeque<Says>,
    asked: Vec<Asked>,
}

/// The provider. It ends with [`Provider::end`].
pub(crate) struct Provider {
    base_url: String,
    notes: Arc<Mutex<Notes>>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listening = Listening::at("127.0.0.1:0".parse().expect("an address"), &[]).await.expect("a socket");
        let base_url = format!("http://{}/v1", listening.address());
        let notes = Arc::<Mutex<Notes>>::default();
        let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&notes));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(listening.serve(router, 64, stop.clone(), Duration::ZERO));
        Self { base_url, notes, stop, serving }
    }

    /// Adds answers to those that it gives first.
    pub(crate) fn will(&self, answers: impl IntoIterator<Item = Says>) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).answers.extend(answers);
    }

    /// How often it was asked.
    pub(crate) fn times_asked(&self) -> usize {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).asked.len()
    }

    /// What it was asked last.
    pub(crate) fn last(&self) -> Asked {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.asked.last().expect("it was asked").clone()
    }

    /// Its models, whose answers may come to a halt for so long.
    pub(crate) fn models(&self, patience: Duration) -> Arc<dyn ModelSource> {
        Arc::new(Offered { base_url: self.base_url.clone(), patience })
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.serving.await.expect("it does not panic");
    }
}

/// Models by the names `openai:NAME`, whatever the name.
struct Offered {
    base_url: String,
    patience: Duration,
}

impl ModelSource for Offered {
    fn names(&self) -> Vec<String> {
        vec!["openai:tiny".to_owned(), "openai:large".to_owned()]
    }

    fn knows(&self, name: &str) -> bool {
        name.starts_with("openai:")
    }

    fn open(&self, name: &str, key: Option<&str>) -> Result<Box<dyn Model>, ModelUnavailable> {
        let name = name.strip_prefix("openai:").unwrap_or(name);
        let config = OpenAiConfig {
            idle_timeout: self.patience,
            ..OpenAiConfig::new(name, &self.base_url, Some(ApiKey::new(key.unwrap_or(SERVERS_KEY))))
        };
        let model = OpenAi::new(config).map_err(|error| ModelUnavailable(error.to_string()))?;
        Ok(Box::new(model))
    }

    fn window(&self, _: &str) -> Option<u64> {
        None
    }
}

async fn complete(State(notes): State<Arc<Mutex<Notes>>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let answer = {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.asked.push(Asked { key: key.clone(), body: body.clone() });
        notes.answers.pop_front()
    };
    let choices = body["n"].as_u64().unwrap_or(1);
    match answer.unwrap_or_else(|| asked_for(&body["messages"])) {
        Says::Text(text) => {
            let words = text.split_inclusive(' ').map(|word| json!({ "content": word }));
            let words: Vec<Value> = words.collect();
            let of = |index| {
                words.iter().map(move |word| chunk(index, word, None)).chain([chunk(index, &json!({}), Some("stop"))])
            };
            events((0..choices).flat_map(of).chain(end()).collect())
        }
        Says::Calls(calls) => {
            let call = |(index, (id, name, arguments)): (usize, (String, String, String))| json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
            let calls: Vec<Value> = calls.into_iter().enumerate().map(call).collect();
            let pieces = [chunk(0, &json!({ "tool_calls": calls }), None), chunk(0, &json!({}), Some("tool_calls"))];
            events(pieces.into_iter().chain(end()).collect())
        }
        Says::Refuses(status, words) => {
            // As some do, it repeats the key.
            let message = format!("{words} (asked with {key})");
            let status = StatusCode::from_u16(status).expect("a status");
            (status, Json(json!({"error": {"message": message, "type": "refusal"}}))).into_response()
        }
        Says::Page(kind, page) => ([("content-type", kind)], page).into_response(),
        Says::CutsOff(text) => {
            let first = stream::iter([Ok(chunk(0, &json!({ "content": text }), None))]);
            // What is there goes out before the end, as nothing else is ready.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("gone"))
            });
            stream_of(first.chain(end))
        }
        Says::Hangs(text) => {
            let first = Ok::<_, Infallible>(chunk(0, &json!({ "content": text }), None));
            stream_of(stream::iter([first]).chain(stream::pending()))
        }
    }
}

/// What the last message asks for.
fn asked_for(messages: &Value) -> Says {
    let last = messages.as_array().and_then(|messages| messages.last()).unwrap_or(&Value::Null);
    let content = &last["content"];
    let text = content.as_str().or(content[0]["text"].as_str()).unwrap_or_default();
    let mut words = text.splitn(3, ' ');
    match (last["role"].as_str(), words.next(), words.next(), words.next()) {
        (Some("tool"), ..) => Says::Text(format!("It says: {text}")),
        (_, Some("use"), Some(tool), arguments) => {
            let id = format!("call_{}", messages.as_array().map_or(0, Vec::len));
            Says::Calls(vec![(id, tool.to_owned(), arguments.unwrap_or("{}").to_owned())])
        }
        (_, Some("refuse"), Some(status), _) => {
            Says::Refuses(status.parse().expect("a status"), "as you wish".to_owned())
        }
        (_, Some("cut"), Some("off"), None) => Says::CutsOff("I was about to".to_owned()),
        (_, Some("hang"), None, None) => Says::Hangs("Let me think".to_owned()),
        _ => Says::Text(format!("You said: {text}")),
    }
}

fn chunk(index: u64, delta: &Value, finish_reason: Option<&str>) -> String {
    let choice = json!({"index": index, "delta": delta, "finish_reason": finish_reason});
    format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": [choice]}))
}

/// The usage and the last word.
fn end() -> [String; 2] {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    let last = json!({"object": "chat.completion.chunk", "choices": [], "usage": usage});
    [format!("data: {last}\n\n"), "data: [DONE]\n\n".to_owned()]
}

fn events(events: Vec<String>) -> Response {
    stream_of(stream::iter(events.into_iter().map(Ok::<_, Infallible>)))
}

fn stream_of<E: Into<axum::BoxError> + 'static>(
    events: impl futures_util::Stream<Item = Result<String, E>> + Send + 'static,
) -> Response {
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}
