//! From a turn's events to numbers.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use handspike_core::EventSink;
use handspike_types::{Event, EventKind, Outcome as TurnOutcome, Usage};

use super::{
    Metrics,
    labels::{Kind, Model, Outcome, Tool},
};

/// Counts what happens in one turn.
pub(crate) struct MetricsSink {
    metrics: Arc<Metrics>,
    model: String,
    /// Whether the turn counts as open.
    open: bool,
    /// When the model was asked that has not answered yet.
    asked: Option<Instant>,
}

impl MetricsSink {
    pub(super) fn new(metrics: Arc<Metrics>, model: String) -> Self {
        metrics.turns_open.inc();
        Self { metrics, model, open: true, asked: None }
    }

    fn step(&mut self, result: &'static str, took: Duration) {
        self.asked = None;
        let labels = Model { model: self.model.clone(), result };
        self.metrics.step_time.get_or_create(&labels).observe(took.as_secs_f64());
    }

    fn tokens(&self, usage: Usage) {
        for (kind, tokens) in [("input", usage.input_tokens), ("output", usage.output_tokens)] {
            let labels = Kind { model: self.model.clone(), kind };
            self.metrics.tokens.get_or_create(&labels).inc_by(tokens);
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.metrics.turns_open.dec();
        }
    }
}

#[async_trait]
impl EventSink for MetricsSink {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::StepStarted { .. } => self.asked = Some(Instant::now()),
            EventKind::ModelAnswered { duration_ms, usage, .. } => {
                self.step("answered", Duration::from_millis(*duration_ms));
                self.tokens(*usage);
            }
            EventKind::CallFinished { name, output, duration_ms, .. } => {
                let result = if output.is_error { "error" } else { "ok" };
                let labels = Tool { tool: self.metrics.tools.bounded(name), result };
                let took = Duration::from_millis(*duration_ms);
                self.metrics.tool_time.get_or_create(&labels).observe(took.as_secs_f64());
            }
            EventKind::TurnFinished { outcome, duration_ms, .. } => {
                if let Some(asked) = self.asked {
                    self.step("failed", asked.elapsed());
                }
                let labels = Outcome { outcome: word_for(outcome) };
                let took = Duration::from_millis(*duration_ms);
                self.metrics.turn_time.get_or_create(&labels).observe(took.as_secs_f64());
                self.close();
            }
            EventKind::SessionStarted { .. }
            | EventKind::TurnStarted { .. }
            | EventKind::MessageDelta { .. }
            | EventKind::CallStarted { .. }
            | EventKind::Progress { .. } => {}
        }
        Ok(())
    }
}

impl Drop for MetricsSink {
    /// A turn that could not be recorded ends without an event.
    fn drop(&mut self) {
        self.close();
    }
}

pub(crate) fn word_for(outcome: &TurnOutcome) -> &'static str {
    match outcome {
        TurnOutcome::Done { .. } => "done",
        TurnOutcome::AwaitsClient { .. } => "awaits_client",
        TurnOutcome::LimitReached { .. } => "limit_reached",
        TurnOutcome::Cancelled => "cancelled",
        TurnOutcome::ModelFailed { .. } => "model_failed",
        TurnOutcome::ExpectationFailed { .. } => "expectation_failed",
        TurnOutcome::Faulted { .. } => "faulted",
    }
}

#[cfg(test)]
mod tests {
    use handspike_types::{FinishReason, SessionId, ToolOutput};

    use super::*;

    async fn tell(sink: &mut MetricsSink, kinds: Vec<EventKind>) {
        for kind in kinds {
            let event = Event { seq: 0, at_ms: 0, session: SessionId::generate(), kind };
            sink.announce(&event).await.expect("told");
        }
    }

    fn answered(usage: Usage) -> EventKind {
        EventKind::ModelAnswered {
            turn: 1,
            step: 1,
            text: "hello".to_owned(),
            tool_calls: Vec::new(),
            finish_reason: FinishReason::Stop,
            usage,
            duration_ms: 400,
            logprobs: None,
            alternatives: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn finished(outcome: TurnOutcome) -> EventKind {
        EventKind::TurnFinished { turn: 1, outcome, steps: 1, usage: Usage::default(), duration_ms: 2_000 }
    }

    fn assert_has(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.render();
        for line in lines {
            assert!(text.lines().any(|other| other == *line), "no {line} in\n{text}");
        }
    }

    #[tokio::test]
    async fn a_turn_is_measured_with_its_steps_tools_and_tokens() {
        let metrics = Arc::new(Metrics::default());
        let mut sink = Metrics::sink(&metrics, "openai:gpt-6");
        let usage = Usage { input_tokens: 70, output_tokens: 5 };
        let call = EventKind::CallFinished {
            turn: 1,
            step: 1,
            call_id: "c".to_owned(),
            name: "bash".to_owned(),
            output: ToolOutput::error("no"),
            duration_ms: 20,
        };
        tell(&mut sink, vec![EventKind::StepStarted { turn: 1, step: 1 }, answered(usage), call]).await;
        assert_has(&metrics, &["handspike_turns_open 1"]);
        tell(&mut sink, vec![answered(usage), finished(TurnOutcome::Done { text: String::new() })]).await;
        assert_has(
            &metrics,
            &[
                "handspike_turns_open 0",
                r#"handspike_turn_duration_seconds_sum{outcome="done"} 2.0"#,
                r#"handspike_step_duration_seconds_count{model="openai:gpt-6",result="answered"} 2"#,
                r#"handspike_tool_duration_seconds_sum{tool="bash",result="error"} 0.02"#,
                r#"handspike_tokens_total{model="openai:gpt-6",kind="input"} 140"#,
                r#"handspike_tokens_total{model="openai:gpt-6",kind="output"} 10"#,
            ],
        );
    }

    #[tokio::test]
    async fn a_model_that_fails_and_a_turn_without_an_end_are_counted_too() {
        let metrics = Arc::new(Metrics::default());
        let mut sink = Metrics::sink(&metrics, "m");
        let failed = TurnOutcome::ModelFailed { error: String::new() };
        tell(&mut sink, vec![EventKind::StepStarted { turn: 1, step: 1 }, finished(failed)]).await;
        assert_has(
            &metrics,
            &[
                r#"handspike_step_duration_seconds_count{model="m",result="failed"} 1"#,
                r#"handspike_turn_duration_seconds_count{outcome="model_failed"} 1"#,
            ],
        );
        let lost = Metrics::sink(&metrics, "m");
        assert_has(&metrics, &["handspike_turns_open 1"]);
        drop((sink, lost));
        assert_has(&metrics, &["handspike_turns_open 0"]);
    }
}
