//! A server on a store of its own, and requests to it.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use handspike_server::{Access, Defaults, Server, ServerParts, router};
use handspike_store::{Location, Store};
use handspike_telemetry::Telemetry;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::fakes::{Boxes, FakeModels, FakeSandboxes, Models};

pub(crate) const KEY: &str = "0123456789abcdef";
/// An id that nothing has.
pub(crate) const NOBODY: &str = "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11";

pub(crate) struct Place {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) models: Arc<FakeModels>,
    pub(crate) sandboxes: Arc<FakeSandboxes>,
    pub(crate) server: Arc<Server>,
    folder: Option<TempDir>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(Defaults::default()).await
    }

    pub(crate) async fn with(defaults: Defaults) -> Self {
        let (folder, store) = store().await;
        Self { folder: Some(folder), ..Self::of(store, defaults).await }
    }

    /// A server on the store of a folder, which somebody else keeps.
    pub(crate) async fn at(folder: &Path) -> Self {
        let store = Store::open(&Location::file(folder.join("store.db"))).await.expect("a store");
        Self::of(store, Defaults::default()).await
    }

    /// The server after another one, on the same store.
    pub(crate) async fn over(place: &Self) -> Self {
        place.store.close().await;
        Self::at(place.folder.as_ref().expect("a folder").path()).await
    }

    async fn of(store: Store, defaults: Defaults) -> Self {
        let (models, sandboxes) = <(Arc<FakeModels>, Arc<FakeSandboxes>)>::default();
        let parts = parts(store.clone(), &models, &sandboxes);
        let server = Server::new(ServerParts { defaults, ..parts }).await.expect("a server");
        Self { router: router(Arc::clone(&server)), store, models, sandboxes, server, folder: None }
    }

    /// Commands that run in sandboxes are written to a file before they do.
    pub(crate) fn log_commands(&self, file: &Path) {
        self.sandboxes.log.set(file.to_owned()).expect("set once");
    }

    /// Sends a request and reads its answer as text, whatever it is.
    pub(crate) async fn text(&self, method: &str, path: &str, body: impl Into<Body>) -> (u16, HeaderMap, String) {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let request = request.header("authorization", format!("Bearer {KEY}")).body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, headers, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
    }

    /// A request with the key, whose answer has the envelope where it is an error.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let request = request.header("authorization", format!("Bearer {KEY}")).body(body.into()).expect("a request");
        self.ask(request).await
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        let asked = format!("{} {}", request.method(), request.uri());
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/json", "{asked}");
            let error = &body["error"];
            let is_whole = ["message", "code", "type"].iter().all(|key| error[key].is_string());
            assert!(is_whole, "{asked} has no envelope: {body}");
        }
        Answer { status, headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Body::empty()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, body.to_string()).await
    }

    /// Creates something, and gives back its id.
    pub(crate) async fn made(&self, path: &str, body: &Value) -> String {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.id()
    }

    pub(crate) async fn agent(&self) -> String {
        self.made("/agents", &json!({"name": "Ada"})).await
    }

    /// A session of an agent that uses `gpt-4o` and has these tools.
    pub(crate) async fn session(&self, tools: &[Value]) -> String {
        let agent = self.made("/agents", &json!({"name": "Ada", "model": "gpt-4o"})).await;
        for tool in tools {
            self.made(&format!("/agents/{agent}/tools"), tool).await;
        }
        self.made("/sessions", &json!({"agent": agent})).await
    }

    /// Says something in a session.
    pub(crate) async fn chat(&self, session: &str, body: &Value) -> Answer {
        self.post(&format!("/sessions/{session}/chat"), body).await
    }

    /// What the history holds: source, role and content of each entry.
    pub(crate) async fn history(&self, session: &str) -> Vec<(String, String, Value)> {
        let read = self.get(&format!("/sessions/{session}/history")).await.body["entries"].clone();
        let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_owned();
        let entries = read.as_array().expect("a list").iter();
        entries.map(|entry| (text(entry, "source"), text(entry, "role"), entry["content"].clone())).collect()
    }

    pub(crate) async fn user(&self) -> String {
        self.made("/users", &json!({"name": "Bob"})).await
    }
}

impl Answer {
    pub(crate) fn id(&self) -> String {
        let id = self.body["id"].as_str().expect("an id").to_owned();
        assert_eq!(Uuid::parse_str(&id).expect("a UUID").get_version_num(), 7);
        id
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().expect("a message")
    }

    /// The mistakes that are told, as name and place.
    pub(crate) fn mistakes(&self) -> Vec<(&str, &str)> {
        assert_eq!((self.status, &self.body["error"]["code"]), (422, &json!("validation_error")), "{}", self.body);
        let details = self.body["error"]["details"].as_array().expect("details");
        let text = |detail: &'_ Value, key: &str| detail[key].as_str().map(str::to_owned).expect("a text");
        details
            .iter()
            .map(|detail| {
                assert!(!text(detail, "msg").is_empty());
                (detail["type"].as_str().expect("a name"), detail["loc"].as_str().expect("a place"))
            })
            .collect()
    }
}

/// What a server of a test is made of.
pub(crate) fn parts(store: Store, models: &Arc<FakeModels>, sandboxes: &Arc<FakeSandboxes>) -> ServerParts {
    ServerParts {
        store,
        access: Access::new(KEY.parse().expect("a key"), Vec::new(), Vec::new(), 8080),
        models: Arc::new(Models(Arc::clone(models))),
        sandboxes: Arc::new(Boxes(Arc::clone(sandboxes))),
        defaults: Defaults::default(),
        telemetry: Telemetry::default(),
    }
}

pub(crate) async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&Location::file(folder.path().join("store.db"))).await.expect("a store");
    (folder, store)
}

/// What both have, of the keys of the first.
pub(crate) fn same_keys(expected: &Value, found: &Value) -> Value {
    let keys = expected.as_object().expect("an object").keys();
    Value::Object(keys.map(|key| (key.clone(), found[key].clone())).collect())
}
