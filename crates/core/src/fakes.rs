//! Stand-ins for what surrounds the loop: a model that follows a list of answers, an executor whose tools do one
//! simple thing each, and a sink. All three write into the same [`Notes`], so that a test sees what came first.

use std::{
    future::pending,
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use handspike_types::{
    Event, EventKind, FinishReason, Image, Message, ModelSettings, Outcome, SessionId, ToolCall, ToolOutput,
    ToolResult, ToolSpec, Usage,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    AllowAll, CallContext, EventSink, Executor, Fault, Journal, Lane, Limits, Model, ModelDelta, ModelError,
    ModelReply, ModelRequest, Policy, Recorder, Session, SessionParts,
};

/// Eight bytes that pass for a picture.
pub(crate) const PICTURE: &str = "iVBORw0KGgo=";

/// What was seen during a session.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Seen>>);

#[derive(Default)]
pub(crate) struct Seen {
    /// One short line for each thing that happened anywhere, in order.
    pub(crate) order: Vec<String>,
    /// What the sink was given.
    pub(crate) events: Vec<EventKind>,
    /// The conversations that the model was sent, and the settings with each.
    pub(crate) requests: Vec<Vec<Message>>,
    pub(crate) settings: Vec<ModelSettings>,
}

impl Notes {
    pub(crate) fn read(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("no test panics while it holds the notes")
    }

    fn add(&self, line: impl Into<String>) {
        self.read().order.push(line.into());
    }

    /// The place of a line in the order of things.
    pub(crate) fn place(&self, line: &str) -> usize {
        let seen = self.read();
        seen.order.iter().position(|noted| noted == line).unwrap_or_else(|| panic!("no `{line}` in {:#?}", seen.order))
    }

    /// Whether a line was noted.
    pub(crate) fn has(&self, line: &str) -> bool {
        self.read().order.iter().any(|noted| noted == line)
    }
}

/// What the model does when it is asked.
pub(crate) enum Answer {
    Reply(ModelReply),
    Fail(ModelError),
    /// Never answers.
    Hang,
    /// Sends pieces of text, each with a pause after it, and then replies.
    Write(Vec<(&'static str, Duration)>, ModelReply),
}

/// An answer with nothing left to do.
pub(crate) fn done(text: &str) -> Answer {
    Answer::Reply(reply(text, Vec::new(), FinishReason::Stop))
}

/// An answer that asks for calls: id, tool and arguments.
pub(crate) fn calls<const N: usize>(calls: [(&str, &str, Value); N]) -> Answer {
    let calls = calls.map(|(id, name, arguments)| ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
        toolset: None,
    });
    Answer::Reply(reply("", calls.into(), FinishReason::ToolCalls))
}

pub(crate) fn reply(text: &str, tool_calls: Vec<ToolCall>, finish_reason: FinishReason) -> ModelReply {
    let usage = Usage { input_tokens: 10, output_tokens: 1 };
    ModelReply { usage, ..ModelReply::new(text, tool_calls, finish_reason) }
}

/// A token that fires after a while of the test's own time.
pub(crate) fn cancelled_after(time: Duration) -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        token.cancel();
    });
    cancel
}

/// A session to be played, with what a test wants to be different.
pub(crate) struct Stage {
    pub(crate) limits: Limits,
    pub(crate) policy: Box<dyn Policy>,
    pub(crate) journal: Option<Box<dyn Journal>>,
    pub(crate) settings: ModelSettings,
    /// The sink fails at the first event of which this holds.
    pub(crate) sink_fails_at: fn(&EventKind) -> bool,
    answers: Vec<Answer>,
}

/// A session after its turn.
pub(crate) struct Played {
    pub(crate) outcome: Outcome,
    pub(crate) session: Session,
    pub(crate) notes: Notes,
}

