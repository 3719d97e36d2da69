//! Stand-ins for what surrounds a server: models that answer what a test has told them to, and sandboxes whose tools do
//! one simple thing each. Both note what they were asked.

use std::{
    collections::{HashMap, VecDeque},
    fs::OpenOptions,
    io::{Cursor, Write as _},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use handspike_core::{
    AccessError, CallContext, Fault, FileBytes, Model, ModelDelta, ModelError, ModelReply, ModelRequest, NoRoom,
    OpenFailure, OpenedSandbox, Origin, Progress, ReadFile, Sandbox, SandboxAccess, SandboxFailure, SandboxPath,
    SandboxSource, SandboxWishes, SandboxedCall, Sandboxes, WrittenFile,
};
use handspike_server::{ModelSource, ModelUnavailable};
use handspike_types::{
    Choice, FileRefusal, FinishReason, Image, Message, ModelSettings, SessionId, ToolCall, ToolCallDelta, ToolOutput,
    ToolSettings, ToolSpec, Usage,
};
use serde_json::{Map, Value};
use tokio::{
    io::AsyncReadExt as _,
    sync::{Notify, mpsc},
};
use tokio_util::io::StreamReader;

/// Eight bytes that pass for a picture.
pub(crate) const PICTURE: &str = "iVBORw0KGgo=";

/// What a model does when it is asked.
pub(crate) enum Answer {
    Reply(ModelReply),
    Fail(ModelError),
    /// Never answers.
    Hang,
    /// Sends pieces of its text, and then the whole.
    Write(Vec<&'static str>),
    /// Sends a piece, waits until it is told to go on, and says the rest.
    Pause(Arc<Notify>, &'static str, &'static str),
}

/// What a model answers to what was said.
type Thought = fn(&[Message]) -> Answer;

/// An answer with nothing left to do.
pub(crate) fn say(text: &str) -> Answer {
    Answer::Reply(reply(text, Vec::new(), FinishReason::Stop))
}

/// An answer that asks for calls: id, tool and arguments.
pub(crate) fn call<const N: usize>(calls: [(&str, &str, Value); N]) -> Answer {
    Answer::Reply(reply("", calls.map(tool_call).into(), FinishReason::ToolCalls))
}

pub(crate) fn tool_call((id, name, arguments): (&str, &str, Value)) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments, toolset: None }
}

pub(crate) fn reply(text: &str, calls: Vec<ToolCall>, finish_reason: FinishReason) -> ModelReply {
    let usage = Usage { input_tokens: 10, output_tokens: 1 };
    ModelReply { usage, ..ModelReply::new(text, calls, finish_reason) }
}

/// A further choice of an answer.
pub(crate) fn choice(index: u32, text: &str) -> Choice {
    let (text, finish_reason) = (text.to_owned(), FinishReason::Stop);
    Choice { index, text, tool_calls: Vec::new(), finish_reason, logprobs: None }
}

/// What a model was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) model: String,
    pub(crate) key: Option<String>,
    pub(crate) system_prompt: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Vec<ToolSpec>,
    pub(crate) settings: ModelSettings,
}

/// Models by the names `gpt-4o` and `claude 3`, which all follow one list of answers.
#[derive(Default)]
pub(crate) struct FakeModels {
    answers: Mutex<VecDeque<Answer>>,
    /// What they answer where the list is empty.
    thinks: Mutex<Option<Thought>>,
    /// Tokens that they take.
    pub(crate) window: Mutex<Option<u64>>,
    /// One that there is not any more.
    forgotten: Mutex<Option<&'static str>>,
    seen: Mutex<Vec<Seen>>,
}

impl FakeModels {
    /// Adds answers to the list.
    pub(crate) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().expect("nobody panics here").extend(answers);
    }

    /// From now on they answer by what was said, where the list is empty.
    pub(crate) fn think(&self, thinks: Thought) {
        *self.thinks.lock().expect("nobody panics here") = Some(thinks);
    }

    /// From now on there is no such model.
    pub(crate) fn forget(&self, name: &'static str) {
        *self.forgotten.lock().expect("nobody panics here") = Some(name);
    }

    /// From now on there are all of them.
    pub(crate) fn remember(&self) {
        *self.forgotten.lock().expect("nobody panics here") = None;
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().expect("nobody panics here")
    }

    /// What was asked last.
    pub(crate) fn last(&self) -> Seen {
        self.seen().last().expect("a model was asked").clone()
    }
}

/// The models as a server has them.
pub(crate) struct Models(pub(crate) Arc<FakeModels>);

impl ModelSource for Models {
    fn names(&self) -> Vec<String> {
        ["gpt-4o", "claude 3"].map(str::to_owned).into()
    }

