//! A call from its arrival to its end. A call is a task of its own: it waits for its turn in its lane, runs, and comes to
//! its end also when nobody waits for it any more, so that the next call of the lane does not overtake it.

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};

use futures_util::FutureExt as _;
use handspike_core::{CallContext, Lane, Progress};
use handspike_types::{ToolCall, ToolOutput, with_causes};
use serde_json::Value;
use tokio::{
    sync::{OwnedMutexGuard, mpsc},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Server, server::CALLS_LIMIT};

/// How long a cancelled call may take to come to its end before it is abandoned.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// The same once the whole server is to stop: then there is no next call that would have to wait.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// How long a call is silent at most.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// A call under way. Dropping it cancels the call.
pub(crate) struct RunningCall {
    answer: JoinHandle<ToolOutput>,
    news: mpsc::Receiver<String>,
    has_turn: Arc<AtomicBool>,
    started: Instant,
    next_heartbeat: Instant,
    cancel: CancellationToken,
    _cancel_on_drop: DropGuard,
}

/// What a call has to say.
pub(crate) enum CallEvent {
    /// How it goes.
    News(String),
    /// What came of it; nothing follows.
    Answered(ToolOutput),
}

impl Server {
    /// Starts a call. Calls of one lane run in the order in which they are started.
    pub(crate) fn start(self: &Arc<Self>, tool: &str, arguments: Value, cancel: CancellationToken) -> RunningCall {
        let (progress, news) = Progress::channel();
        let has_turn = Arc::new(AtomicBool::new(false));
        let context = CallContext { cancel: cancel.clone(), progress };
        let call = ToolCall { id: self.next_id(), name: tool.to_owned(), arguments, toolset: None };
        let answer = self.spawn(call, context, Arc::clone(&has_turn));
        let started = Instant::now();
        RunningCall {
            answer,
            news,
            has_turn,
            started,
            next_heartbeat: started + HEARTBEAT,
            cancel: cancel.clone(),
            _cancel_on_drop: cancel.drop_guard(),
        }
    }

    fn spawn(
        self: &Arc<Self>,
        call: ToolCall,
        context: CallContext,
        has_turn: Arc<AtomicBool>,
    ) -> JoinHandle<ToolOutput> {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            let text = format!("not run: too many calls are under way, {CALLS_LIMIT} at most; try again later");
            return tokio::spawn(async { ToolOutput::error(text) });
        };
        let mut turn = Box::pin(self.turn(self.executor.lane(&call)));
        // The place in the lane is taken now, not when the task is first run.
        let taken = (&mut turn).now_or_never();
        let server = Arc::clone(self);
        self.calls.spawn(async move {
            let _slot = slot;
            let wait = async {
                match taken {
                    Some(turn) => turn,
                    None => turn.await,
                }
            };
            let _turn = tokio::select! {
                biased;
                () = context.cancel.cancelled() => return ToolOutput::error("not run: the call was cancelled before its turn"),
                turn = wait => turn,
            };
            has_turn.store(true, Ordering::Relaxed);
            server.execute(&call, &context).await
        })
    }

    /// Waits until the calls before in the lane are over.
    fn turn(&self, lane: Lane) -> impl Future<Output = Option<OwnedMutexGuard<()>>> + Send + 'static {
        let lane = self.lane(lane);
        async move {
            match lane {
                Some(lane) => Some(lane.lock_owned().await),
                None => None,
            }
        }
    }

    /// Executes until the answer, or until the call was cancelled and the grace is over.
    async fn execute(&self, call: &ToolCall, context: &CallContext) -> ToolOutput {
        let abandon = async {
            context.cancel.cancelled().await;
            let stopped = async {
                self.stop.cancelled().await;
                sleep(STOP_GRACE).await;
            };
            tokio::select! {
                () = sleep(CANCEL_GRACE) => {}
                () = stopped => {}
            }
        };
        tokio::select! {
            biased;
            answer = self.executor.execute(call, context) => answer.unwrap_or_else(|fault| {
                tracing::error!(call = call.id, tool = call.name, %fault, "a call failed by a fault of the runtime");
                ToolOutput::error(format!("the runtime failed during this call: {}", with_causes(&fault)))
            }),
            () = abandon => {
                ToolOutput::error("stopped: the call did not come to its end in time after it was cancelled")
            }
        }
    }
}

impl RunningCall {
    /// Tells the call to come to its end.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// How long ago it was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What the call says next; at least every [`HEARTBEAT`] something. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> CallEvent {
        let text = tokio::select! {
            biased;
            answer = &mut self.answer => return CallEvent::Answered(answer.unwrap_or_else(|error| {
                tracing::error!(%error, "a call's task did not come to its end");
                ToolOutput::error("the call ended by a fault of the server")
            })),
            Some(text) = self.news.recv() => text,
            () = sleep_until(self.next_heartbeat) => {
                let state = if self.has_turn.load(Ordering::Relaxed) { "running" } else { "waiting for the calls before it" };
                format!("{state} for {} s", self.elapsed().as_secs())
            }
        };
        self.next_heartbeat = Instant::now() + HEARTBEAT;
        CallEvent::News(text)
    }
}
