//! What a client of Chat Completions sends. Unknown keys are passed over, as everywhere; those whose neglect would make
//! another answer are read, to be refused.

use std::collections::BTreeMap;

use handspike_api::{ImageUrl, Limits, ResponseFormat};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A conversation, and how it is to go on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CompletionRequest {
    /// A model of the server, an agent's canonical name, or `agent:` and an agent's id.
    #[schema(min_length = 1, max_length = 300)]
    pub(crate) model: String,
    /// The whole conversation.
    #[schema(min_items = 1)]
    pub(crate) messages: Vec<CompletionMessage>,
    /// Whether the answer comes as it is made.
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    /// What a stream tells beside the answer.
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    /// Functions that the client runs.
    #[serde(default)]
    pub(crate) tools: Option<Vec<FunctionTool>>,
    /// Whether a tool is to be called, and which.
    #[serde(default)]
    pub(crate) tool_choice: Option<CompletionToolChoice>,
    /// How far from the likeliest an answer may be.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2)]
    pub(crate) temperature: Option<f64>,
    /// The share of likely tokens among which is chosen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) top_p: Option<f64>,
    /// How many answers are made.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 8)]
    pub(crate) n: Option<u8>,
    /// Texts at which the answer ends.
    #[serde(default)]
    pub(crate) stop: Option<Stop>,
    /// Tokens that one answer of the model may have.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) max_completion_tokens: Option<u64>,
    /// The older name of that.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) max_tokens: Option<u64>,
    /// A seed, for answers that repeat.
    #[serde(default)]
    pub(crate) seed: Option<i64>,
    /// How much less likely a token is for each time that it was used.
    #[serde(default)]
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) frequency_penalty: Option<f64>,
    /// How much less likely a token is that was used.
    #[serde(default)]
    #[schema(minimum = -2, maximum = 2)]
    pub(crate) presence_penalty: Option<f64>,
    /// How much likelier tokens are, by their ids; each -100 to 100.
    #[serde(default)]
    pub(crate) logit_bias: Option<BTreeMap<String, f64>>,
    /// Whether the answer tells how likely its tokens were.
    #[serde(default)]
    pub(crate) logprobs: Option<bool>,
    /// How many other tokens are told at each place.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 20)]
    pub(crate) top_logprobs: Option<u8>,
    /// In which form the model is to answer.
    #[serde(default)]
    pub(crate) response_format: Option<ResponseFormat>,
    /// What the turn may use, which is no part of OpenAI's API.
    #[serde(default)]
    pub(crate) limits: Option<Limits>,
    /// Refused: the older form of `tools`.
    #[serde(default)]
    pub(crate) functions: Option<Value>,
    /// Refused: the older form of `tool_choice`.
    #[serde(default)]
    pub(crate) function_call: Option<Value>,
    /// Refused where it names anything but text.
    #[serde(default)]
    pub(crate) modalities: Option<Vec<String>>,
    /// Refused.
    #[serde(default)]
    pub(crate) audio: Option<Value>,
    /// Refused.
    #[serde(default)]
    pub(crate) web_search_options: Option<Value>,
}

/// What a stream tells beside the answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StreamOptions {
    /// Whether it ends with the tokens that the turn took.
    #[serde(default)]
    pub(crate) include_usage: Option<bool>,
}

/// One text or several.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Stop {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CompletionRole {
    Developer,
    System,
    User,
    Assistant,
    Tool,
}

/// A message of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CompletionMessage {
    /// Who speaks.
    pub(crate) role: CompletionRole,
    /// What is said.
    #[serde(default)]
    pub(crate) content: Option<CompletionContent>,
    /// The speaker's name.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The id of the call that this answers.
    #[serde(default)]
    pub(crate) tool_call_id: Option<String>,
    /// Calls that the assistant made.
    #[serde(default)]
    pub(crate) tool_calls: Option<Vec<CompletionCall>>,
}

/// What a message says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CompletionContent {
    /// A text.
    Text(String),
    /// Texts and pictures.
    Parts(Vec<CompletionPart>),
}

/// A part of a message.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CompletionPart {
    /// What it is.
    #[serde(rename = "type")]
    pub(crate) kind: PartKind,
    /// The text.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// The picture.
    #[serde(default)]
    pub(crate) image_url: Option<ImageUrl>,
    /// Why the assistant would not answer.
    #[serde(default)]
    pub(crate) refusal: Option<String>,
}

/// What a part is. There are no sounds and no files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartKind {
    Text,
    ImageUrl,
    Refusal,
}

/// What a tool of the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FunctionKind {
    Function,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct CompletionCall {
    /// Its id, which the answer to it names.
    pub(crate) id: String,
    /// What it calls.
    #[serde(rename = "type")]
    pub(crate) kind: FunctionKind,
    /// The function and its arguments.
    pub(crate) function: CalledFunction,
}

/// A function and its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct CalledFunction {
    /// The function's name.
    pub(crate) name: String,
    /// The arguments as the model wrote them.
    pub(crate) arguments: String,
}

/// A function that the client runs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FunctionTool {
    /// What it is.
    #[serde(rename = "type")]
    pub(crate) kind: FunctionKind,
    /// The function.
    pub(crate) function: OfferedFunction,
}

/// A function, as a model is told of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OfferedFunction {
    /// Its name.
    #[schema(max_length = 64, pattern = r"^[a-zA-Z0-9_\-]+$")]
    pub(crate) name: String,
    /// What it does and when to call it.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// JSON Schema of its arguments.
    #[serde(default)]
    pub(crate) parameters: Option<Map<String, Value>>,
}

/// Whether a tool is to be called, and which.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CompletionToolChoice {
    /// As the word says.
    Word(ChoiceWord),
    /// This function.
    Named(NamedChoice),
}

/// Whether a tool is to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChoiceWord {
    Auto,
    None,
    Required,
}

/// A function that is to be called.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NamedChoice {
    /// What it is.
    #[serde(rename = "type")]
    pub(crate) kind: FunctionKind,
    /// The function.
    pub(crate) function: NamedFunction,
}

/// A function by its name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NamedFunction {
    /// The name.
    pub(crate) name: String,
}
