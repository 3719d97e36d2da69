//! Plays a script.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use handspike_core::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
use handspike_types::{FinishReason, Message, ToolCall, ToolResult};
use tokio::sync::mpsc;

use super::{Script, ScriptedStep};
use crate::excerpt::excerpt;

/// How much of an output an error shows, in characters.
const EXCERPT: usize = 2000;

/// A model that answers with the steps of a script, in order, and checks their results.
#[derive(Debug)]
pub struct ScriptedModel {
    script: Script,
    /// How many steps were played.
    played: AtomicUsize,
}

impl Script {
    /// The model that plays this script.
    #[must_use]
    pub fn into_model(self) -> ScriptedModel {
        ScriptedModel::new(self)
    }
}

impl ScriptedModel {
    /// A model at the beginning of its script.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self { script, played: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Model for ScriptedModel {
    fn name(&self) -> &str {
        "scripted"
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        _deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let steps = &self.script.steps;
        let index = self.played.fetch_add(1, Ordering::Relaxed);
        let Some(step) = steps.get(index) else { return Err(ModelError::ScriptEnded { steps: steps.len() }) };
        if let Some(before) = index.checked_sub(1) {
            check(&steps[before], index, request.messages).map_err(ModelError::ExpectationFailed)?;
        }
        Ok(reply(step, index + 1))
    }
}

fn reply(step: &ScriptedStep, number: usize) -> ModelReply {
    let calls = step.calls.iter().enumerate().map(|(index, call)| ToolCall {
        id: call_id(number, index + 1),
        name: call.tool.clone(),
        arguments: call.arguments.clone(),
        toolset: None,
    });
    let finish_reason = if step.calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
    ModelReply::new(step.say.clone(), calls.collect(), finish_reason)
}

fn call_id(step: usize, call: usize) -> String {
    format!("call_{step}_{call}")
}

/// Checks a step's expectations against the results at the conversation's end; the first call that fails them is
/// told of.
fn check(step: &ScriptedStep, number: usize, messages: &[Message]) -> Result<(), String> {
    let results: &[ToolResult] = match messages.last() {
        Some(Message::Tools { results }) => results,
        Some(Message::System { .. } | Message::User { .. } | Message::Assistant { .. }) | None => &[],
    };
    for (index, call) in step.calls.iter().enumerate() {
        let place = format!("step {number}, call {} (`{}`)", index + 1, call.tool);
        let id = call_id(number, index + 1);
        let Some(result) = results.iter().find(|result| result.call_id == id) else {
            return Err(format!("{place}: expected a result, but none came"));
        };
        let mismatches = call.expect.mismatches(&result.output);
        if !mismatches.is_empty() {
            let came = match result.output.joined_text() {
                text if text.is_empty() => "(no text)".to_owned(),
                text => excerpt(&text, EXCERPT),
            };
            return Err(format!("{place}: {}\nwhat came:\n{came}", mismatches.join("; ")));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
