//! Metrics: requests, turns, steps, tools, tokens and sandboxes, in the text format that Prometheus reads.
//!
//! Names of models and tools come from clients, so of each only so many become labels; the others share one.

mod labels;
mod sink;

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use labels::{Kind, Model, Names, Outcome, Route, RouteAndStatus, Tool};
use sink::MetricsSink;

pub(crate) use sink::word_for;

/// The type of what [`Metrics::render`] gives.
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends in seconds, for what a person waits for.
const LONG: [f64; 15] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Upper ends in seconds, for what a program waits for.
const SHORT: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What is counted and measured.
pub struct Metrics {
    registry: Registry,
    requests: Family<RouteAndStatus, Counter>,
    request_time: Histograms<Route>,
    turns_open: Gauge,
    turn_time: Histograms<Outcome>,
    step_time: Histograms<Model>,
    tool_time: Histograms<Tool>,
    tokens: Family<Kind, Counter>,
    sandboxes: Gauge,
    models: Names,
    tools: Names,
}

/// A request that was answered, as far as to the answer's head.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a str,
    /// The route's pattern, with names in place of ids; none where there is no such route.
    pub route: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// From the request's head to the answer's.
    pub took: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("handspike"),
            requests: Family::default(),
            request_time: Family::new_with_constructor(short),
            turns_open: Gauge::default(),
            turn_time: Family::new_with_constructor(long),
            step_time: Family::new_with_constructor(long),
            tool_time: Family::new_with_constructor(short),
            tokens: Family::default(),
            sandboxes: Gauge::default(),
            models: Names::default(),
            tools: Names::default(),
        };
        metrics.register();
        metrics
    }
}

fn short() -> Histogram {
    Histogram::new(SHORT)
}

fn long() -> Histogram {
    Histogram::new(LONG)
}

impl Metrics {
    fn register(&mut self) {
        let Self { registry, .. } = self;
        let seconds = || Unit::Seconds;
        registry.register("requests", "Requests that were answered", self.requests.clone());
        let help = "From a request's head to its answer's";
        registry.register_with_unit("request_duration", help, seconds(), self.request_time.clone());
        registry.register("turns_open", "Turns that run now", self.turns_open.clone());
        let help = "From a turn's beginning to its end";
        registry.register_with_unit("turn_duration", help, seconds(), self.turn_time.clone());
        let help = "From a request to the model to its whole answer";
        registry.register_with_unit("step_duration", help, seconds(), self.step_time.clone());
        let help = "From a tool call's start to its result";
        registry.register_with_unit("tool_duration", help, seconds(), self.tool_time.clone());
        registry.register("tokens", "Tokens that models have read and written", self.tokens.clone());
        registry.register("sandboxes_running", "Sandboxes that run now", self.sandboxes.clone());
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
    }

    /// Counts a request.
    pub fn answered(&self, request: Request<'_>) {
        let route = request.route.unwrap_or("none").to_owned();
        let method = known_method(request.method).to_owned();
        let labels = RouteAndStatus { method: method.clone(), route: route.clone(), status: request.status };
        self.requests.get_or_create(&labels).inc();
        self.request_time.get_or_create(&Route { method, route }).observe(request.took.as_secs_f64());
    }

    /// Notes how many sandboxes run.
    pub fn note_sandboxes(&self, running: usize) {
        self.sandboxes.set(i64::try_from(running).unwrap_or(i64::MAX));
    }

    /// What is to be told of a turn's events.
    pub(crate) fn sink(metrics: &Arc<Self>, model: &str) -> MetricsSink {
        MetricsSink::new(Arc::clone(metrics), metrics.models.bounded(model))
    }

    /// All of it, as [`METRICS_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail, and none of the labels' encoders does.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A client may invent methods, but not labels.
fn known_method(method: &str) -> &str {
    match method {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" => method,
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::default();
        let request =
            Request { method: "GET", route: Some("/agents/{agent_id}"), status: 200, took: Duration::from_millis(3) };
        metrics.answered(request);
        metrics.answered(request);
        metrics.answered(Request { method: "BREW", route: None, status: 404, ..request });
        let text = metrics.render();
        for line in [
            r#"handspike_requests_total{method="GET",route="/agents/{agent_id}",status="200"} 2"#,
            r#"handspike_requests_total{method="other",route="none",status="404"} 1"#,
            r#"handspike_request_duration_seconds_count{method="GET",route="/agents/{agent_id}"} 2"#,
            r#"handspike_request_duration_seconds_bucket{le="0.0025",method="GET",route="/agents/{agent_id}"} 0"#,
            r#"handspike_request_duration_seconds_bucket{le="0.005",method="GET",route="/agents/{agent_id}"} 2"#,
            "# EOF",
        ] {
            assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
        }
    }

    #[test]
    fn sandboxes_are_told_as_they_were_noted() {
        let metrics = Metrics::default();
        metrics.note_sandboxes(3);
        assert!(metrics.render().contains("\nhandspike_sandboxes_running 3\n"));
        metrics.note_sandboxes(0);
        assert!(metrics.render().contains("\nhandspike_sandboxes_running 0\n"));
    }
}
