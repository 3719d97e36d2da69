//! From a turn's events to the log. The session, the turn, the step and the call are fields of the spans that it is written
//! in. Nothing that was said is logged, but for a provider's own words about its failure.

use std::io;

use async_trait::async_trait;
use handspike_core::EventSink;
use handspike_types::{Event, EventKind, Outcome};

use crate::metrics::word_for;

/// The most characters of an error.
const LONGEST: usize = 300;

/// Logs the life of one turn.
pub(crate) struct LogSink;

#[async_trait]
impl EventSink for LogSink {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::TurnStarted { .. } => tracing::info!("turn began"),
            EventKind::ModelAnswered { tool_calls, usage, duration_ms, .. } => {
                let (calls, input, output) = (tool_calls.len(), usage.input_tokens, usage.output_tokens);
                tracing::debug!(calls, input_tokens = input, output_tokens = output, duration_ms, "model answered");
            }
            EventKind::CallFinished { call_id, name, output, duration_ms, .. } => {
                tracing::debug!(call = call_id, tool = name, is_error = output.is_error, duration_ms, "call ended");
            }
            EventKind::TurnFinished { outcome, steps, usage, duration_ms, .. } => {
                let (word, input, output) = (word_for(outcome), usage.input_tokens, usage.output_tokens);
                match error_in(outcome) {
                    None => {
                        tracing::info!(
                            outcome = word,
                            steps,
                            input_tokens = input,
                            output_tokens = output,
                            duration_ms,
                            "turn ended"
                        );
                    }
                    Some(error) => {
                        let error: String = error.chars().take(LONGEST).collect();
                        tracing::warn!(outcome = word, error, steps, duration_ms, "turn ended");
                    }
                }
            }
            EventKind::SessionStarted { .. }
            | EventKind::StepStarted { .. }
            | EventKind::MessageDelta { .. }
            | EventKind::CallStarted { .. }
            | EventKind::Progress { .. } => {}
        }
        Ok(())
    }
}

/// What went wrong, if something did.
fn error_in(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Done { .. } | Outcome::AwaitsClient { .. } | Outcome::LimitReached { .. } | Outcome::Cancelled => None,
        Outcome::ModelFailed { error } | Outcome::ExpectationFailed { error } | Outcome::Faulted { error } => {
            Some(error)
        }
    }
}