impl Stage {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            limits: Limits::default(),
            policy: Box::new(AllowAll),
            journal: None,
            settings: ModelSettings::default(),
            sink_fails_at: |_| false,
            answers: answers.into_iter().collect(),
        }
    }

    /// Begins a session without running anything.
    pub(crate) async fn begin(self) -> (Session, Notes) {
        let (parts, notes) = self.parts();
        (Session::begin(parts).await.expect("the sink takes the first event"), notes)
    }

    fn parts(self) -> (SessionParts, Notes) {
        let notes = Notes::default();
        let sink = FakeSink { notes: notes.clone(), fails_at: self.sink_fails_at };
        let model = FakeModel { answers: Mutex::new(self.answers.into_iter()), notes: notes.clone() };
        let parts = SessionParts {
            model: Box::new(model),
            tools: Box::new(FakeExecutor { notes: notes.clone() }),
            policy: self.policy,
            recorder: Recorder::new(SessionId::generate(), self.journal, vec![Box::new(sink)]),
            limits: self.limits,
            system_prompt: "be brief".to_owned(),
            settings: self.settings,
        };
        (parts, notes)
    }

    /// Runs one turn.
    pub(crate) async fn play(self, cancel: &CancellationToken) -> Played {
        let (mut session, notes) = self.begin().await;
        // In paused time a turn that waits for nothing ends here at once, instead of hanging the test.
        let turn =
            tokio::time::timeout(Duration::from_secs(24 * 3600), session.run_turn(vec![Message::user("go")], cancel));
        let outcome = turn.await.expect("the turn ends").expect("the sink takes every event");
        Played { outcome, session, notes }
    }

    /// A session that goes on after other turns.
    pub(crate) fn resume(self, history: Vec<Message>, turns: u32) -> (Session, Notes) {
        let (parts, notes) = self.parts();
        (Session::resume(parts, history, turns), notes)
    }

    /// Runs one turn that nobody cancels.
    pub(crate) async fn play_freely(self) -> Played {
        self.play(&CancellationToken::new()).await
    }
}

impl Played {
    /// The results of the last step that had calls, as the model would read them.
    pub(crate) fn results(&self) -> &[ToolResult] {
        let tools = self.session.history().iter().rev().find_map(|message| match message {
            Message::Tools { results } => Some(results),
            Message::System { .. } | Message::User { .. } | Message::Assistant { .. } => None,
        });
        tools.expect("a step had calls")
    }

    /// The text of a call's result.
    pub(crate) fn text_of(&self, call_id: &str) -> String {
        let result = self.results().iter().find(|result| result.call_id == call_id);
        result.unwrap_or_else(|| panic!("call `{call_id}` has no result")).output.joined_text()
    }

    /// Checks that the conversation could be continued.
    pub(crate) fn assert_well_formed(&self) {
        assert_well_formed(self.session.history());
    }
}

/// Checks that each call is answered, directly after, in order.
pub(crate) fn assert_well_formed(history: &[Message]) {
    let mut history = history.iter();
    while let Some(message) = history.next() {
        match message {
            Message::System { .. } | Message::User { .. } => {}
            Message::Assistant { tool_calls, .. } if tool_calls.is_empty() => {}
            Message::Assistant { tool_calls, .. } => {
                let Some(Message::Tools { results }) = history.next() else { panic!("unanswered: {tool_calls:?}") };
                let asked: Vec<&str> = tool_calls.iter().map(|call| call.id.as_str()).collect();
                let answered: Vec<&str> = results.iter().map(|result| result.call_id.as_str()).collect();
                assert_eq!(asked, answered);
            }
            Message::Tools { results } => panic!("results without calls: {results:?}"),
        }
    }
}

struct FakeModel {
    answers: Mutex<std::vec::IntoIter<Answer>>,
    notes: Notes,
}

#[async_trait]
impl Model for FakeModel {
    fn name(&self) -> &str {
        "fake"
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        assert_eq!((request.system_prompt, request.tools), ("be brief", specs().as_slice()));
        self.notes.add("model asked");
        self.notes.read().requests.push(request.messages.to_vec());
        self.notes.read().settings.push(request.settings.clone());
        let answer = self.answers.lock().expect("nobody panics here").next();
        match answer.expect("the loop asks no more than the test has answers") {
            Answer::Reply(reply) => Ok(reply),
            Answer::Fail(error) => Err(error),
            Answer::Hang => pending().await,
            Answer::Write(pieces, reply) => {
                for (text, pause) in pieces {
                    let delta = ModelDelta { choice: 0, text: text.to_owned(), tool_call: None };
                    deltas.send(delta).await.expect("the turn reads");
                    tokio::time::sleep(pause).await;
                }
                Ok(reply)
            }
        }
    }
}

