//! A request in the words of this API. What these have no words for is refused, and the place is named.

use handspike_api::{
    Automatic, CallType, ChatInput, ChatSettings, Content, FunctionCall, FunctionDef, Given, ImageUrlPart, ImageUrlTag,
    Message, NamedTool, Part, Posted, ResponseFormat, Role, SimpleFormat, SimpleFormatType, StoredCall, ToolChoice,
    ToolDefinition, ToolSpec, check::DetailType,
};
use serde_json::{Map, json};

use super::request::{
    ChoiceWord, CompletionCall, CompletionContent, CompletionMessage, CompletionPart, CompletionRequest,
    CompletionRole, CompletionToolChoice, FunctionTool, PartKind, Stop,
};
use crate::{
    chat::aside::{FirstStep, Speaker},
    error::ApiError,
};

/// A request, read.
pub(super) struct Asked {
    pub(super) input: ChatInput,
    pub(super) first_step: FirstStep,
    /// The functions whose calls are the client's.
    pub(super) functions: Vec<String>,
    /// Whether the answer's text is to be JSON, so that nothing may stand before it.
    pub(super) is_formatted: bool,
}

/// Reads a request to a speaker that has these tools.
pub(super) fn asked(
    request: CompletionRequest,
    speaker: &Speaker,
    of_speaker: Vec<ToolDefinition>,
) -> Result<Asked, ApiError> {
    refuse_unknown(&request)?;
    let offered = tools(request.tools.unwrap_or_default(), speaker, &of_speaker)?;
    let all = of_speaker.iter().chain(&offered);
    let functions = all.filter(|tool| tool.spec.kind() == CallType::Function).map(|tool| tool.name.clone()).collect();
    let tools = match speaker {
        // An agent's own tools are there anyway.
        Speaker::Agent(_) => offered,
        Speaker::Model(_) => {
            // A client that has a shell of its own means that one.
            let is_free = |tool: &ToolDefinition| offered.iter().all(|own| own.name != tool.name);
            let kept: Vec<_> = of_speaker.into_iter().filter(is_free).collect();
            kept.into_iter().chain(offered.iter().cloned()).collect()
        }
    };
    let (tool_choice, first_step) = choice(request.tool_choice);
    let is_formatted = match &request.response_format {
        None | Some(ResponseFormat::Simple(SimpleFormat { kind: SimpleFormatType::Text })) => false,
        Some(ResponseFormat::Simple(SimpleFormat { kind: SimpleFormatType::JsonObject }))
        | Some(ResponseFormat::Schema(_)) => true,
    };
    let settings = ChatSettings {
        stop: given(request.stop.map(|stop| match stop {
            Stop::One(text) => vec![text],
            Stop::Several(texts) => texts,
        })),
        seed: given(request.seed),
        max_tokens: given(request.max_completion_tokens.or(request.max_tokens)),
        logit_bias: given(request.logit_bias),
        response_format: given(request.response_format),
        temperature: given(request.temperature),
        top_p: given(request.top_p),
        frequency_penalty: given(request.frequency_penalty),
        presence_penalty: given(request.presence_penalty),
        ..ChatSettings::default()
    };
    let messages = request.messages.into_iter().enumerate();
    let input = ChatInput {
        messages: messages.map(|(place, message)| said(place, message)).collect::<Result<_, _>>()?,
        tools: Some(tools),
        tool_choice,
        agent: None,
        stream: request.stream.unwrap_or(false),
        n: request.n.unwrap_or(1),
        recall: matches!(speaker, Speaker::Agent(_)),
        save: true,
        remember: false,
        recall_tools: true,
        auto_run_tools: Some(true),
        limits: request.limits,
        logprobs: request.logprobs,
        top_logprobs: request.top_logprobs,
        metadata: None,
        settings,
    };
    Ok(Asked { input, first_step, functions, is_formatted })
}

fn given<T>(value: Option<T>) -> Given<T> {
    value.map_or(Given::Absent, Given::Value)
}

/// A mistake at a place.
fn mistake(place: impl Into<String>, words: &str, received: &str) -> ApiError {
    ApiError::invalid(DetailType::ValueError, words, place, received)
}

/// Refuses what would make another answer if it were passed over.
fn refuse_unknown(request: &CompletionRequest) -> Result<(), ApiError> {
    let is_sound = request.modalities.iter().flatten().any(|modality| modality != "text");
    let refused = [
        ("functions", request.functions.is_some(), "is not supported: use `tools`"),
        ("function_call", request.function_call.is_some(), "is not supported: use `tool_choice`"),
        ("modalities", is_sound, "is not supported beyond text"),
        ("audio", request.audio.is_some(), "is not supported: answers are texts"),
        ("web_search_options", request.web_search_options.is_some(), "is not supported"),
    ];
    if let Some(Stop::Several(texts)) = &request.stop
        && texts.len() > 4
    {
        return Err(mistake("stop", "there are 4 texts at most", ""));
    }
    match refused.into_iter().find(|(_, is_there, _)| *is_there) {
        Some((name, _, words)) => Err(mistake(name, words, "")),
        None => Ok(()),
    }
}

