//! The router and the sandbox tools on a sandbox that only notes what reaches it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use handspike_core::{CallContext, Executor, Fault, Lane, Progress, Sandbox, SandboxSource};
use handspike_types::{ToolCall, ToolOutput};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{Router, SandboxTools};

/// What happened, in order.
type Notes = Arc<Mutex<Vec<String>>>;

struct NotingSource(Notes);

struct NotingSandbox(Notes);

#[async_trait]
impl SandboxSource for NotingSource {
    async fn open(&self, _progress: &Progress) -> Result<Box<dyn Sandbox>, Fault> {
        note(&self.0, "open");
        Ok(Box::new(NotingSandbox(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl Sandbox for NotingSandbox {
    async fn call(&self, tool: &str, _: Map<String, Value>, _: &CallContext) -> Result<ToolOutput, Fault> {
        note(&self.0, tool);
        Ok(ToolOutput::text("done"))
    }

    async fn close(&self) -> Result<(), Fault> {
        note(&self.0, "close");
        Ok(())
    }
}

fn note(notes: &Notes, what: &str) {
    notes.lock().expect("no test panics while noting").push(what.to_owned());
}

fn router() -> (Router, Notes) {
    let notes = Notes::default();
    let tools = SandboxTools::new(Box::new(NotingSource(Arc::clone(&notes))));
    (Router::new().with(Box::new(tools)), notes)
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: "1".to_owned(), name: name.to_owned(), arguments }
}

async fn execute(router: &Router, call: &ToolCall) -> ToolOutput {
    let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
    router.execute(call, &context).await.expect("no fault")
}

fn noted(notes: &Notes) -> Vec<String> {
    notes.lock().expect("no test panics while noting").clone()
}

#[tokio::test]
async fn a_sandbox_is_made_once_and_closed_with_the_router() {
    let (router, notes) = router();
    for _ in 0..2 {
        execute(&router, &call("bash", json!({"command": "ls"}))).await;
    }
    router.close().await.expect("closes");
    assert_eq!(noted(&notes), ["open", "bash", "bash", "close"]);
}

#[tokio::test]
async fn a_session_without_calls_makes_no_sandbox() {
    let (router, notes) = router();
    router.close().await.expect("closes");
    assert!(noted(&notes).is_empty());
}

#[tokio::test]
async fn what_does_not_fit_is_told_without_a_sandbox() {
    let (router, notes) = router();
    for (name, arguments, names) in [
        ("bash", json!("ls"), "no JSON object"),
        ("bash", json!({"comand": "ls"}), "comand"),
        ("str_replace_editor", json!({"command": "view"}), "path"),
        ("computer", json!({"action": "fly"}), "fly"),
        ("calculator", json!({}), "`bash`, `str_replace_editor`, `computer`"),
    ] {
        let output = execute(&router, &call(name, arguments)).await;
        assert!(output.is_error && output.joined_text().contains(names), "{}", output.joined_text());
    }
    assert!(noted(&notes).is_empty());
}

#[tokio::test]
async fn calls_to_the_sandbox_share_a_lane_and_unknown_ones_are_free() {
    let (router, _) = router();
    let lane = |name| router.lane(&call(name, json!({})));
    assert_eq!(lane("bash"), lane("computer"));
    assert!(matches!(lane("bash"), Lane::Shared(_)));
    assert_eq!(lane("calculator"), Lane::Free);
}
