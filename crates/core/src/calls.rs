//! The calls of one step. Calls that share a lane run in the order in which the model asked for them, lanes beside
//! each other. Every call is answered, also when the policy denies it, the turn is cancelled or the runtime fails:
//! a conversation with an unanswered call could not be continued.

use std::sync::OnceLock;

use futures_util::future::join_all;
use handspike_types::{EventKind, ToolCall, ToolOutput, ToolResult};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    CallContext, Decision, Fault, Lane, Progress, RecordError, SessionParts,
    turn::{Turn, millis},
};

/// What the model is told of a call that the policy has denied.
#[must_use]
pub fn denied(reason: &str) -> ToolOutput {
    ToolOutput::error(format!("not run: denied by policy: {reason}"))
}

/// How the calls of a step ended, beyond their results.
pub(crate) enum CallsEnd {
    /// Each call has its answer.
    Answered,
    /// The runtime failed; calls after that were not run.
    Faulted(Fault),
}

/// Runs a step's calls and returns their results in the order of the calls.
pub(crate) async fn run(
    parts: &SessionParts,
    turn: &Turn<'_>,
    calls: Vec<ToolCall>,
) -> Result<(Vec<ToolResult>, CallsEnd), RecordError> {
    let (progress, news) = Progress::channel();
    let step = Step { parts, turn, stop: turn.cancel.child_token(), progress, fault: OnceLock::new() };
    let lanes = lanes_of(parts, &calls);
    let over = CancellationToken::new();
    let work = async {
        let ended = join_all(lanes.iter().map(|lane| step.run_lane(&calls, lane))).await;
        over.cancel();
        ended
    };
    let (ended, told) = tokio::join!(work, tell(parts, news, &over));
    told?;

    let mut results: Vec<Option<ToolResult>> = vec![None; calls.len()];
    for lane in ended {
        for (index, result) in lane? {
            results[index] = Some(result);
        }
    }
    let end = step.fault.into_inner().map_or(CallsEnd::Answered, CallsEnd::Faulted);
    Ok((results.into_iter().flatten().collect(), end))
}

/// The calls' indices by lane, in the order of the calls.
fn lanes_of(parts: &SessionParts, calls: &[ToolCall]) -> Vec<Vec<usize>> {
    let mut lanes: Vec<(Lane, Vec<usize>)> = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let lane = parts.tools.lane(call);
        match lanes.iter_mut().find(|(known, _)| *known == lane && lane != Lane::Free) {
            Some((_, indices)) => indices.push(index),
            None => lanes.push((lane, vec![index])),
        }
    }
    lanes.into_iter().map(|(_, indices)| indices).collect()
}

/// Records the calls' news until the step is over. An executor may keep its end of the channel for longer, so
/// the channel is closed here.
async fn tell(
    parts: &SessionParts,
    mut news: mpsc::Receiver<String>,
    over: &CancellationToken,
) -> Result<(), RecordError> {
    loop {
        tokio::select! {
            text = news.recv() => match text {
                Some(text) => parts.recorder.record(EventKind::Progress { text }).await?,
                None => return Ok(()),
            },
            () = over.cancelled(), if !news.is_closed() => news.close(),
        }
    }
}

/// What the calls of a step have in common.
struct Step<'a> {
    parts: &'a SessionParts,
    turn: &'a Turn<'a>,
    /// Fires when no more calls may start and running ones must end.
    stop: CancellationToken,
    progress: Progress,
    /// The first failure of the runtime.
    fault: OnceLock<Fault>,
}

impl Step<'_> {
    async fn run_lane(&self, calls: &[ToolCall], lane: &[usize]) -> Result<Vec<(usize, ToolResult)>, RecordError> {
        let mut results = Vec::new();
        let mut batch_failed = false;
        for &index in lane {
            let call = &calls[index];
            let if_skipped = self.parts.tools.after_failure(call);
            let is_batched = if_skipped.is_some();
            // Without a record nothing may go on, in no lane.
            let answered = self.run_call(call, if_skipped.filter(|_| batch_failed)).await;
            let output = answered.inspect_err(|_| self.stop.cancel())?;
            batch_failed |= is_batched && output.is_error;
            let (call_id, name, toolset) = (call.id.clone(), call.name.clone(), call.toolset.clone());
            results.push((index, ToolResult { call_id, name, output, toolset }));
        }
        Ok(results)
    }

    /// Runs one call between its two events, unless its answer is there already.
    #[tracing::instrument(name = "call", skip_all, fields(call = call.id, tool = call.name))]
    async fn run_call(&self, call: &ToolCall, ready: Option<ToolOutput>) -> Result<ToolOutput, RecordError> {
        let (turn, step) = (self.turn.number, self.turn.step);
        self.parts.recorder.record(EventKind::CallStarted { turn, step, call: call.clone() }).await?;
        let started = Instant::now();
        let output = match ready {
            Some(output) => output,
            None => self.answer(call).await,
        };
        let (call_id, name, duration_ms) = (call.id.clone(), call.name.clone(), millis(started.elapsed()));
        let event = EventKind::CallFinished { turn, step, call_id, name, output: output.clone(), duration_ms };
        self.parts.recorder.record(event).await?;
        Ok(output)
    }

    /// What the model is told of a call, whatever came of it.
    async fn answer(&self, call: &ToolCall) -> ToolOutput {
        let decision = tokio::select! {
            biased;
            () = self.stopped() => return ToolOutput::error("not run: the turn was stopped before this call"),
            decision = self.parts.policy.decide(call) => decision,
        };
        match decision {
            Decision::Deny { reason } => denied(&reason),
            Decision::Allow => self.execute(call).await.unwrap_or_else(|fault| {
                // The calls that share nothing with this one stop too: the turn is over.
                self.stop.cancel();
                if let Err(later) = self.fault.set(fault) {
                    tracing::warn!(fault = %later, call = call.id, "another call failed after the first");
                }
                ToolOutput::error("not finished: the runtime failed during this call")
            }),
        }
    }

    /// Executes until the answer, or until the turn is stopped and the grace is over.
    async fn execute(&self, call: &ToolCall) -> Result<ToolOutput, Fault> {
        let context = CallContext { cancel: self.stop.child_token(), progress: self.progress.clone() };
        let abandon = async {
            self.stopped().await;
            tokio::time::sleep(self.parts.limits.cancel_grace).await;
        };
        tokio::select! {
            biased;
            answer = self.parts.tools.execute(call, &context) => answer,
            () = abandon => Ok(ToolOutput::error("stopped: the call did not come to its end in time after it was told to")),
        }
    }

    /// Waits until no more calls may start, because the turn was cancelled or failed, or its time is up.
    async fn stopped(&self) {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep_until(self.turn.deadline) => self.stop.cancel(),
        }
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