/// The client's functions. A name stands for one thing only.
fn tools(
    tools: Vec<FunctionTool>,
    speaker: &Speaker,
    of_speaker: &[ToolDefinition],
) -> Result<Vec<ToolDefinition>, ApiError> {
    let mut read: Vec<ToolDefinition> = Vec::with_capacity(tools.len());
    for (place, FunctionTool { function, .. }) in tools.into_iter().enumerate() {
        let at = || format!("tools[{place}].function.name");
        let is_taken = |tool: &ToolDefinition| tool.name == function.name && tool.spec.kind() != CallType::Function;
        match speaker {
            Speaker::Agent(_) if of_speaker.iter().any(is_taken) => {
                return Err(mistake(at(), "the agent has a tool of this name, which the server runs", &function.name));
            }
            Speaker::Agent(_) | Speaker::Model(_) => {}
        }
        if read.iter().any(|tool| tool.name == function.name) {
            return Err(mistake(at(), "there are two functions of this name", &function.name));
        }
        let spec =
            ToolSpec::Function { function: FunctionDef { parameters: function.parameters, ..FunctionDef::default() } };
        read.push(ToolDefinition { name: function.name, description: function.description, spec });
    }
    Ok(read)
}

fn choice(choice: Option<CompletionToolChoice>) -> (Option<ToolChoice>, FirstStep) {
    let automatic = |word| Some(ToolChoice::Automatic(word));
    match choice {
        None => (None, FirstStep::AsAsked),
        Some(CompletionToolChoice::Word(ChoiceWord::Auto)) => (automatic(Automatic::Auto), FirstStep::AsAsked),
        Some(CompletionToolChoice::Word(ChoiceWord::None)) => (automatic(Automatic::None), FirstStep::AsAsked),
        Some(CompletionToolChoice::Word(ChoiceWord::Required)) => (None, FirstStep::MustCall),
        Some(CompletionToolChoice::Named(named)) => {
            let function = FunctionCall { name: named.function.name, arguments: None };
            (Some(ToolChoice::Named(NamedTool { function })), FirstStep::AsAsked)
        }
    }
}

fn said(place: usize, message: CompletionMessage) -> Result<Message, ApiError> {
    let CompletionMessage { role, content, name, tool_call_id, tool_calls } = message;
    let role = match role {
        CompletionRole::Developer | CompletionRole::System => Role::System,
        CompletionRole::User => Role::User,
        CompletionRole::Assistant => Role::Assistant,
        CompletionRole::Tool => Role::Tool,
    };
    if role == Role::Tool && tool_call_id.is_none() {
        return Err(mistake(format!("messages[{place}].tool_call_id"), "a tool's message names the call", ""));
    }
    let content = match content {
        None => None,
        Some(CompletionContent::Text(text)) => Some(Content::Text(text)),
        Some(CompletionContent::Parts(parts)) => {
            let at = |part| format!("messages[{place}].content[{part}]");
            let parts = parts.into_iter().enumerate().map(|(index, read)| part(at(index), read));
            Some(Content::Parts(parts.collect::<Result<_, _>>()?))
        }
    };
    let tool_calls: Option<Vec<StoredCall>> = match role {
        Role::Assistant => tool_calls.map(|calls| calls.into_iter().map(call).collect::<Result<_, _>>()).transpose()?,
        Role::User | Role::System | Role::Tool => None,
    };
    Ok(Message { role, content, name, tool_call_id, tool_calls, is_continued: None })
}

fn part(place: String, part: CompletionPart) -> Result<Posted<Part>, ApiError> {
    let CompletionPart { kind, text, image_url, refusal } = part;
    let read = match kind {
        PartKind::Text => text.map(Part::text).ok_or("text"),
        PartKind::Refusal => refusal.map(Part::text).ok_or("refusal"),
        PartKind::ImageUrl => {
            let picture = |image_url| Part::ImageUrl(ImageUrlPart { tag: Some(ImageUrlTag::It), image_url });
            image_url.map(picture).ok_or("image_url")
        }
    };
    read.map(Posted::own).map_err(|missing| mistake(format!("{place}.{missing}"), "Field required", ""))
}

fn call(call: CompletionCall) -> Result<StoredCall, ApiError> {
    let CompletionCall { id, function, .. } = call;
    let function = Map::from_iter([
        ("name".to_owned(), json!(function.name)),
        ("arguments".to_owned(), json!(function.arguments)),
    ]);
    serde_json::from_value(json!({"id": id, "type": "function", "function": function})).map_err(|error| {
        tracing::error!(%error, "a call can't be read");
        ApiError::internal()
    })
}
