//! Sends spans to a collector: in batches, by a task of its own, over a bounded channel. Spans that find no room in it, and
//! those that the collector does not take after some attempts, are lost, and the log says how many.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use handspike_types::with_causes;
use reqwest::{
    Client, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    Protocol, TraceConfig, TraceError, json, protobuf,
    sink::{Content, TraceSink},
    span::Span,
};
use crate::TurnAbout;

/// Spans that may wait to be sent.
const WAITING: usize = 4096;
/// Spans of one request.
const BATCH: usize = 512;
/// How long a span waits for others.
const LINGER: Duration = Duration::from_secs(5);
/// How long the collector may take for one request.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// How often a batch is sent before it is given up.
const ATTEMPTS: u32 = 5;
/// The first pause between attempts, which doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest that a collector may tell us to wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often the log says that spans are lost.
const COMPLAINTS: Duration = Duration::from_secs(60);

/// Where spans go. Clones share it.
#[derive(Clone, Debug)]
pub struct Traces {
    items: mpsc::Sender<Item>,
    lost: Arc<AtomicU64>,
    content: Content,
}

enum Item {
    Span(Box<Span>),
    /// Everything that was sent before has gone out, or is lost.
    Flush(oneshot::Sender<()>),
}

impl Traces {
    /// Begins to take spans. The task that sends them belongs to the runtime that this is called in.
    pub fn begin(config: &TraceConfig) -> Result<Self, TraceError> {
        let lost = Arc::new(AtomicU64::new(0));
        let post = Post::new(config)?;
        let (items, taken) = mpsc::channel(WAITING);
        tokio::spawn(run(taken, post, Arc::clone(&lost)));
        let content = if config.content { Content::Kept } else { Content::LeftOut };
        Ok(Self { items, lost, content })
    }

    /// What is to be told of a turn's events.
    pub(crate) fn sink(&self, about: TurnAbout) -> TraceSink {
        TraceSink::new(self.clone(), about, self.content)
    }

    pub(super) fn send(&self, span: Span) {
        if self.items.try_send(Item::Span(Box::new(span))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all spans so far have been sent, or for so long.
    pub async fn flush(&self, limit: Duration) {
        let flushed = async {
            let (done, is_done) = oneshot::channel();
            if self.items.send(Item::Flush(done)).await.is_ok() {
                let _ = is_done.await;
            }
        };
        let _ = timeout(limit, flushed).await;
    }
}

async fn run(mut items: mpsc::Receiver<Item>, post: Post, lost: Arc<AtomicU64>) {
    let mut batch = Vec::new();
    let mut complaint = Complaint { lost, said: None };
    let mut tick = interval(LINGER);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let item = tokio::select! {
            item = items.recv() => item,
            _ = tick.tick(), if !batch.is_empty() => {
                post.send(&mut batch, &mut complaint).await;
                continue;
            }
        };
        match item {
            Some(Item::Span(span)) => {
                if batch.is_empty() {
                    tick.reset();
                }
                batch.push(*span);
                if batch.len() >= BATCH {
                    post.send(&mut batch, &mut complaint).await;
                }
            }
            Some(Item::Flush(done)) => {
                post.send(&mut batch, &mut complaint).await;
                let _ = done.send(());
            }
            None => return post.send(&mut batch, &mut complaint).await,
        }
    }
}

/// Says in the log that spans are lost, but not for each of them.
struct Complaint {
    lost: Arc<AtomicU64>,
    said: Option<Instant>,
}

impl Complaint {
    fn say_if_due(&mut self, why: &str) {
        if self.said.is_none_or(|said| said.elapsed() >= COMPLAINTS) {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                self.said = Some(Instant::now());
                tracing::warn!(lost, why, "spans could not be delivered");
            }
        }
    }
}

struct Post {
    client: Client,
    url: Url,
    protocol: Protocol,
    headers: HeaderMap,
    service: String,
}

/// Whether it is worth while to send a batch again.
enum Failure {
    Again { why: String, after: Option<Duration> },
    Final { why: String },
}

impl Post {
    fn new(config: &TraceConfig) -> Result<Self, TraceError> {
        let url = config.url()?;
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let wrong = || TraceError::Header(name.clone());
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let kind = match config.protocol {
            Protocol::Protobuf => "application/x-protobuf",
            Protocol::Json => "application/json",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        // An error says only that the process has a provider already, and any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect would carry the headers, and what was said, to a place that nobody configured.
        let mut builder = Client::builder().timeout(REQUEST_LIMIT).redirect(redirect::Policy::none());
        if url.scheme() == "http" {
            // Without TLS the system's certificates are not loaded, and need not be there.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| TraceError::Client(with_causes(&error)))?;
        Ok(Self { client, url, protocol: config.protocol, headers, service: config.service_name.clone() })
    }

    /// Sends a batch, which is empty afterwards.
    async fn send(&self, batch: &mut Vec<Span>, complaint: &mut Complaint) {
        let spans = std::mem::take(batch);
        if spans.is_empty() {
            return complaint.say_if_due("there was no room for them");
        }
        let body = match self.protocol {
            Protocol::Protobuf => protobuf::encode(&self.service, &spans),
            Protocol::Json => json::encode(&self.service, &spans),
        };
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            let why = match self.attempt(body.clone()).await {
                Ok(()) => return complaint.say_if_due("there was no room for them"),
                Err(Failure::Final { why }) => why,
                Err(Failure::Again { after, .. }) if attempt < ATTEMPTS => {
                    sleep(after.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                    pause *= 2;
                    continue;
                }
                Err(Failure::Again { why, .. }) => why,
            };
            complaint.lost.fetch_add(spans.len() as u64, Ordering::Relaxed);
            return complaint.say_if_due(&why);
        }
    }

    async fn attempt(&self, body: Vec<u8>) -> Result<(), Failure> {
        let post = self.client.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let answer = post.send().await.map_err(|error| {
            let why = with_causes(&error.without_url());
            Failure::Again { why, after: None }
        })?;
        let status = answer.status();
        let why = format!("the collector answers with status {status}");
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                Err(Failure::Again { why, after: seconds.map(Duration::from_secs) })
            }
            _ => Err(Failure::Final { why }),
        }
    }
}
