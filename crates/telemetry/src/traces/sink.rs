//! From a turn's events to spans, in the words of OpenTelemetry's conventions for generative AI.

use std::{collections::HashMap, io};

use async_trait::async_trait;
use handspike_core::EventSink;
use handspike_types::{Event, EventKind, FinishReason, Outcome, ToolCall, ToolOutput, Usage};

use super::{
    content,
    exporter::Traces,
    span::{Kind, Open, Value, random},
};
use crate::TurnAbout;

const OPERATION: &str = "gen_ai.operation.name";
const PROVIDER: &str = "gen_ai.provider.name";
const MODEL: &str = "gen_ai.request.model";
const CONVERSATION: &str = "gen_ai.conversation.id";
const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";

/// What becomes of what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    LeftOut,
    Kept,
}

/// Makes spans of one turn.
pub(crate) struct TraceSink {
    traces: Traces,
    about: TurnAbout,
    content: Content,
    trace: [u8; 16],
    turn: Option<Open>,
    chat: Option<Open>,
    calls: HashMap<String, Open>,
    last_reason: Option<FinishReason>,
    /// The last event's time.
    now_ms: u64,
}

impl TraceSink {
    pub(super) fn new(traces: Traces, about: TurnAbout, content: Content) -> Self {
        let trace = about.parent.map_or_else(random, |parent| parent.trace);
        let (calls, now_ms) = (HashMap::new(), 0);
        Self { traces, about, content, trace, turn: None, chat: None, calls, last_reason: None, now_ms }
    }

    /// The turn's span. A turn that is gone on with has no event of its beginning.
    fn turn(&mut self, event: &Event) -> &mut Open {
        let (about, trace) = (&self.about, self.trace);
        self.turn.get_or_insert_with(|| {
            let parent = about.parent.map(|parent| parent.span);
            let mut turn =
                Open::begin(trace, parent, named("invoke_agent", &about.agent_name), Kind::Internal, event.at_ms);
            turn.set(OPERATION, "invoke_agent");
            turn.set(CONVERSATION, event.session.to_string());
            set_model(&mut turn, about);
            if let Some(id) = &about.agent_id {
                turn.set("gen_ai.agent.id", id.as_str());
            }
            if let Some(name) = &about.agent_name {
                turn.set("gen_ai.agent.name", name.as_str());
            }
            turn
        })
    }

    fn begin_chat(&mut self, event: &Event, step: u32) {
        let parent = Some(self.turn(event).id());
        let model = Some(self.about.provider_and_model().1.to_owned());
        let mut chat = Open::begin(self.trace, parent, named("chat", &model), Kind::Client, event.at_ms);
        chat.set(OPERATION, "chat");
        chat.set(CONVERSATION, event.session.to_string());
        set_model(&mut chat, &self.about);
        chat.set("handspike.step", u64::from(step));
        self.chat = Some(chat);
    }

    fn end_chat(&mut self, text: &str, calls: &[ToolCall], reason: FinishReason, usage: Usage) {
        self.last_reason = Some(reason);
        let Some(mut chat) = self.chat.take() else { return };
        set_reason(&mut chat, reason);
        set_usage(&mut chat, usage);
        if self.content == Content::Kept {
            chat.set("gen_ai.output.messages", content::output(text, calls, reason));
        }
        self.traces.send(chat.end(self.now_ms));
    }

    fn begin_call(&mut self, event: &Event, call: &ToolCall) {
        let parent = Some(self.turn(event).id());
        let name = named("execute_tool", &Some(call.name.clone()));
        let mut span = Open::begin(self.trace, parent, name, Kind::Internal, event.at_ms);
        span.set(OPERATION, "execute_tool");
        span.set(CONVERSATION, event.session.to_string());
        span.set("gen_ai.tool.name", call.name.as_str());
        span.set("gen_ai.tool.call.id", call.id.as_str());
        span.set("gen_ai.tool.type", "function");
        if self.content == Content::Kept {
            span.set("gen_ai.tool.call.arguments", content::arguments(call));
        }
        self.calls.insert(call.id.clone(), span);
    }

