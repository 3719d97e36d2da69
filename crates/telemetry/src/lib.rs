//! What a server tells of its work to those who watch over it: [`Metrics`] in Prometheus' text format, [`Traces`] over OTLP
//! with OpenTelemetry's conventions for generative AI, and a line in the log for a turn's beginning and end.
//!
//! They subscribe to a turn's events, as renderers do ([`Telemetry::sinks`]), so the loop knows nothing of them. Nothing here
//! holds up a turn or makes one fail: a collector that is slow or away costs spans, and a log line that says so.

mod about;
mod log_sink;
mod metrics;
mod telemetry;
mod traces;

pub use about::TurnAbout;
pub use metrics::{METRICS_TYPE, Metrics, Request};
pub use telemetry::Telemetry;
pub use traces::{Protocol, TraceConfig, TraceError, TraceParent, Traces};
