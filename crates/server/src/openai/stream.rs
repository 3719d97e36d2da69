//! Answers that come as they are made. The first answer's text is sent as the model writes it, step by step; its calls
//! and any further answers are sent whole at the end, when it is known which of them are the client's.

use std::collections::VecDeque;

use axum::body::Bytes;
use futures_util::{Stream, stream};
use handspike_api::{ChatResponse, Delta, FinishReason, Role};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    answer::{
        Asking, Completion, CompletionChoice, CompletionLogProbs, CompletionUsage, More, completion_id, created,
        text_of,
    },
    errors::CompletionError,
    held::Held,
    request::{CalledFunction, FunctionKind},
};
use crate::{
    chat::{aside::Aside, chunks::Next, sse},
    error::ApiError,
};

/// What ends a stream.
const DONE: &str = "data: [DONE]\n\n";

/// A piece of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompletionChunk {
    /// The answer's id.
    id: String,
    /// What it is: `chat.completion.chunk`.
    object: &'static str,
    /// When the turn began, in seconds since the Unix epoch.
    created: u64,
    /// The model, as it was asked for.
    model: String,
    /// What each answer goes on with.
    choices: Vec<CompletionChunkChoice>,
    /// Tokens of the whole turn, in the last piece; null before, and left out where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CompletionUsage>)]
    usage: Option<Option<CompletionUsage>>,
    #[serde(flatten)]
    more: More,
}

/// What one answer goes on with.
#[derive(Debug, Serialize, ToSchema)]
struct CompletionChunkChoice {
    /// Which of the answers, counted from 0.
    index: u32,
    /// The piece.
    delta: CompletionDelta,
    /// How likely the answer's tokens were, in its last piece.
    logprobs: Option<CompletionLogProbs>,
    /// Why it ended, in its last piece.
    finish_reason: Option<FinishReason>,
}

/// A piece of an answer.
#[derive(Debug, Default, Serialize, ToSchema)]
struct CompletionDelta {
    /// Who speaks, in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// What is added to the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Calls, each of them whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CompletionCallDelta>,
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
struct CompletionCallDelta {
    /// Which of the answer's calls, counted from 0.
    index: usize,
    /// Its id.
    id: String,
    /// What it calls.
    #[serde(rename = "type")]
    kind: FunctionKind,
    /// The function and its arguments.
    function: CalledFunction,
}

/// How a stream is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    /// Whether it ends with the tokens that the turn took.
    pub(super) includes_usage: bool,
    /// Whether texts are kept back until the turn is over, because nothing may stand before the last one.
    pub(super) is_formatted: bool,
}

/// A turn on its way to its client. Where the client goes away, this is dropped, and the session with it.
struct Telegraph {
    aside: Aside,
    held: Option<Held>,
    asking: Asking,
    telling: Telling,
    /// Whether the first answer has begun.
    has_begun: bool,
    /// Whether something of it was said before the last calls.
    is_interrupted: bool,
    has_text: bool,
    lines: VecDeque<String>,
    /// When the client heard something last.
    heard: Instant,
}

/// The stream of a turn's answer.
pub(super) fn stream(
    aside: Aside,
    held: Held,
    asking: Asking,
    telling: Telling,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let telegraph = Telegraph {
        aside,
        held: Some(held),
        asking,
        telling,
        has_begun: false,
        is_interrupted: false,
        has_text: false,
        lines: VecDeque::new(),
        heard: Instant::now(),
    };
    stream::unfold(telegraph, async |mut telegraph| {
        let line = telegraph.next_line().await?;
        Some((Bytes::from(line), telegraph))
    })
}