    fn end_call(&mut self, id: &str, output: &ToolOutput) {
        let Some(mut span) = self.calls.remove(id) else { return };
        if self.content == Content::Kept {
            span.set("gen_ai.tool.call.result", content::result(output));
        }
        if output.is_error {
            // What a tool says is content.
            span.fail("tool_error", self.words(&output.joined_text()));
        }
        self.traces.send(span.end(self.now_ms));
    }

    fn end_turn(&mut self, outcome: &Outcome, steps: u32, usage: Usage) {
        let failure = failure_of(outcome);
        self.end_what_is_open(failure.unwrap_or(("cancelled", "")));
        let Some(mut turn) = self.turn.take() else { return };
        set_usage(&mut turn, usage);
        turn.set("handspike.outcome", crate::metrics::word_for(outcome));
        turn.set("handspike.steps", u64::from(steps));
        if let Some(reason) = self.last_reason {
            set_reason(&mut turn, reason);
        }
        if let Some((kind, words)) = failure {
            turn.fail(kind, self.words(words));
        }
        self.traces.send(turn.end(self.now_ms));
    }

    fn end_what_is_open(&mut self, (kind, words): (&str, &str)) {
        for mut span in self.chat.take().into_iter().chain(self.calls.drain().map(|(_, span)| span)) {
            span.fail(kind, if self.content == Content::Kept { words } else { "" });
            self.traces.send(span.end(self.now_ms));
        }
    }

    /// Words of an error, which may repeat what was said.
    fn words<'a>(&self, words: &'a str) -> &'a str {
        if self.content == Content::Kept { words } else { "" }
    }
}

#[async_trait]
impl EventSink for TraceSink {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        self.now_ms = event.at_ms;
        match &event.kind {
            EventKind::TurnStarted { input, .. } => {
                let keeps = self.content == Content::Kept;
                let turn = self.turn(event);
                if keeps {
                    turn.set("gen_ai.input.messages", content::input(input));
                }
            }
            EventKind::StepStarted { step, .. } => self.begin_chat(event, *step),
            EventKind::ModelAnswered { text, tool_calls, finish_reason, usage, .. } => {
                self.end_chat(text, tool_calls, *finish_reason, *usage);
            }
            EventKind::CallStarted { call, .. } => self.begin_call(event, call),
            EventKind::CallFinished { call_id, output, .. } => self.end_call(call_id, output),
            EventKind::TurnFinished { outcome, steps, usage, .. } => self.end_turn(outcome, *steps, *usage),
            EventKind::SessionStarted { .. } | EventKind::MessageDelta { .. } | EventKind::Progress { .. } => {}
        }
        Ok(())
    }
}

impl Drop for TraceSink {
    /// A turn that could not be recorded, or that goes on at the server's next start, ends without an event.
    fn drop(&mut self) {
        self.end_what_is_open(("abandoned", ""));
        if let Some(mut turn) = self.turn.take() {
            turn.fail("abandoned", "");
            self.traces.send(turn.end(self.now_ms));
        }
    }
}

fn named(operation: &str, what: &Option<String>) -> String {
    match what.as_deref() {
        Some(what) if !what.is_empty() => format!("{operation} {what}"),
        Some(_) | None => operation.to_owned(),
    }
}

fn set_model(span: &mut Open, about: &TurnAbout) {
    let (provider, model) = about.provider_and_model();
    if !provider.is_empty() {
        span.set(PROVIDER, provider);
    }
    span.set(MODEL, model);
}

fn set_reason(span: &mut Open, reason: FinishReason) {
    span.set(FINISH_REASONS, Value::Texts(vec![content::finish_reason(reason).to_owned()]));
}

fn set_usage(span: &mut Open, usage: Usage) {
    span.set(INPUT_TOKENS, usage.input_tokens);
    span.set(OUTPUT_TOKENS, usage.output_tokens);
}

/// What went wrong, as a kind and in words; a limit and a wish to stop are no failures.
fn failure_of(outcome: &Outcome) -> Option<(&'static str, &str)> {
    match outcome {
        Outcome::Done { .. } | Outcome::AwaitsClient { .. } | Outcome::LimitReached { .. } | Outcome::Cancelled => None,
        Outcome::ModelFailed { error } => Some(("model_failed", error)),
        Outcome::ExpectationFailed { error } => Some(("expectation_failed", error)),
        Outcome::Faulted { error } => Some(("faulted", error)),
    }
}
