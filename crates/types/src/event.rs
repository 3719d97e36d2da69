//! What happens in a session, in order. The loop writes these to the transcript and announces them;
//! terminals, JSON lines and reports are renderings of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Choice, FinishReason, Message, SessionId, ToolCall, ToolCallDelta, ToolOutput, Usage};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts the session's stored events from 0, without gaps. One that is only announced has the number of the last
    /// that was stored.
    pub seq: u64,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The session it happened in.
    pub session: SessionId,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kinds of event. Turns count from 1 within a session, steps from 1 within a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// A session begins.
    SessionStarted {
        /// The model's name.
        model: String,
        /// What the model is told before everything else; empty when nothing.
        system_prompt: String,
    },
    /// A user's input was accepted.
    TurnStarted {
        /// The turn's number.
        turn: u32,
        /// What was said: messages of the user as a rule, and the results of calls that the client ran.
        input: Vec<Message>,
    },
    /// A request goes to the model.
    StepStarted {
        /// The turn's number.
        turn: u32,
        /// The step's number.
        step: u32,
    },
    /// The model answered.
    ModelAnswered {
        /// The turn's number.
        turn: u32,
        /// The step's number.
        step: u32,
        /// Its text, possibly empty.
        text: String,
        /// The calls it asks for.
        tool_calls: Vec<ToolCall>,
        /// Why it stopped.
        finish_reason: FinishReason,
        /// Tokens of this step.
        usage: Usage,
        /// From request to answer.
        duration_ms: u64,
        /// The tokens' log probabilities as the provider tells them, where they were asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logprobs: Option<Value>,
        /// The other answers, where several were asked for. The conversation goes on with the first, above.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alternatives: Vec<Choice>,
        /// What of the settings the provider could not honour, for people.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// The model writes. It is announced and never stored: what was written comes as a whole with `ModelAnswered`.
    MessageDelta {
        /// The turn's number.
        turn: u32,
        /// The step's number.
        step: u32,
        /// Which of several answers, from 0.
        choice: u32,
        /// More text, possibly none.
        text: String,
        /// More of a call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool_call: Option<ToolCallDelta>,
    },
    /// A call is about to run.
    CallStarted {
        /// The turn's number.
        turn: u32,
        /// The step's number.
        step: u32,
        /// The call.
        call: ToolCall,
    },
    /// A call came to its end.
    CallFinished {
        /// The turn's number.
        turn: u32,
        /// The step's number.
        step: u32,
        /// The call's id.
        call_id: String,
        /// The tool's name.
        name: String,
        /// What the model is told.
        output: ToolOutput,
        /// From start to end.
        duration_ms: u64,
    },
    /// Something slow goes on; for people to read, not kept for programs.
    Progress {
        /// A short sentence without a final period.
        text: String,
    },
    /// A turn came to its end.
    TurnFinished {
        /// The turn's number.
        turn: u32,
        /// How it ended.
        outcome: Outcome,
        /// Steps that the turn took.
        steps: u32,
        /// Tokens of all its steps.
        usage: Usage,
        /// From the user's input to the end.
        duration_ms: u64,
    },
}

/// What can end a turn before the model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Requests to the model.
    Steps,
    /// Time, from the user's input.
    WallTime,
    /// Tokens of all steps together.
    Tokens,
    /// What the model may write in one answer, by its provider or its settings.
    Output,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The model had nothing more to do.
    Done {
        /// Its last words.
        text: String,
    },
    /// The model called tools that the client runs. The next turn's input brings their results.
    AwaitsClient {
        /// The ids of the calls.
        pending: Vec<String>,
    },
    /// A limit was reached.
    LimitReached {
        /// Which one.
        which: Limit,
        /// Which and how much of it, for people.
        limit: String,
    },
    /// The user, or the program that asked, stopped it.
    Cancelled,
    /// The model could not be asked, or gave no usable answer.
    ModelFailed {
        /// The cause, with a hint where there is one.
        error: String,
    },
    /// The scripted model did not get from the tools what its scenario expects.
    ExpectationFailed {
        /// Which expectation, what was expected and what came.
        error: String,
    },
    /// The runtime or a sandbox failed.
    Faulted {
        /// The cause, with a hint where there is one.
        error: String,
    },
}
