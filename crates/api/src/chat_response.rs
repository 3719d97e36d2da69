//! What a chat answers, whole or piece by piece. What is unset is written as null.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{CallType, ChosenCall, Content, DocReference, LogProbs, MessageOut, Role, StoredCall, Time};

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChatResponse {
    /// The answer's id.
    pub id: Uuid,
    /// When the turn began.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// Jobs that were started by it; always empty.
    pub jobs: Vec<Uuid>,
    /// Documents that the model was given.
    pub docs: Vec<DocReference>,
    /// Tokens of the whole turn.
    pub usage: Option<Usage>,
    /// The answers, `n` of them.
    pub choices: Vec<Choice>,
    /// Every message that the turn produced, in order: those with calls, tools' answers, and the last.
    pub messages: Vec<MessageOut>,
    /// Ids of the calls that await the client.
    pub pending_tool_calls: Vec<String>,
    /// The limit that ended the turn, if one did.
    pub stop_details: Option<StopDetails>,
    /// Fields of the request that could not be honoured as they were.
    pub warnings: Vec<Warning>,
}

/// A piece of an answer. The first four fields are the same in all of its pieces.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChunkChatResponse {
    /// The answer's id.
    pub id: Uuid,
    /// When the turn began.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// Jobs that were started by it; always empty.
    pub jobs: Vec<Uuid>,
    /// Documents that the model was given.
    pub docs: Vec<DocReference>,
    /// Tokens of the whole turn; in the last piece only.
    pub usage: Option<Usage>,
    /// What each answer goes on with.
    pub choices: Vec<ChunkChoice>,
    /// Ids of the calls that await the client; in the last piece only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_tool_calls: Option<Vec<String>>,
    /// The limit that ended the turn; in the last piece only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_details: Option<StopDetails>,
    /// Fields of the request that could not be honoured as they were; in the last piece only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Warning>>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Choice {
    /// Which of the answers, counted from 0.
    pub index: u32,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// How likely its tokens were.
    pub logprobs: Option<LogProbs>,
    /// Always null: calls are in the message.
    #[schema(value_type = Option<Vec<ChosenCall>>)]
    pub tool_calls: Option<Vec<StoredCall>>,
    /// The last message of the assistant.
    pub message: MessageOut,
}

/// What one answer goes on with.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ChunkChoice {
    /// Which of the answers, counted from 0.
    pub index: u32,
    /// Why it ended, in its last piece.
    pub finish_reason: Option<FinishReason>,
    /// How likely the tokens of this piece were.
    pub logprobs: Option<LogProbs>,
    /// Always null: calls are in the delta.
    #[schema(value_type = Option<Vec<ChosenCall>>)]
    pub tool_calls: Option<Vec<StoredCall>>,
    /// The piece.
    pub delta: Delta,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Delta {
    /// Who speaks; in every piece.
    pub role: Role,
    /// What is added to the text, or a tool's whole answer.
    pub content: Option<Content>,
    /// The speaker's name.
    pub name: Option<String>,
    /// The id of the call that this answers.
    pub tool_call_id: Option<String>,
    /// What is added to calls.
    pub tool_calls: Option<Vec<CallDelta>>,
}

/// A piece of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallDelta {
    /// Which of the message's calls, counted from 0.
    pub index: u32,
    /// The call's id, in its first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool's type, in its first piece.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<CallType>,
    /// What is added to name and arguments.
    pub function: FunctionDelta,
}

/// A piece of a call's name and arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FunctionDelta {
    /// The tool's name, in the first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is added to the text of the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model had said all.
    #[default]
    Stop,
    /// A limit was reached.
    Length,
    /// The provider's filter cut it.
    ContentFilter,
    /// Calls await the client.
    ToolCalls,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usage {
    /// Tokens that models read.
    pub prompt_tokens: Option<u64>,
    /// Tokens that models wrote.
    pub completion_tokens: Option<u64>,
    /// Both together.
    pub total_tokens: Option<u64>,
}

/// The limit that ended a turn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct StopDetails {
    /// Which one.
    pub limit: StopLimit,
    /// Its value, in the unit of its field; null for a turn that was cancelled.
    pub value: Option<f64>,
}

/// What can end a turn before the model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum StopLimit {
    MaxSteps,
    MaxTokens,
    MaxCost,
    MaxSeconds,
    Cancelled,
}

/// A field of the request that could not be honoured as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// The field.
    pub field: String,
    /// What became of it.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(content: Option<Content>, tool_calls: Option<Vec<StoredCall>>) -> MessageOut {
        let role = Role::Assistant;
        MessageOut { id: None, role, content, name: None, tool_call_id: None, tool_calls, created_at: None }
    }

    #[test]
    fn what_is_unset_in_an_answer_is_null() {
        let choice = Choice {
            index: 0,
            finish_reason: FinishReason::default(),
            logprobs: None,
            tool_calls: None,
            message: message(Some(Content::Text("hi".to_owned())), None),
        };
        let answer = ChatResponse {
            id: Uuid::nil(),
            created_at: "2026-03-01T12:00:00Z".to_owned(),
            jobs: Vec::new(),
            docs: Vec::new(),
            usage: Some(Usage { prompt_tokens: Some(3), ..Usage::default() }),
            choices: vec![choice],
            messages: Vec::new(),
            pending_tool_calls: Vec::new(),
            stop_details: None,
            warnings: Vec::new(),
        };
        let expected = json!({
            "id": Uuid::nil(), "created_at": "2026-03-01T12:00:00Z", "jobs": [], "docs": [],
            "usage": {"prompt_tokens": 3, "completion_tokens": null, "total_tokens": null},
            "choices": [{
                "index": 0, "finish_reason": "stop", "logprobs": null, "tool_calls": null,
                "message": {
                    "id": null, "role": "assistant", "content": "hi", "name": null, "tool_call_id": null,
                    "tool_calls": null, "created_at": null,
                },
            }],
            "messages": [], "pending_tool_calls": [], "stop_details": null, "warnings": [],
        });
        assert_eq!(serde_json::to_value(answer).expect("JSON"), expected);
    }

    #[test]
    fn a_piece_tells_of_the_turns_end_only_where_it_ends() {
        let function = FunctionDelta { name: Some("look".to_owned()), arguments: None };
        let call = CallDelta { index: 0, id: Some("call_1".to_owned()), kind: Some(CallType::Function), function };
        let role = Role::Assistant;
        let delta = Delta { role, content: None, name: None, tool_call_id: None, tool_calls: Some(vec![call]) };
        let choice = ChunkChoice { index: 0, finish_reason: None, logprobs: None, tool_calls: None, delta };
        let mut piece = ChunkChatResponse {
            id: Uuid::nil(),
            created_at: "2026-03-01T12:00:00Z".to_owned(),
            jobs: Vec::new(),
            docs: Vec::new(),
            usage: None,
            choices: vec![choice],
            pending_tool_calls: None,
            stop_details: None,
            warnings: None,
        };
        let json = serde_json::to_value(&piece).expect("JSON");
        assert_eq!(
            json["choices"][0]["delta"],
            json!({
                "role": "assistant", "content": null, "name": null, "tool_call_id": null,
                "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "look"}}],
            })
        );
        assert_eq!(json.get("stop_details"), None);
        piece.stop_details = Some(StopDetails { limit: StopLimit::MaxSteps, value: Some(50.0) });
        let json = serde_json::to_value(&piece).expect("JSON");
        assert_eq!(json["stop_details"], json!({"limit": "max_steps", "value": 50.0}));
    }
}
