//! Log, metrics and traces together.

use std::sync::Arc;

use handspike_core::EventSink;

use crate::{Metrics, Traces, TurnAbout, log_sink::LogSink};

/// Everything that watches a server. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// Where traces go, if they go anywhere.
    pub traces: Option<Traces>,
}

impl Telemetry {
    /// Those who are to be told of a turn's events.
    #[must_use]
    pub fn sinks(&self, about: &TurnAbout) -> Vec<Box<dyn EventSink>> {
        let mut sinks: Vec<Box<dyn EventSink>> =
            vec![Box::new(LogSink), Box::new(Metrics::sink(&self.metrics, &about.model))];
        // Whoever began the trace decides for all of it.
        let is_wanted = about.parent.is_none_or(|parent| parent.is_sampled());
        if let Some(traces) = self.traces.as_ref().filter(|_| is_wanted) {
            sinks.push(Box::new(traces.sink(about.clone())));
        }
        sinks
    }
}
