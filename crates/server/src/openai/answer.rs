//! Answers in the shape of OpenAI's API. The client reads what the model says at the end of its turn, and the calls that
//! are the client's; what was done here is shown where it is asked for.

use handspike_api::{
    CallType, ChatResponse, ChosenCall, Content, FinishReason, LogProbs, MessageOut, StopDetails, StoredCall,
    TokenLogProb, Usage, Warning,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    held::call_id,
    request::{CalledFunction, CompletionCall, FunctionKind},
};

/// A whole answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Completion {
    /// Its id.
    pub(super) id: String,
    /// What it is: `chat.completion`.
    pub(super) object: &'static str,
    /// When the turn began, in seconds since the Unix epoch.
    pub(super) created: u64,
    /// The model, as it was asked for.
    pub(super) model: String,
    /// The answers, `n` of them.
    pub(super) choices: Vec<CompletionChoice>,
    /// Tokens of the whole turn.
    pub(super) usage: CompletionUsage,
    #[serde(flatten)]
    pub(super) more: More,
}

/// What is told beside an answer, and is no part of OpenAI's API. What there is nothing to say of is left out.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct More {
    /// The limit that ended the turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_details: Option<StopDetails>,
    /// Fields of the request that could not be honoured as they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<Warning>,
    /// Every message that the turn produced, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) messages: Option<Vec<MessageOut>>,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompletionChoice {
    /// Which of the answers, counted from 0.
    pub(super) index: u32,
    /// What it says.
    pub(super) message: CompletionAnswer,
    /// How likely its tokens were.
    pub(super) logprobs: Option<CompletionLogProbs>,
    /// Why it ended.
    pub(super) finish_reason: FinishReason,
}

/// What an answer says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompletionAnswer {
    /// Who speaks: `assistant`.
    pub(super) role: &'static str,
    /// The text; null where there are calls only.
    pub(super) content: Option<String>,
    /// Always null.
    pub(super) refusal: Option<String>,
    /// The calls that are the client's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<CompletionCall>,
}

/// How likely the tokens of an answer were.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompletionLogProbs {
    /// One by one.
    pub(super) content: Option<Vec<TokenLogProb>>,
    /// Always null.
    pub(super) refusal: Option<Vec<TokenLogProb>>,
}

/// Tokens of the whole turn: of every request to the model that it took.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(super) struct CompletionUsage {
    /// Tokens that models read.
    pub(super) prompt_tokens: u64,
    /// Tokens that models wrote.
    pub(super) completion_tokens: u64,
    /// Both together.
    pub(super) total_tokens: u64,
}

/// What an answer is made for.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    /// The session, by which calls are found again.
    pub(super) session: Uuid,
    /// The model, as it was asked for.
    pub(super) model: String,
    /// The functions whose calls are the client's.
    pub(super) functions: Vec<String>,
    /// Whether all messages are shown.
    pub(super) shows_messages: bool,
}

impl Asking {
    /// The answer to a turn's client.
    pub(super) fn completion(&self, answer: ChatResponse) -> Completion {
        let ChatResponse { id, choices, messages, pending_tool_calls, usage, stop_details, warnings, .. } = answer;
        let choices = choices.into_iter().map(|choice| {
            let calls = choice.message.tool_calls.unwrap_or_default();
            let tool_calls: Vec<_> = match choice.index {
                0 => calls.iter().filter_map(|call| self.pending(call, &pending_tool_calls)).collect(),
                _ => calls.iter().filter_map(|call| self.of_client(call)).collect(),
            };
            let finish_reason = match choice.finish_reason {
                // It has called what runs here, and there it ends.
                FinishReason::ToolCalls if tool_calls.is_empty() => FinishReason::Stop,
                reason => reason,
            };
            let says_nothing = !tool_calls.is_empty();
            let content = Some(text_of(choice.message.content)).filter(|text| !(text.is_empty() && says_nothing));
            CompletionChoice {
                index: choice.index,
                message: CompletionAnswer { role: "assistant", content, refusal: None, tool_calls },
                logprobs: choice.logprobs.map(|LogProbs { content }| CompletionLogProbs { content, refusal: None }),
                finish_reason,
            }
        });
        Completion {
            id: completion_id(id),
            object: "chat.completion",
            created: created(id),
            model: self.model.clone(),
            choices: choices.collect(),
            usage: CompletionUsage::of(usage.unwrap_or_default()),
            more: More { stop_details, warnings, messages: self.shows_messages.then_some(messages) },
        }
    }

    /// A call of the first answer, if it awaits the client: under an id that leads back to its session.
    fn pending(&self, call: &StoredCall, pending: &[String]) -> Option<CompletionCall> {
        let ChosenCall::Nested(nested) = &**call else { return None };
        let place = pending.iter().position(|id| Some(id) == nested.id.as_ref())?;
        let (id, kind) = (call_id(self.session, place), FunctionKind::Function);
        Some(CompletionCall { id, kind, function: function_of(&nested.function) })
    }

    /// A call of a further answer, if it is the client's. The session does not go on with it.
    fn of_client(&self, call: &StoredCall) -> Option<CompletionCall> {
        let ChosenCall::Nested(nested) = &**call else { return None };
        let is_clients =
            nested.kind.unwrap_or_default() == CallType::Function && self.functions.contains(&nested.function.name);
        let id = nested.id.clone().filter(|_| is_clients)?;
        Some(CompletionCall { id, kind: FunctionKind::Function, function: function_of(&nested.function) })
    }
}

impl CompletionUsage {
    fn of(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt_tokens.unwrap_or_default(),
            completion_tokens: usage.completion_tokens.unwrap_or_default(),
            total_tokens: usage.total_tokens.unwrap_or_default(),
        }
    }
}

/// The id of an answer.
pub(super) fn completion_id(turn: Uuid) -> String {
    format!("chatcmpl-{}", turn.simple())
}

/// When a turn began, in seconds since the Unix epoch.
pub(super) fn created(turn: Uuid) -> u64 {
    turn.get_timestamp().map(|timestamp| timestamp.to_unix().0).unwrap_or_default()
}

fn function_of(call: &handspike_api::FunctionCall) -> CalledFunction {
    CalledFunction { name: call.name.clone(), arguments: call.arguments.clone().unwrap_or_default() }
}

/// A model's text.
pub(super) fn text_of(content: Option<Content>) -> String {
    match content {
        Some(Content::Text(text)) => text,
        Some(Content::Texts(texts)) => texts.join("\n"),
        // Models say texts.
        Some(Content::Parts(_)) | None => String::new(),
    }
}