    fn knows(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    fn open(&self, name: &str, key: Option<&str>) -> Result<Box<dyn Model>, ModelUnavailable> {
        if *self.0.forgotten.lock().expect("nobody panics here") == Some(name) {
            return Err(ModelUnavailable("there is no such model".to_owned()));
        }
        if key == Some("refused") {
            return Err(ModelUnavailable("the key can't be used\nhint: give another".to_owned()));
        }
        let (name, key, models) = (name.to_owned(), key.map(str::to_owned), Arc::clone(&self.0));
        Ok(Box::new(FakeModel { name, key, models }))
    }

    fn window(&self, _: &str) -> Option<u64> {
        *self.0.window.lock().expect("nobody panics here")
    }
}

struct FakeModel {
    name: String,
    key: Option<String>,
    models: Arc<FakeModels>,
}

#[async_trait]
impl Model for FakeModel {
    fn name(&self) -> &str {
        &self.name
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        self.models.seen().push(Seen {
            model: self.name.clone(),
            key: self.key.clone(),
            system_prompt: request.system_prompt.to_owned(),
            messages: request.messages.to_vec(),
            tools: request.tools.to_vec(),
            settings: request.settings.clone(),
        });
        let text = |text: &str| ModelDelta { choice: 0, text: text.to_owned(), tool_call: None };
        let answer = self.models.answers.lock().expect("nobody panics here").pop_front();
        let thinks = *self.models.thinks.lock().expect("nobody panics here");
        match answer.or_else(|| Some(thinks?(request.messages))).expect("no more is asked than the test has answers") {
            Answer::Reply(reply) => {
                for (index, call) in (0..).zip(&reply.tool_calls) {
                    let (id, name) = (Some(call.id.clone()), Some(call.name.clone()));
                    let call = ToolCallDelta { index, id, name, arguments: call.arguments.to_string() };
                    let _ = deltas.send(ModelDelta { tool_call: Some(call), ..text("") }).await;
                }
                Ok(reply)
            }
            Answer::Fail(error) => Err(error),
            Answer::Hang => std::future::pending().await,
            Answer::Write(pieces) => {
                for piece in &pieces {
                    let _ = deltas.send(text(piece)).await;
                }
                Ok(reply(&pieces.concat(), Vec::new(), FinishReason::Stop))
            }
            Answer::Pause(go_on, first, rest) => {
                let _ = deltas.send(text(first)).await;
                go_on.notified().await;
                let _ = deltas.send(text(rest)).await;
                Ok(reply(&format!("{first}{rest}"), Vec::new(), FinishReason::Stop))
            }
        }
    }
}

/// A call that came into a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Sandboxed {
    pub(crate) session: SessionId,
    pub(crate) tool: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) settings: ToolSettings,
}

/// Sandboxes in which `bash` echoes its command (but for `sleep`, which takes an hour and heeds its end, `stuck`, which
/// does not, and `fault`), the editor says that it is done and the computer answers with a picture.
#[derive(Default)]
pub(crate) struct FakeSandboxes {
    pub(crate) opened: AtomicUsize,
    /// A file to which each command is added before it runs.
    pub(crate) log: OnceLock<PathBuf>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    wishes: Vec<SandboxWishes>,
    calls: Vec<Sandboxed>,
    removed: Vec<SessionId>,
    files: HashMap<(SessionId, String), Vec<u8>>,
}

/// How many bytes a file may have here.
pub(crate) const FILE_LIMIT: u64 = 1 << 20;

/// The sandboxes as a server has them.
#[derive(Clone)]
pub(crate) struct Boxes(pub(crate) Arc<FakeSandboxes>);

impl FakeSandboxes {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nobody panics here")
    }

    pub(crate) fn calls(&self) -> Vec<Sandboxed> {
        self.notes().calls.clone()
    }

    pub(crate) fn wishes(&self) -> Vec<SandboxWishes> {
        self.notes().wishes.clone()
    }

    pub(crate) fn removed(&self) -> Vec<SessionId> {
        self.notes().removed.clone()
    }
}

#[async_trait]
impl Sandboxes for Boxes {
    fn source(&self, session: SessionId, wishes: &SandboxWishes) -> Box<dyn SandboxSource> {
        self.0.notes().wishes.push(*wishes);
        Box::new(FakeSource { session, boxes: self.clone() })
    }

    async fn remove(&self, session: SessionId) -> Result<(), Fault> {
        self.0.notes().removed.push(session);
        Ok(())
    }
}

