//! The history before a turn, as far as there is room for it. It is read from its end backwards and no further than
//! needed, so that a turn costs what is sent and not what was ever said.

use handspike_api::ContextOverflow;
use handspike_core::{Model, ModelRequest};
use handspike_prompt::{
    Entry, Fitted, Overflow, SUMMARY_PROMPT, Speaker, Summary, Window, tokens_of_text, tokens_of_tools,
};
use handspike_store::{HistoryPage, NewEntry, Window as Part};
use handspike_types::{Message, ModelSettings, ToolSpec, Usage};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    conversed::{Conversation, conversed, forget_tools},
    entry::Said,
    messages::Reader,
    plan::Plan,
};
use crate::{error::ApiError, server::Server};

/// The entries that are part of prompts.
const SAID: [&str; 4] = ["api_request", "tool_request", "tool_response", "api_response"];

/// Entries that are read at once.
const PAGE: u32 = 100;

/// More tokens than any conversation has.
const UNBOUNDED: u64 = u64::MAX / 1000;

/// An eighth of a model's window is for its answer, where nobody says how long that may be.
const ANSWER: u64 = 8;

/// An entry, wherever it is.
#[derive(Clone)]
enum Source {
    /// In the store.
    Stored(Box<handspike_store::Entry>),
    /// In the request, at this place.
    Posted(usize),
}

/// What is sent: the conversation so far and what is added to it.
pub(super) struct Gathered {
    pub(super) history: Vec<Message>,
    pub(super) input: Vec<Message>,
    /// What it took to sum up what was left out.
    pub(super) usage: Usage,
}

impl Server {
    /// The conversation before a turn, and what was posted. The model is asked to sum up what is left out, where the session
    /// wants that; without a model it is left out alone.
    pub(super) async fn gather(
        &self,
        session: Uuid,
        plan: &Plan,
        posted: &[Said],
        tools: &[ToolSpec],
        model: Option<&dyn Model>,
    ) -> Result<Gathered, ApiError> {
        let room = room(plan, tools, self.models.window(&plan.model));
        let mut fitted = self.fitted(session, plan, posted, room.unwrap_or(UNBOUNDED)).await?;
        let usage = match model {
            Some(model) => self.sum_up(session, &mut fitted, model).await.unwrap_or_default(),
            None => Usage::default(),
        };
        let mut before: Vec<Message> = fitted.summary.iter().map(Summary::message).collect();
        let gap = fitted.gap();
        before.extend(self.opening(fitted.opening, posted).await?);
        before.extend(gap);
        let first = fitted.kept.iter().find_map(|source| match source {
            Source::Posted(index) => Some(*index),
            Source::Stored(_) => None,
        });
        let mut conversation = conversed(before, &self.read_entries(fitted.kept).await?)?;
        if !plan.recall_tools {
            forget_tools(&mut conversation);
        }
        let Conversation { messages, mut reader } = conversation;
        let input = posted[first.unwrap_or(posted.len())..].iter().flat_map(|said| reader.read(said)).collect();
        Ok(Gathered { history: messages, input, usage })
    }

