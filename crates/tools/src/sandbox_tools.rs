//! The tools that run in the session's sandbox. Calls are checked here before a sandbox is made for them: a model's
//! mistake needs no container to be told of.
//!
//! A sandbox that ends under a call, or does not answer it, costs that call only: it is answered with what happened, and
//! the next one gets a sandbox again and is told what was lost. One that ended while no call was under way costs none: the
//! call that finds it so is made in the sandbox that is opened instead.

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use handspike_core::{
    CallContext, Executor, Fault, Lane, NoRoom, OpenFailure, OpenedSandbox, Origin, Progress, Sandbox, SandboxFailure,
    SandboxSource, SandboxedCall,
};
use handspike_types::{
    CallError, ContentPart, SandboxCall, ToolCall, ToolOutput, ToolSettings, ToolSpec, computer,
    spec::{self, SandboxTool},
    with_causes,
};
use serde_json::{Map, Value};
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{lanes::Lanes, no_such_tool::no_such_tool};

/// What a sandbox gets on top of a call's own time before it is given up.
const ANSWER_MARGIN: Duration = Duration::from_secs(30);

/// Which calls wait for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// All of them, in the order in which they were asked for: a model that writes a file and runs it in one step means
    /// one after the other.
    #[default]
    OneAfterTheOther,
    /// Those to one tool, shell or terminal. A client that sends calls side by side means them side by side.
    PerTool,
}

/// What a sandbox gets to hear that a call is over, before it is given up.
const CANCEL_MARGIN: Duration = Duration::from_secs(2);

/// The tools of one sandbox.
pub struct SandboxTools {
    source: Box<dyn SandboxSource>,
    tools: Vec<SandboxTool>,
    settings: ToolSettings,
    order: Order,
    lanes: Lanes,
    /// Whether a call has pressed the mouse's button for those after it, and none of those has released it.
    button_is_down: AtomicBool,
    state: Mutex<State>,
}

/// What there is of the session's sandbox.
#[derive(Default)]
enum State {
    /// No call has needed one yet.
    #[default]
    Unopened,
    Open {
        sandbox: Arc<dyn Sandbox>,
        origin: Origin,
    },
    /// The last one ended. It is kept so that closing can remove what is left of it.
    Ended(Arc<dyn Sandbox>),
}

/// How often a call is made at most when it finds its sandbox ended.
const ATTEMPTS: usize = 3;

/// A sandbox for a call, and what the model is to be told of it first.
struct Ready {
    sandbox: Arc<dyn Sandbox>,
    news: Option<&'static str>,
}

/// A call that can be made.
struct Checked {
    arguments: Map<String, Value>,
    /// How long it may take by what it asks for itself.
    time: Duration,
    /// Whether the mouse's button is down afterwards; none where that is as before.
    leaves_button_down: Option<bool>,
}

/// Whether a call has found the sandbox ended that it was to run in.
#[derive(Clone, Copy)]
enum Loss {
    Unknown,
    Met,
}

/// What came of one attempt at a call.
enum Attempt {
    Answered(ToolOutput),
    /// The sandbox had ended before the call was sent.
    NotReached(Fault),
}

