//! What the loop asks of tools. An [`Executor`] offers tools and runs their calls.

use std::{error::Error, fmt};

use async_trait::async_trait;
use handspike_types::{ToolCall, ToolOutput, ToolSpec};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Runs tool calls.
#[async_trait]
pub trait Executor: Send + Sync {
    /// The tools on offer.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Which calls must not run beside this one.
    fn lane(&self, _call: &ToolCall) -> Lane {
        Lane::Free
    }

    /// What a call is answered, without being run, when one before it in its lane has failed; none where it is run all
    /// the same. It makes a batch of calls that only make sense after each other.
    fn after_failure(&self, _call: &ToolCall) -> Option<ToolOutput> {
        None
    }

    /// Whether the client runs this call. It is not executed here: when the other calls of its step have run, the turn
    /// ends, and the next one's input brings its result.
    fn belongs_to_client(&self, _call: &ToolCall) -> bool {
        false
    }

    /// Runs one call. A call that cannot be done as asked is an output with `is_error`; a [`Fault`] is a
    /// failure of the runtime, which the model is not shown. After `context.cancel` the answer comes soon.
    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault>;

    /// Lets go of what a client left pressed that has gone while others go on, such as a button of the mouse.
    async fn client_left(&self) {}

    /// Gives back what the executor holds: the session is over.
    async fn close(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// The line that a call stands in: calls of one shared lane run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Runs beside anything.
    Free,
    /// Runs in order with the others of this number, for instance all that touch one sandbox.
    Shared(u32),
}

/// What accompanies a call.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// Fires when the call must come to its end.
    pub cancel: CancellationToken,
    /// Tells people about slow work.
    pub progress: Progress,
}

/// Sends short sentences about slow work to whoever watches the session.
#[derive(Clone, Debug)]
pub struct Progress(mpsc::Sender<String>);

impl Progress {
    /// A sender and the end that receives; when the receiver is slow, news is dropped, never waited for.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(32);
        (Self(sender), receiver)
    }

    /// Says what goes on.
    pub fn say(&self, text: impl Into<String>) {
        // A full channel means that nobody can read so fast; the next news is as good.
        let _ = self.0.try_send(text.into());
    }
}

/// A failure of the runtime: the sandbox is gone, the disk is full. Ends the turn.
#[derive(Debug)]
pub struct Fault(Box<dyn Error + Send + Sync>);

impl Fault {
    /// Wraps the error that caused it.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