/// Files are kept in memory; those called `full`, `busy`, `broken`, `folder` and `secret` are refused for what they are
/// called, and `cut` ends before its time.
#[async_trait]
impl SandboxAccess for Boxes {
    async fn read_file(&self, session: SessionId, path: &SandboxPath) -> Result<ReadFile, AccessError> {
        refuse(path)?;
        let notes = self.0.notes();
        if !notes.files.keys().any(|(owner, _)| *owner == session) {
            return Err(AccessError::NoSandbox);
        }
        let file = notes.files.get(&(session, path.to_string())).ok_or_else(|| refused(path, FileRefusal::NotFound))?;
        let size = file.len() as u64;
        if path.file_name() == "cut" {
            let end = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            let parts = [Ok(bytes::Bytes::from(file[..1].to_vec())), Err(end)];
            let bytes = StreamReader::new(futures_util::stream::iter(parts));
            return Ok(ReadFile { bytes: Box::pin(bytes), size, modified: 0 });
        }
        Ok(ReadFile { bytes: Box::pin(Cursor::new(file.clone())), size, modified: 0x1234 })
    }

    async fn write_file(
        &self,
        session: SessionId,
        wishes: &SandboxWishes,
        path: &SandboxPath,
        mut bytes: FileBytes,
    ) -> Result<WrittenFile, AccessError> {
        refuse(path)?;
        let mut file = Vec::new();
        bytes.read_to_end(&mut file).await.map_err(AccessError::Cut)?;
        let size = file.len() as u64;
        if size > FILE_LIMIT {
            return Err(AccessError::TooLarge { limit: FILE_LIMIT });
        }
        let mut notes = self.0.notes();
        notes.wishes.push(*wishes);
        let is_new = notes.files.insert((session, path.to_string()), file).is_none();
        Ok(WrittenFile { size, is_new })
    }

    async fn screenshot(&self, session: SessionId) -> Result<Vec<u8>, AccessError> {
        match self.0.notes().files.keys().any(|(owner, _)| *owner == session) {
            true => Ok(b"\x89PNG\r\n\x1a\n".to_vec()),
            false => Err(AccessError::NoSandbox),
        }
    }

    fn file_limit(&self) -> u64 {
        FILE_LIMIT
    }
}

fn refuse(path: &SandboxPath) -> Result<(), AccessError> {
    match path.file_name() {
        "full" => Err(NoRoom { limit: 3, waited: Duration::from_secs(60) }.into()),
        "busy" => Err(AccessError::Busy("it does not answer")),
        "broken" => Err(Fault::new("the secret reason").into()),
        "folder" => Err(refused(path, FileRefusal::IsFolder)),
        "secret" => Err(refused(path, FileRefusal::Forbidden)),
        _ => Ok(()),
    }
}

fn refused(path: &SandboxPath, refusal: FileRefusal) -> AccessError {
    AccessError::File { path: path.clone(), refusal }
}

struct FakeSource {
    session: SessionId,
    boxes: Boxes,
}

#[async_trait]
impl SandboxSource for FakeSource {
    async fn open(&self, _: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        self.boxes.0.opened.fetch_add(1, Ordering::Relaxed);
        let sandbox = Box::new(FakeSandbox { session: self.session, boxes: self.boxes.clone() });
        Ok(OpenedSandbox { sandbox, origin: Origin::Made })
    }
}

struct FakeSandbox {
    session: SessionId,
    boxes: Boxes,
}

#[async_trait]
impl Sandbox for FakeSandbox {
    async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, SandboxFailure> {
        self.boxes.0.notes().calls.push(Sandboxed {
            session: self.session,
            tool: call.tool.to_owned(),
            arguments: call.arguments.clone(),
            settings: call.settings.clone(),
        });
        if let Some(log) = self.boxes.0.log.get() {
            let mut log = OpenOptions::new().create(true).append(true).open(log).expect("a log");
            writeln!(log, "{}", Value::Object(call.arguments.clone())).expect("written");
        }
        let argument = |name: &str| call.arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(match (call.tool, argument("command").as_str()) {
            ("bash", "sleep") => tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(3600)) => ToolOutput::text("slept"),
                () = context.cancel.cancelled() => ToolOutput::error("woken"),
            },
            ("bash", "stuck") => std::future::pending().await,
            ("bash", "fault") => return Err(SandboxFailure::Failed(Fault::new("the disk is full"))),
            ("bash", "fail") => ToolOutput::error("it failed"),
            ("bash", command) => ToolOutput::text(format!("$ {command}")),
            ("computer", _) => ToolOutput::text("the screen").with_image(Image::new("image/png", PICTURE)),
            _ => ToolOutput::text("done"),
        })
    }

    async fn give_up(&self) {}

    async fn close(&self) -> Result<(), Fault> {
        Ok(())
    }
}