impl SandboxTools {
    /// Tools of a sandbox that is made when it is first needed.
    #[must_use]
    pub fn new(source: Box<dyn SandboxSource>, tools: &[SandboxTool], settings: ToolSettings) -> Self {
        Self {
            source,
            tools: tools.to_vec(),
            settings,
            order: Order::default(),
            lanes: Lanes::default(),
            button_is_down: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// The same tools with another order of calls.
    #[must_use]
    pub fn with_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The session's sandbox, opened if there is none. Whoever lost the last one is told what is left of it, also when
    /// another call has opened the next one meanwhile.
    async fn ready(&self, call: &ToolCall, context: &CallContext, loss: Loss) -> Result<Ready, OpenFailure> {
        let mut state = self.state.lock().await;
        if let State::Open { sandbox, origin } = &*state {
            let news = match loss {
                Loss::Unknown => None,
                Loss::Met => Some(what_is_left(*origin)),
            };
            return Ok(Ready { sandbox: Arc::clone(sandbox), news });
        }
        let OpenedSandbox { sandbox, origin } = self.source.open(&context.progress).await?;
        context.progress.say(format!("the tools are up; `{}` runs", call.name));
        let sandbox: Arc<dyn Sandbox> = Arc::from(sandbox);
        let news = match *state {
            State::Ended(_) => Some(what_is_left(origin)),
            // The model may know it from an earlier turn.
            State::Unopened | State::Open { .. } => match origin {
                Origin::Restarted | Origin::Replaced => Some(what_is_left(origin)),
                Origin::Made | Origin::Found => None,
            },
        };
        *state = State::Open { sandbox: Arc::clone(&sandbox), origin };
        Ok(Ready { sandbox, news })
    }

    async fn ended(&self, sandbox: Arc<dyn Sandbox>) {
        let mut state = self.state.lock().await;
        if matches!(&*state, State::Open { sandbox: open, .. } if Arc::ptr_eq(open, &sandbox)) {
            *state = State::Ended(sandbox);
        }
    }

    /// Gives a sandbox up that does not answer, unless that was done for another call: what is open by now may be the same
    /// container, started again. Nobody opens it meanwhile.
    async fn give_up(&self, sandbox: Arc<dyn Sandbox>) {
        let mut state = self.state.lock().await;
        if matches!(&*state, State::Open { sandbox: open, .. } if Arc::ptr_eq(open, &sandbox)) {
            sandbox.give_up().await;
            *state = State::Ended(sandbox);
        }
    }
}

/// The answer to a call whose sandbox is not there any more.
fn not_finished(cause: impl fmt::Display) -> ToolOutput {
    ToolOutput::error(format!(
        "not finished: {cause}\n[what the call did before that is not known; the next call opens the sandbox again]"
    ))
}

/// The answer to a call that finds every sandbox ended that is opened for it.
fn not_run(cause: &Fault) -> ToolOutput {
    ToolOutput::error(format!(
        "not run: {}\n[so it went {ATTEMPTS} times, in sandboxes that were opened again; the call has had no effect]",
        with_causes(cause)
    ))
}

/// The answer to a call for which no sandbox may run.
fn no_room(cause: &NoRoom) -> ToolOutput {
    ToolOutput::error(format!("not run: {cause}\n[the call has had no effect, and can be made again later]"))
}

/// What the model is told with the first answer after a loss.
fn what_is_left(origin: Origin) -> &'static str {
    match origin {
        Origin::Made | Origin::Replaced => {
            "[a new sandbox was made, because the last one had ended and is gone: nothing of its files, shells and \
             windows is left]"
        }
        Origin::Restarted => {
            "[the sandbox had ended and was started again: its files are as they were, but its shells with their \
             variables and background jobs, its terminals and its windows are gone]"
        }
        Origin::Found => {
            "[the connection to the sandbox had been lost and was made again: everything in it is still there, but keys and \
             buttons that were held down have been released]"
        }
    }
}

#[async_trait]
impl Executor for SandboxTools {
    fn specs(&self) -> Vec<ToolSpec> {
        spec::specs(&self.tools, &self.settings)
    }

    fn lane(&self, call: &ToolCall) -> Lane {
        match self.order {
            Order::OneAfterTheOther => Lane::Shared(0),
            Order::PerTool => match SandboxCall::parse(&call.name, &call.arguments, &self.settings) {
                Ok(parsed) => self.lanes.of(&parsed),
                // Answered without the sandbox.
                Err(_) => Lane::Free,
            },
        }
    }

    fn after_failure(&self, call: &ToolCall) -> Option<ToolOutput> {
        let is_batched = match &call.toolset {
            Some(toolset) => toolset == computer::NAME,
            // Not every provider names the set, but then the session's version does.
            None => SandboxCall::is_batched(&call.name, &self.settings),
        };
        is_batched.then(|| ToolOutput::error(computer::NOT_EXECUTED))
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        let Checked { arguments, time, leaves_button_down } = match self.checked(call) {
            Ok(checked) => checked,
            Err(refusal) => return Ok(refusal),
        };
        if leaves_button_down == Some(true) {
            // Also of a call that nobody waits for to its end.
            self.button_is_down.store(true, Ordering::Relaxed);
        }
        let mut loss = Loss::Unknown;
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.attempt(call, arguments.clone(), time, context, loss).await? {
                Attempt::Answered(output) => {
                    if leaves_button_down == Some(false) && !output.is_error {
                        self.button_is_down.store(false, Ordering::Relaxed);
                    }
                    return Ok(output);
                }
                Attempt::NotReached(cause) if attempts == ATTEMPTS => return Ok(not_run(&cause)),
                Attempt::NotReached(_) => loss = Loss::Met,
            }
        }
    }