    /// The newest part of the history for which there is room.
    async fn fitted(&self, session: Uuid, plan: &Plan, posted: &[Said], room: u64) -> Result<Fitted<Source>, ApiError> {
        let overflow = match plan.overflow {
            Some(ContextOverflow::Adaptive) => Overflow::Adaptive,
            Some(ContextOverflow::Truncate) | None => Overflow::Truncate,
        };
        let mut window = Window::new(room, overflow);
        if overflow == Overflow::Adaptive
            && let Some(summary) = self.last_summary(session).await?
        {
            window.set_summary(summary);
        }
        let sources = SAID.map(str::to_owned).to_vec();
        let mut page = HistoryPage { sources, ..HistoryPage::last(PAGE) };
        let mut read = self.store.entries(session, &page).await?;
        let last = read.last().map_or(0, |entry| entry.seq);
        for (index, said) in posted.iter().enumerate().rev() {
            let number = last + 1 + index as u64;
            let (speaker, tokens) = (speaker_of(said), said.tokens());
            window.add_older(Entry { number, speaker, tokens, said: Source::Posted(index) });
        }
        'pages: loop {
            let is_last = read.len() < PAGE as usize;
            for entry in read.into_iter().rev() {
                page.window = Part::Before(entry.seq);
                if !window.wants_older() {
                    break 'pages;
                }
                if let Some(entry) = measured(entry) {
                    window.add_older(entry);
                }
            }
            if is_last || !window.wants_older() {
                break;
            }
            read = self.store.entries(session, &page).await?;
        }
        window.fit().map_err(|error| ApiError::prompt_too_big(&error.to_string()))
    }

    async fn last_summary(&self, session: Uuid) -> Result<Option<Summary>, ApiError> {
        let page = HistoryPage { sources: vec!["summarizer".to_owned()], ..HistoryPage::last(1) };
        let Some(entry) = self.store.entries(session, &page).await?.pop() else { return Ok(None) };
        let before = entry.body.get("before").and_then(Value::as_u64);
        let text = entry.body.get("content").and_then(Value::as_str);
        Ok(before.zip(text).map(|(before, text)| Summary { before, text: text.to_owned() }))
    }

    /// Asks the model for a summary of what is left out, and keeps it. Without one it is left out alone.
    async fn sum_up(&self, session: Uuid, fitted: &mut Fitted<Source>, model: &dyn Model) -> Option<Usage> {
        let shortened = fitted.shortened.as_ref()?;
        let part = self.read_entries(shortened.part.clone()).await.ok()?;
        let messages = shortened.request(&conversed(Vec::new(), &part).ok()?.messages);
        let settings = ModelSettings::default();
        let request =
            ModelRequest { system_prompt: SUMMARY_PROMPT, messages: &messages, tools: &[], settings: &settings };
        // Nobody reads along.
        let (deltas, _) = mpsc::channel(1);
        let reply = match model.answer(request, &deltas).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!(%session, %error, "what is left out of the prompt could not be summed up");
                return None;
            }
        };
        if let Some(summary) = fitted.sum_up(reply.text) {
            let body = json!({"content": summary.text, "before": summary.before});
            let Value::Object(body) = body else { return Some(reply.usage) };
            if let Err(error) = self.store.append_entries(session, &[NewEntry::new("summarizer", "system", body)]).await
            {
                tracing::warn!(%session, %error, "a summary could not be kept");
            }
        }
        Some(reply.usage)
    }

    /// What a turn began with that is cut into.
    async fn opening(&self, sources: Vec<Source>, posted: &[Said]) -> Result<Vec<Message>, ApiError> {
        let mut messages = Vec::new();
        for source in sources {
            match source {
                Source::Posted(index) => messages.extend(Reader::default().read(&posted[index])),
                Source::Stored(entry) => messages.extend(Reader::default().read(&self.read_entry(*entry).await?)),
            }
        }
        Ok(messages)
    }

    /// Entries of the store with their turns; what was posted comes by itself.
    async fn read_entries(&self, sources: Vec<Source>) -> Result<Vec<(Option<Uuid>, Said)>, ApiError> {
        let mut read = Vec::with_capacity(sources.len());
        for source in sources {
            if let Source::Stored(entry) = source {
                read.push((entry.turn, self.read_entry(*entry).await?));
            }
        }
        Ok(read)
    }

    async fn read_entry(&self, entry: handspike_store::Entry) -> Result<Said, ApiError> {
        Said::of_entry(&self.store, entry).await.map_err(|error| {
            tracing::error!(%error, "the history can't be read");
            ApiError::internal()
        })
    }
}

/// Tokens that there are for messages; none where nothing bounds them, or nothing is to be done about it.
pub(super) fn room(plan: &Plan, tools: &[ToolSpec], window: Option<u64>) -> Option<u64> {
    plan.overflow?;
    let answer = |window: u64| plan.settings.max_tokens.unwrap_or(window / ANSWER);
    let budget = plan.token_budget.or_else(|| window.map(|window| window.saturating_sub(answer(window))))?;
    Some(budget.saturating_sub(tokens_of_text(&plan.system_prompt) + tokens_of_tools(tools)))
}

/// An entry for the window; none of those that a conversation does not go on with.
fn measured(entry: handspike_store::Entry) -> Option<Entry<Source>> {
    if entry.body.contains_key("choice") {
        return None;
    }
    let speaker = match entry.role.as_str() {
        "system" => Speaker::System,
        "assistant" => Speaker::Assistant,
        "tool" => Speaker::Tools,
        _ if only_answers(&entry.body) => Speaker::Tools,
        _ => Speaker::User,
    };
    // Those that nobody has counted are of other writers, and seldom.
    let tokens = entry.token_count.unwrap_or_else(|| tokens_of_text(&Value::Object(entry.body.clone()).to_string()));
    Some(Entry { number: entry.seq, speaker, tokens, said: Source::Stored(Box::new(entry)) })
}

/// Whether a user's message holds answers to calls and nothing else.
fn only_answers(body: &serde_json::Map<String, Value>) -> bool {
    let parts = body.get("content").and_then(Value::as_array);
    parts.is_some_and(|parts| !parts.is_empty() && parts.iter().all(|part| part.get("tool_use_id").is_some()))
}

fn speaker_of(said: &Said) -> Speaker {
    Reader::default().read(said).last().map_or(Speaker::User, Speaker::of)
}