impl Telegraph {
    /// The next event, or none after the last.
    async fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                self.heard = Instant::now();
                return Some(line);
            }
            // Without its session it is over.
            self.held.as_ref()?;
            // Also what is kept back may take long to come.
            if self.heard.elapsed() >= sse::HEARTBEAT {
                self.lines.push_back(sse::PING.to_owned());
                continue;
            }
            match self.aside.next().await {
                Next::Silence => self.lines.push_back(sse::PING.to_owned()),
                Next::Piece(choice, delta) => self.piece(choice, delta),
                Next::End(answer) => {
                    if let Some(held) = self.held.take() {
                        held.after(answer.as_ref()).await;
                    }
                    match answer {
                        Ok(answer) => self.end(answer),
                        Err(error) => self.fail(&error),
                    }
                }
            }
        }
    }

    fn piece(&mut self, choice: u32, delta: Delta) {
        if choice > 0 || self.telling.is_formatted {
            return;
        }
        match delta.role {
            Role::Tool => self.is_interrupted = self.has_text,
            Role::Assistant | Role::User | Role::System => {
                let mut text = text_of(delta.content);
                if text.is_empty() {
                    return;
                }
                if std::mem::take(&mut self.is_interrupted) {
                    text.insert_str(0, "\n\n");
                }
                self.has_text = true;
                self.begin(0);
                self.say(0, CompletionDelta { content: Some(text), ..CompletionDelta::default() });
            }
        }
    }

    /// The first piece of an answer says who speaks.
    fn begin(&mut self, index: u32) {
        if index == 0 && std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        self.say(
            index,
            CompletionDelta { role: Some("assistant"), content: Some(String::new()), ..CompletionDelta::default() },
        );
    }

    /// What is left to say of each answer, and why it ended.
    fn end(&mut self, answer: ChatResponse) {
        let Completion { choices, usage, more, .. } = self.asking.completion(answer);
        let last = choices.len().saturating_sub(1);
        let mut more = Some(more);
        for (place, choice) in choices.into_iter().enumerate() {
            let CompletionChoice { index, message, logprobs, finish_reason } = choice;
            let is_told = index == 0 && !self.telling.is_formatted;
            self.begin(index);
            if let Some(content) = message.content.filter(|text| !is_told && !text.is_empty()) {
                self.say(index, CompletionDelta { content: Some(content), ..CompletionDelta::default() });
            }
            let calls = message.tool_calls.into_iter().enumerate();
            let tool_calls: Vec<_> = calls
                .map(|(index, call)| CompletionCallDelta {
                    index,
                    id: call.id,
                    kind: call.kind,
                    function: call.function,
                })
                .collect();
            if !tool_calls.is_empty() {
                self.say(index, CompletionDelta { tool_calls, ..CompletionDelta::default() });
            }
            let (delta, finish_reason) = (CompletionDelta::default(), Some(finish_reason));
            let choice = CompletionChunkChoice { index, delta, logprobs, finish_reason };
            let more = if place == last { more.take().unwrap_or_default() } else { More::default() };
            let usage = self.telling.includes_usage.then_some(None);
            self.tell(vec![choice], usage, more);
        }
        if self.telling.includes_usage {
            self.tell(Vec::new(), Some(Some(usage)), More::default());
        }
        self.lines.push_back(DONE.to_owned());
    }

    /// An error is the last that is said.
    fn fail(&mut self, error: &ApiError) {
        self.lines.push_back(event(&CompletionError::of_error(error)));
    }

    fn say(&mut self, index: u32, delta: CompletionDelta) {
        let choice = CompletionChunkChoice { index, delta, logprobs: None, finish_reason: None };
        let usage = self.telling.includes_usage.then_some(None);
        self.tell(vec![choice], usage, More::default());
    }

    fn tell(&mut self, choices: Vec<CompletionChunkChoice>, usage: Option<Option<CompletionUsage>>, more: More) {
        let turn = self.aside.turn();
        let chunk = CompletionChunk {
            id: completion_id(turn),
            object: "chat.completion.chunk",
            created: created(turn),
            model: self.asking.model.clone(),
            choices,
            usage,
            more,
        };
        self.lines.push_back(event(&chunk));
    }
}

fn event<T: Serialize>(value: &T) -> String {
    // Of types whose keys are texts it can't fail.
    sse::data(&serde_json::to_string(value).unwrap_or_default())
}
