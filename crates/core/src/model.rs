//! What the loop asks of a model. Providers live in `handspike-models`; retries, fallbacks and recording
//! wrap a [`Model`], so the loop has no branch for them.

use async_trait::async_trait;
use handspike_types::{Choice, FinishReason, Message, ModelSettings, ToolCall, ToolCallDelta, ToolSpec, Usage};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::mpsc;

/// Something that continues a conversation.
#[async_trait]
pub trait Model: Send + Sync {
    /// The name that people know it by, for example `openai:gpt-6`.
    fn name(&self) -> &str;

    /// Asks for the next assistant message. Dropping the future abandons the request.
    ///
    /// What the model writes goes to `deltas` as it comes. A text or calls that it has in one piece it need not send:
    /// they are taken from the reply. The channel is bounded, so sending waits for a slow reader; one that has gone away
    /// is no error.
    async fn answer(
        &self,
        request: ModelRequest<'_>,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError>;
}

/// A conversation to be continued.
#[derive(Clone, Copy, Debug)]
pub struct ModelRequest<'a> {
    /// What stands before everything else; empty when nothing.
    pub system_prompt: &'a str,
    /// The conversation so far, oldest first. Every assistant message with calls is followed by their results.
    pub messages: &'a [Message],
    /// The tools that may be called.
    pub tools: &'a [ToolSpec],
    /// How it is to be answered.
    pub settings: &'a ModelSettings,
}

/// A piece of an answer, as the model writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDelta {
    /// Which of several answers, from 0.
    pub choice: u32,
    /// More text, possibly none.
    pub text: String,
    /// More of a call.
    pub tool_call: Option<ToolCallDelta>,
}

/// The next assistant message.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelReply {
    /// Its text, possibly empty.
    pub text: String,
    /// The calls it asks for, possibly none.
    pub tool_calls: Vec<ToolCall>,
    /// Why the model stopped.
    pub finish_reason: FinishReason,
    /// Tokens of this request.
    pub usage: Usage,
    /// The tokens' log probabilities, as the provider tells them.
    pub logprobs: Option<Value>,
    /// The other answers, where several were asked for.
    pub alternatives: Vec<Choice>,
    /// What of the settings could not be honoured as asked, a sentence each.
    pub warnings: Vec<String>,
}

impl ModelReply {
    /// An answer without anything beside it.
    pub fn new(text: impl Into<String>, tool_calls: Vec<ToolCall>, finish_reason: FinishReason) -> Self {
        Self {
            text: text.into(),
            tool_calls,
            finish_reason,
            usage: Usage::default(),
            logprobs: None,
            alternatives: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Why a model gave no usable answer. Each says in its text what to do, where there is something.
#[derive(Debug, Error)]
pub enum ModelError {
    /// No connection, or it broke.
    #[error("the model at `{url}` cannot be reached: {cause}\nhint: check the base URL, and that the server runs")]
    Unreachable {
        /// The address that was tried.
        url: String,
        /// What the network said.
        cause: String,
    },
    /// The provider answered with an error status.
    #[error("the model's server refused the request with status {status}: {message}{}", status_hint(*.status))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the provider said, shortened.
        message: String,
    },
    /// An answer that is no answer.
    #[error("the model's answer cannot be understood: {cause}\nhint: check that the base URL speaks this API")]
    Malformed {
        /// What is wrong with it, with a short excerpt.
        cause: String,
    },
    /// A streamed answer that broke off. Nothing of it is used: its last call may be cut in the middle.
    #[error("the model's answer was cut off before its end: {cause}\nhint: ask again; nothing of it was run")]
    CutOff {
        /// How it ended.
        cause: String,
    },
    /// A streamed answer that does not go on.
    #[error("the model's answer came to a halt: nothing came for {seconds} s")]
    Stalled {
        /// The limit.
        seconds: u64,
    },
    /// No answer in time.
    #[error("the model gave no answer within {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// A scripted model did not get what its scenario expects.
    #[error("{0}")]
    ExpectationFailed(String),
    /// A scripted model was asked for more turns than it has.
    #[error("the scenario's script has {steps} steps, and the model was asked for one more")]
    ScriptEnded {
        /// The steps that there are.
        steps: usize,
    },
}

fn status_hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "\nhint: check the API key",
        404 => "\nhint: check the model's name and the base URL",
        429 => "\nhint: the provider limits the rate or the spending; wait, or raise the limit there",
        _ => "",
    }
}