    /// Releases the button, if there is one to release: a sandbox that has ended holds nothing.
    async fn client_left(&self) {
        if !self.button_is_down.swap(false, Ordering::Relaxed) {
            return;
        }
        let sandbox = match &*self.state.lock().await {
            State::Open { sandbox, .. } => Arc::clone(sandbox),
            State::Unopened | State::Ended(_) => return,
        };
        let (tool, arguments) = SandboxCall::button_release(&self.settings);
        let release = SandboxedCall { tool, arguments, settings: &self.settings };
        let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
        // Where it fails, or has no answer, the next call finds out what is wrong and says it to somebody.
        let _ = timeout(ANSWER_MARGIN, sandbox.call(release, &context)).await;
    }

    async fn close(&self) -> Result<(), Fault> {
        match &*self.state.lock().await {
            State::Open { sandbox, .. } | State::Ended(sandbox) => sandbox.close().await,
            State::Unopened => Ok(()),
        }
    }
}

impl SandboxTools {
    /// Makes a call once, in a sandbox that is opened if need be.
    async fn attempt(
        &self,
        call: &ToolCall,
        arguments: Map<String, Value>,
        time: Duration,
        context: &CallContext,
        loss: Loss,
    ) -> Result<Attempt, Fault> {
        let mut readied = pin!(self.ready(call, context, loss));
        let ready = tokio::select! {
            biased;
            ready = &mut readied => ready,
            () = context.cancel.cancelled() => {
                // An engine makes a container also when nobody waits for it any more, and that one would be left
                // behind. So the making comes to its end, and closing removes what was made.
                if !self.source.opens_by_itself() {
                    let _ = readied.await;
                }
                let text = "cancelled: the call was stopped while its sandbox was being made";
                return Ok(Attempt::Answered(ToolOutput::error(text)));
            }
        };
        let Ready { sandbox, news } = match ready {
            Ok(ready) => ready,
            Err(OpenFailure::NoRoom(cause)) => return Ok(Attempt::Answered(no_room(&cause))),
            Err(OpenFailure::Failed(fault)) => return Err(fault),
        };
        let limit = time + ANSWER_MARGIN;
        let request = SandboxedCall { tool: &call.name, arguments, settings: &self.settings };
        let own = CallContext { cancel: context.cancel.child_token(), progress: context.progress.clone() };
        let mut answer = sandbox.call(request, &own);
        let Ok(answered) = timeout(limit, &mut answer).await else {
            // What nobody waits for any more must not go on by itself.
            own.cancel.cancel();
            let _ = timeout(CANCEL_MARGIN, answer).await;
            self.give_up(sandbox).await;
            let (tool, seconds) = (&call.name, limit.as_secs());
            return Ok(Attempt::Answered(not_finished(format_args!(
                "the tool `{tool}` gave no answer within {seconds} s, so its sandbox was given up"
            ))));
        };
        drop(answer);
        match answered {
            Ok(mut output) => {
                output.content.splice(0..0, news.map(ContentPart::text));
                Ok(Attempt::Answered(output))
            }
            Err(SandboxFailure::Ended(cause)) => {
                self.ended(sandbox).await;
                Ok(Attempt::Answered(not_finished(with_causes(&cause))))
            }
            Err(SandboxFailure::NotReached(cause)) => {
                self.ended(sandbox).await;
                Ok(Attempt::NotReached(cause))
            }
            Err(SandboxFailure::Failed(fault)) => Err(fault),
        }
    }

    /// A call, once its tool's own parser has taken it.
    fn checked(&self, call: &ToolCall) -> Result<Checked, ToolOutput> {
        match SandboxCall::parse(&call.name, &call.arguments, &self.settings) {
            Ok(parsed) if self.tools.contains(&parsed.tool(&call.name)) => Ok(Checked {
                arguments: call.arguments.as_object().cloned().unwrap_or_default(),
                time: parsed.time(&self.settings),
                leaves_button_down: parsed.leaves_button_down(),
            }),
            Err(CallError::Invalid(error)) => Err(error.into()),
            Ok(_) | Err(CallError::NoSuchTool) => Err(no_such_tool(&call.name, &self.specs())),
        }
    }
}
