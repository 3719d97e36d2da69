//! A server that is told to stop while turns run.

use std::{sync::Arc, time::Duration};

use handspike_server::{Config, Defaults, serve};
use handspike_store::Store;
use handspike_telemetry::Telemetry;
use handspike_web::Listening;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    fakes::{Answer, Boxes, FakeModels, Models},
    support::{KEY, store},
};

/// A server on a socket, with a session in which a turn runs.
struct Running {
    client: Client,
    url: String,
    session: String,
    store: Store,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    chat: JoinHandle<Response>,
    _folder: TempDir,
}

impl Running {
    async fn start(answer: Answer, stop_after: Duration) -> Self {
        let (folder, store) = store().await;
        let models: Arc<FakeModels> = Arc::default();
        models.will([answer]);
        let listening = Listening::at("127.0.0.1:0".parse().expect("an address"), &[]).await.expect("a socket");
        let url = format!("http://{}", listening.address());
        let config = Config {
            listening,
            key: KEY.parse().expect("a key"),
            hosts: Vec::new(),
            origins: Vec::new(),
            store: store.clone(),
            models: Arc::new(Models(Arc::clone(&models))),
            sandboxes: Arc::new(Boxes(Arc::default())),
            defaults: Defaults::default(),
            telemetry: Telemetry::default(),
            stop_after,
        };
        let stop = CancellationToken::new();
        let served = serve(config, stop.clone());
        let serving = tokio::spawn(async move { served.await.expect("it serves") });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().expect("a client");
        let made = post(&client, format!("{url}/agents"), json!({"name": "Ada", "model": "gpt-4o"})).await;
        let agent = made.json::<Value>().await.expect("JSON")["id"].clone();
        let made = post(&client, format!("{url}/sessions"), json!({"agent": agent})).await;
        let session = made.json::<Value>().await.expect("JSON")["id"].as_str().expect("an id").to_owned();
        let chat = tokio::spawn(chat(client.clone(), url.clone(), session.clone()));
        while models.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        Self { client, url, session, store, stop, serving, chat, _folder: folder }
    }

    /// Another chat, once the stop has been heard of.
    async fn refused_chat(&self) -> Response {
        loop {
            let answer = chat(self.client.clone(), self.url.clone(), self.session.clone()).await;
            // Until then the session is busy.
            if answer.status() != 409 {
                return answer;
            }
        }
    }
}

async fn post(client: &Client, url: String, body: Value) -> Response {
    client.post(url).bearer_auth(KEY).json(&body).send().await.expect("an answer")
}

async fn chat(client: Client, url: String, session: String) -> Response {
    let body = json!({"messages": [{"role": "user", "content": "hi"}]});
    post(&client, format!("{url}/sessions/{session}/chat"), body).await
}

fn assert_stopping(answer: &Response) {
    assert_eq!(answer.status(), 503);
    assert!(answer.headers()["retry-after"].to_str().is_ok_and(|seconds| seconds.parse::<u32>().is_ok()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_turn_begins_any_more_and_one_that_runs_comes_to_its_end() {
    let go_on = Arc::new(Notify::new());
    let running = Running::start(Answer::Pause(Arc::clone(&go_on), "hel", "lo"), Duration::from_secs(60)).await;
    running.stop.cancel();
    assert_stopping(&running.refused_chat().await);
    // Everything else is still answered.
    let url = format!("{}/sessions/{}", running.url, running.session);
    assert_eq!(running.client.get(url).bearer_auth(KEY).send().await.expect("an answer").status(), 200);
    go_on.notify_one();
    let answer = running.chat.await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["choices"][0]["message"]["content"], "hello");
    running.serving.await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_does_not_end_in_time_is_left_open_and_its_client_told() {
    let running = Running::start(Answer::Hang, Duration::from_millis(50)).await;
    running.stop.cancel();
    assert_stopping(&running.chat.await.expect("an answer"));
    running.serving.await.expect("it ends");
    let session = running.session.parse().expect("an id");
    assert!(running.store.open_turn(session).await.expect("a store").is_some(), "it is there for the next start");
}
