//! Traces: a turn is a span `invoke_agent`, with its requests to the model (`chat`) and its calls (`execute_tool`) below it.
//!
//! [`TraceSink`] makes spans of a turn's events, in the words of OpenTelemetry's conventions for generative AI; [`exporter`]
//! sends those that have ended, in batches, in one of OTLP's two forms ([`json`], [`protobuf`]). What was said is left out
//! unless it is asked for.

mod config;
mod content;
mod exporter;
mod json;
mod parent;
mod protobuf;
mod sink;
mod span;

pub use config::{Protocol, TraceConfig, TraceError};
pub use exporter::Traces;
pub use parent::TraceParent;

#[cfg(test)]
mod tests;
