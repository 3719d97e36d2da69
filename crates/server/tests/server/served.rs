//! A server on a socket, whose models are at a provider on another.

use std::{sync::Arc, time::Duration};

use reqwest::{Body, Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    fakes::{Boxes, FakeSandboxes},
    provider::Provider,
    socket::{client, while_serving_with},
    support::{Answer, KEY},
};

/// How long a provider may say nothing where a test does not wait for the end of it.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) provider: Provider,
    pub(crate) sandboxes: Arc<FakeSandboxes>,
    client: Client,
}

/// Serves while the test talks to it. A provider's silence of so long ends a turn.
pub(crate) async fn while_served(patience: Duration, talk: impl AsyncFnOnce(&Served)) {
    let provider = Provider::start().await;
    let sandboxes = Arc::<FakeSandboxes>::default();
    let models = provider.models(patience);
    let boxes = Boxes(Arc::clone(&sandboxes));
    // The client comes first, as it sets up what the provider's client needs, too.
    let client = client();
    while_serving_with(models, boxes, async move |url| {
        let served = Served { url, provider, sandboxes, client };
        talk(&served).await;
        served.provider.end().await;
    })
    .await;
}

impl Served {
    /// The address of a path, as sockets take it.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("an address")
    }

    /// A request with the key.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(KEY)
    }

    /// Sends it and reads its answer, which has the envelope where it is an error.
    pub(crate) async fn answer(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let asked = response.url().to_string();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{asked}: {error}"));
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/json", "{asked}");
            let is_whole = ["message", "code", "type"].iter().all(|key| body["error"][key].is_string());
            assert!(is_whole, "{asked} has no envelope: {body}");
        }
        Answer { status, headers, body }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.answer(self.request(method, path).body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.answer(self.request("GET", path)).await
    }

    /// Creates something, and gives back its id.
    pub(crate) async fn made(&self, path: &str, body: &Value) -> String {
        let answer = self.send("POST", path, body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.id()
    }

    /// A session of an agent that has these tools.
    pub(crate) async fn session(&self, tools: &[Value]) -> String {
        let agent = self.made("/agents", &json!({"name": "Ada", "model": "openai:tiny"})).await;
        for tool in tools {
            self.made(&format!("/agents/{agent}/tools"), tool).await;
        }
        self.made("/sessions", &json!({"agent": agent})).await
    }

    pub(crate) async fn chat(&self, session: &str, body: &Value) -> Answer {
        self.send("POST", &format!("/sessions/{session}/chat"), body.to_string()).await
    }

    /// What was said in a session: the role and the content of each entry.
    pub(crate) async fn said(&self, session: &str) -> Vec<(String, Value)> {
        let read = self.get(&format!("/sessions/{session}/history")).await.body["entries"].clone();
        let entries = read.as_array().expect("a list").iter();
        entries.map(|entry| (entry["role"].as_str().expect("a role").to_owned(), entry["content"].clone())).collect()
    }

    /// Whether all is as it should be after what a test has done: it is healthy, and a new session is answered.
    pub(crate) async fn is_unharmed(&self) {
        assert_eq!(self.get("/healthz").await.status, 200);
        let session = self.session(&[]).await;
        let answer = self.chat(&session, &user("hi")).await;
        assert_eq!((answer.status, text(&answer)), (201, "You said: hi"), "{}", answer.body);
    }
}

/// A request that says something.
pub(crate) fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

/// What an answer says.
pub(crate) fn text(answer: &Answer) -> &str {
    answer.body["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}