/// Tools by name: `echo` {text}, `nap` {seconds} (heeds the cancel token), `stuck` (does not), `refuse` (a tool
/// error), `fault`, `shot` (a picture), `peek` {path} (a file's text), `gossip` (keeps its progress sender) and `phone`,
/// which the client runs. `lane` among the arguments is the lane; with `batch` a call is skipped after one that failed.
struct FakeExecutor {
    notes: Notes,
}

fn specs() -> Vec<ToolSpec> {
    let parameters = json!({"type": "object"});
    vec![ToolSpec::new("echo", "Says it again.", parameters)]
}

#[async_trait]
impl Executor for FakeExecutor {
    fn specs(&self) -> Vec<ToolSpec> {
        specs()
    }

    fn lane(&self, call: &ToolCall) -> Lane {
        match call.arguments["lane"].as_u64() {
            Some(lane) => Lane::Shared(u32::try_from(lane).expect("a small number")),
            None => Lane::Free,
        }
    }

    fn after_failure(&self, call: &ToolCall) -> Option<ToolOutput> {
        call.arguments["batch"].as_bool().filter(|batch| *batch).map(|_| ToolOutput::error("skipped"))
    }

    fn belongs_to_client(&self, call: &ToolCall) -> bool {
        call.name == "phone"
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        self.notes.add(format!("{} runs", call.id));
        let answer = run_tool(call, context).await;
        self.notes.add(format!("{} ends", call.id));
        answer
    }
}

async fn run_tool(call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
    let argument = |name: &str| call.arguments[name].as_str().unwrap_or_default().to_owned();
    Ok(match call.name.as_str() {
        "echo" => ToolOutput::text(argument("text")),
        "nap" => {
            let seconds = call.arguments["seconds"].as_u64().expect("a nap has seconds");
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(seconds)) => ToolOutput::text("slept"),
                () = context.cancel.cancelled() => ToolOutput::error("woken"),
            }
        }
        "stuck" => pending().await,
        "refuse" => ToolOutput::error("parameter `command` is required"),
        "fault" => return Err(Fault::new("the disk is full")),
        "shot" => ToolOutput::text("a picture").with_image(Image::new("image/png", PICTURE)),
        "peek" => ToolOutput::text(std::fs::read_to_string(argument("path")).expect("the file can be read")),
        "gossip" => {
            let progress = context.progress.clone();
            progress.say("the image is being pulled");
            tokio::spawn(async move {
                pending::<()>().await;
                drop(progress);
            });
            ToolOutput::text("said")
        }
        unknown => ToolOutput::error(format!("there is no tool `{unknown}`")),
    })
}

struct FakeSink {
    notes: Notes,
    fails_at: fn(&EventKind) -> bool,
}

#[async_trait]
impl EventSink for FakeSink {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        let line = match &event.kind {
            EventKind::SessionStarted { .. } => "session started".to_owned(),
            EventKind::TurnStarted { .. } => "turn started".to_owned(),
            EventKind::StepStarted { .. } => "step started".to_owned(),
            EventKind::ModelAnswered { .. } => "model answered".to_owned(),
            EventKind::MessageDelta { text, .. } => format!("delta: {text}"),
            EventKind::CallStarted { call, .. } => format!("{} started", call.id),
            EventKind::CallFinished { call_id, .. } => format!("{call_id} finished"),
            EventKind::Progress { text } => format!("progress: {text}"),
            EventKind::TurnFinished { .. } => "turn finished".to_owned(),
        };
        let mut seen = self.notes.read();
        seen.order.push(line);
        if matches!(event.kind, EventKind::MessageDelta { .. }) {
            assert_eq!(event.seq + 1, seen.events.len() as u64, "it stands beside the last stored event");
            return Ok(());
        }
        assert_eq!(event.seq, seen.events.len() as u64, "events are counted without gaps");
        seen.events.push(event.kind.clone());
        if (self.fails_at)(&event.kind) { Err(io::Error::other("no space left")) } else { Ok(()) }
    }
}
