//! The tools that run in the session's sandbox. Calls are checked here before a sandbox is made for them: a model's
//! mistake needs no container to be told of.

use std::pin::pin;

use std::time::Duration;

use async_trait::async_trait;
use handspike_core::{CallContext, Executor, Fault, Lane, Sandbox, SandboxSource};
use handspike_types::{
    InvalidInput, ToolCall, ToolOutput, ToolSpec,
    bash::{self, BashAction},
    spec,
};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::{sync::OnceCell, time::timeout};

/// The lane of everything that touches the sandbox: its calls run in order.
const LANE: Lane = Lane::Shared(0);

/// What a sandbox gets on top of a call's own time before it counts as lost.
const ANSWER_MARGIN: Duration = Duration::from_secs(30);

/// Bash, editor and computer of one sandbox.
pub struct SandboxTools {
    source: Box<dyn SandboxSource>,
    sandbox: OnceCell<Box<dyn Sandbox>>,
}

impl SandboxTools {
    /// Tools of a sandbox that is made when it is first needed.
    #[must_use]
    pub fn new(source: Box<dyn SandboxSource>) -> Self {
        Self { source, sandbox: OnceCell::new() }
    }
}

#[async_trait]
impl Executor for SandboxTools {
    fn specs(&self) -> Vec<ToolSpec> {
        spec::sandbox_tools()
    }

    fn lane(&self, _call: &ToolCall) -> Lane {
        LANE
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        let arguments = match checked(call) {
            Ok(arguments) => arguments,
            Err(error) => return Ok(error.into()),
        };
        let open = async || {
            let sandbox = self.source.open(&context.progress).await?;
            context.progress.say(format!("the sandbox is up; `{}` runs", call.name));
            Ok(sandbox)
        };
        let mut opened = pin!(self.sandbox.get_or_try_init(open));
        let sandbox = tokio::select! {
            biased;
            sandbox = &mut opened => sandbox?,
            () = context.cancel.cancelled() => {
                // An engine makes a container also when nobody waits for it any more, and that one would be left
                // behind. So the making comes to its end, and closing removes what was made.
                let _ = opened.await;
                return Ok(ToolOutput::error("cancelled: the call was stopped while its sandbox was being made"));
            }
        };
        let limit = answer_limit(call);
        match timeout(limit, sandbox.call(&call.name, arguments, context)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::new(NoAnswer { limit })),
        }
    }

    async fn close(&self) -> Result<(), Fault> {
        match self.sandbox.get() {
            Some(sandbox) => sandbox.close().await,
            None => Ok(()),
        }
    }
}

/// The sandbox is there and says nothing.
#[derive(Debug, Error)]
#[error("the sandbox gave no answer within {} s", limit.as_secs())]
struct NoAnswer {
    limit: Duration,
}

/// How long the answer to a call may take: the command's own time, and enough for whatever ends it to be told.
fn answer_limit(call: &ToolCall) -> Duration {
    let own = match BashAction::parse(&call.arguments) {
        Ok(BashAction::Run { timeout: Some(timeout), .. }) if call.name == bash::NAME => timeout,
        _ => bash::DEFAULT_TIMEOUT,
    };
    own + ANSWER_MARGIN
}

/// The call's arguments, once its tool's own parser has taken them.
fn checked(call: &ToolCall) -> Result<Map<String, Value>, InvalidInput> {
    let Value::Object(arguments) = &call.arguments else {
        return Err(InvalidInput::new(format!(
            "the arguments are no JSON object; what came begins with `{}`",
            call.arguments.to_string().chars().take(80).collect::<String>()
        )));
    };
    spec::check_arguments(&call.name, &call.arguments)?;
    Ok(arguments.clone())
}
