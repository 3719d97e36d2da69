//! The router and the sandbox tools on a sandbox that only notes what reaches it.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use handspike_core::{
    CallContext, Executor, Fault, Lane, NoRoom, OpenFailure, OpenedSandbox, Origin, Progress, Sandbox, SandboxFailure,
    SandboxSource, SandboxedCall,
};
use handspike_types::{ToolCall, ToolOutput, ToolSettings, ToolSpec, ToolVersions, spec::SandboxTool};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{Order, Router, SandboxTools};

/// What happened, in order.
type Notes = Arc<Mutex<Vec<String>>>;

/// Its first sandbox is made, the later ones are that one started again.
struct NotingSource(Notes);

struct NotingSandbox(Notes, AtomicBool);

#[async_trait]
impl SandboxSource for NotingSource {
    async fn open(&self, _progress: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        let origin = if noted(&self.0).is_empty() { Origin::Made } else { Origin::Restarted };
        note(&self.0, "open");
        Ok(opened(&self.0, origin))
    }
}

fn opened(notes: &Notes, origin: Origin) -> OpenedSandbox {
    OpenedSandbox { sandbox: Box::new(NotingSandbox(Arc::clone(notes), AtomicBool::new(false))), origin }
}

#[async_trait]
impl Sandbox for NotingSandbox {
    /// The command `die` ends the sandbox, `hang` is never answered, and after `die later` no call reaches it.
    async fn call(&self, call: SandboxedCall<'_>, _: &CallContext) -> Result<ToolOutput, SandboxFailure> {
        if self.1.load(Ordering::Relaxed) {
            note(&self.0, "not reached");
            // The other lanes meet the same end.
            tokio::task::yield_now().await;
            return Err(SandboxFailure::NotReached(Fault::new("it had ended")));
        }
        note(&self.0, call.tool);
        match call.arguments.get("command") {
            Some(command) if command == "die later" => {
                self.1.store(true, Ordering::Relaxed);
                Ok(ToolOutput::text("done"))
            }
            Some(command) if command == "die at once" => Err(SandboxFailure::NotReached(Fault::new("it had ended"))),
            Some(command) if command == "die" => Err(SandboxFailure::Ended(Fault::new("it ran out of memory"))),
            Some(command) if command == "hang" => pending().await,
            _ => Ok(ToolOutput::text("done")),
        }
    }

    async fn give_up(&self) {
        note(&self.0, "give up");
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
    router_of(ToolVersions::SCHEMAS)
}

fn router_of(versions: ToolVersions) -> (Router, Notes) {
    let notes = Notes::default();
    let source = Box::new(NotingSource(Arc::clone(&notes)));
    let published = [SandboxTool::Bash, SandboxTool::Editor, SandboxTool::Computer];
    let tools = SandboxTools::new(source, &published, ToolSettings::of(versions));
    (Router::new().with(Box::new(tools)), notes)
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: "1".to_owned(), name: name.to_owned(), arguments, toolset: None }
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

/// A source whose openings the test decides on.
struct Decided<F>(F);

#[async_trait]
impl<F: Fn() -> Option<Result<Origin, NoRoom>> + Send + Sync> SandboxSource for Decided<F> {
    /// None is an opening that takes for ever.
    async fn open(&self, _progress: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        match (self.0)() {
            Some(origin) => Ok(opened(&Notes::default(), origin?)),
            None => pending().await,
        }
    }

    fn opens_by_itself(&self) -> bool {
        true
    }
}

fn router_on(decide: impl Fn() -> Option<Result<Origin, NoRoom>> + Send + Sync + 'static) -> Router {
    let tools = SandboxTools::new(Box::new(Decided(decide)), &[SandboxTool::Bash], ToolSettings::default());
    Router::new().with(Box::new(tools))
}

#[tokio::test]
async fn the_first_call_is_told_what_an_earlier_turn_s_sandbox_has_lost() {
    for (origin, told) in [
        (Origin::Made, "done"),
        (Origin::Found, "done"),
        (Origin::Restarted, "[the sandbox had ended and was started again"),
        (Origin::Replaced, "[a new sandbox was made, because the last one had ended and is gone"),
    ] {
        let router = router_on(move || Some(Ok(origin)));
        let first = execute(&router, &call("bash", json!({"command": "true"}))).await;
        assert!(!first.is_error && first.joined_text().starts_with(told), "{origin:?}: {}", first.joined_text());
        assert_eq!(execute(&router, &call("bash", json!({"command": "true"}))).await.joined_text(), "done");
    }
}

#[tokio::test]
async fn a_call_without_room_for_its_sandbox_is_answered_and_the_next_one_tries_again() {
    let is_full = Arc::new(AtomicBool::new(true));
    let full = Arc::clone(&is_full);
    let router = router_on(move || {
        let no_room = NoRoom { limit: 3, waited: std::time::Duration::from_secs(60) };
        Some(if full.load(Ordering::Relaxed) { Err(no_room) } else { Ok(Origin::Made) })
    });
    let run = async || execute(&router, &call("bash", json!({"command": "true"}))).await;
    let refused = run().await;
    let told = "not run: all 3 sandboxes that may run at once are in use, and none became free within 60 s\n[the call";
    assert!(refused.is_error && refused.joined_text().starts_with(told), "{}", refused.joined_text());
    is_full.store(false, Ordering::Relaxed);
    assert_eq!(run().await.joined_text(), "done");
}

#[tokio::test]
async fn a_cancelled_call_does_not_wait_for_an_opening_that_comes_to_its_end_by_itself() {
    let router = router_on(|| None);
    let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
    let call = call("bash", json!({"command": "true"}));
    let (answer, ()) = tokio::join!(router.execute(&call, &context), async { context.cancel.cancel() });
    let text = answer.expect("no fault").joined_text();
    assert!(text.starts_with("cancelled: the call was stopped while its sandbox was being made"), "{text}");
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
        ("desktop", json!({"action": "list_windows"}), "there is no tool `desktop`"),
    ] {
        let output = execute(&router, &call(name, arguments)).await;
        assert!(output.is_error && output.joined_text().contains(names), "{}", output.joined_text());
    }
    assert!(noted(&notes).is_empty());
}

#[tokio::test]
async fn a_sandbox_that_ends_costs_one_call_and_the_next_is_told_what_is_left() {
    let (router, notes) = router();
    let run = async |command: &str| execute(&router, &call("bash", json!({"command": command}))).await;
    run("true").await;
    let died = run("die").await;
    assert!(died.is_error && died.joined_text().contains("it ran out of memory"), "{}", died.joined_text());
    let next = run("true").await;
    assert!(next.joined_text().contains("started again: its files are as they were"), "{}", next.joined_text());
    assert_eq!(run("true").await.joined_text(), "done");
    router.close().await.expect("closes");
    assert_eq!(noted(&notes), ["open", "bash", "bash", "open", "bash", "bash", "close"]);
}

#[tokio::test]
async fn a_sandbox_that_ended_between_calls_costs_none_of_them() {
    let (router, notes) = router();
    let run = async |command: &str| execute(&router, &call("bash", json!({"command": command}))).await;
    run("die later").await;
    let (first, second) = tokio::join!(run("true"), run("true"));
    for output in [first, second] {
        let text = output.joined_text();
        assert!(!output.is_error && text.starts_with("[the sandbox had ended and was started again"), "{text}");
        assert!(text.ends_with("done"), "{text}");
    }
    assert_eq!(run("true").await.joined_text(), "done");
    let expected = ["open", "bash", "not reached", "not reached", "open", "bash", "bash", "bash"];
    assert_eq!(noted(&notes), expected);
}

#[tokio::test]
async fn a_call_that_no_sandbox_lives_to_see_is_given_up() {
    let (router, notes) = router();
    let output = execute(&router, &call("bash", json!({"command": "die at once"}))).await;
    let told = "not run: it had ended\n[so it went 3 times";
    assert!(output.is_error && output.joined_text().starts_with(told), "{}", output.joined_text());
    assert_eq!(noted(&notes), ["open", "bash", "open", "bash", "open", "bash"]);
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_does_not_answer_is_given_up_once_and_opened_again() {
    let (router, notes) = router();
    let run = async |command: &str| execute(&router, &call("bash", json!({"command": command}))).await;
    let (hung, beside) = tokio::join!(run("hang"), run("hang"));
    for hung in [hung, beside] {
        let told = "not finished: the tool `bash` gave no answer within 150 s, so its sandbox was given up\n";
        assert!(hung.is_error && hung.joined_text().starts_with(told), "{}", hung.joined_text());
    }
    let next = run("true").await;
    assert!(next.joined_text().contains("started again: its files are as they were"), "{}", next.joined_text());
    router.close().await.expect("closes");
    assert_eq!(noted(&notes), ["open", "bash", "bash", "give up", "open", "bash", "close"]);
}

#[tokio::test]
async fn a_member_of_the_toolset_is_a_batch_with_its_neighbours() {
    let (router, notes) = router_of("20260801".parse().expect("a version"));
    let member = ToolCall { toolset: Some("computer".to_owned()), ..call("screenshot", json!({})) };
    execute(&router, &member).await;
    let skipped = router.after_failure(&member).expect("batched");
    assert_eq!(skipped.joined_text(), "Not executed: an earlier computer action in this turn failed.");
    assert!(router.after_failure(&call("screenshot", json!({}))).is_some());
    assert!(router.after_failure(&call("bash", json!({}))).is_none());
    assert_eq!(noted(&notes), ["open", "screenshot"]);
}

#[test]
fn calls_in_an_order_per_tool_wait_for_those_to_the_same_tool_or_shell() {
    let source = Box::new(NotingSource(Notes::default()));
    let tools = SandboxTools::new(source, &SandboxTool::ALL, ToolSettings::default()).with_order(Order::PerTool);
    let lane = |name: &str, arguments: Value| tools.lane(&call(name, arguments));
    let bash = lane("bash", json!({"command": "ls"}));
    assert_ne!(bash, lane("computer", json!({"action": "screenshot"})));
    assert_eq!(bash, lane("shell", json!({"name": "main", "command": "ls"})));
    assert_ne!(bash, lane("shell", json!({"name": "other", "command": "ls"})));
    let terminal = lane("terminal", json!({"name": "main"}));
    assert_ne!(bash, terminal);
    assert_eq!(terminal, lane("terminal", json!({"name": "main"})));
    assert_ne!(terminal, lane("terminal", json!({"name": "other"})));
}

#[test]
fn every_shell_has_a_lane_of_its_own_and_lanes_have_an_end() {
    let source = Box::new(NotingSource(Notes::default()));
    let tools = SandboxTools::new(source, &SandboxTool::ALL, ToolSettings::default()).with_order(Order::PerTool);
    let lane = |number: u32| match tools.lane(&call("shell", json!({"name": format!("s{number}"), "command": "ls"}))) {
        Lane::Shared(lane) => lane,
        Lane::Free => panic!("a shell's calls are in order"),
    };
    let mut lanes: Vec<u32> = (0..1024).map(lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    assert_eq!(lanes.len(), 1024);
    assert_eq!(lane(5000), lane(6000));
}

#[tokio::test]
async fn calls_to_the_sandbox_share_a_lane_and_unknown_ones_are_free() {
    let (router, _) = router();
    let lane = |name| router.lane(&call(name, json!({})));
    assert_eq!(lane("bash"), lane("computer"));
    assert!(matches!(lane("bash"), Lane::Shared(_)));
    assert_eq!(lane("calculator"), Lane::Free);
}

/// A tool that the client runs.
struct Phone;

#[async_trait]
impl Executor for Phone {
    fn specs(&self) -> Vec<ToolSpec> {
        vec![ToolSpec::new("phone", "Calls somebody.", json!({"type": "object"}))]
    }

    fn belongs_to_client(&self, _call: &ToolCall) -> bool {
        true
    }

    async fn execute(&self, _call: &ToolCall, _context: &CallContext) -> Result<ToolOutput, Fault> {
        Err(Fault::new("the client's call came here"))
    }
}

#[test]
fn the_router_passes_on_which_calls_belong_to_the_client() {
    let (router, _notes) = router();
    let router = router.with(Box::new(Phone));
    let call = |name: &str| ToolCall { id: "a".to_owned(), name: name.to_owned(), arguments: json!({}), toolset: None };
    let belongs = ["phone", "bash", "unheard_of"].map(|name| router.belongs_to_client(&call(name)));
    assert_eq!(belongs, [true, false, false]);
}

#[tokio::test]
async fn a_button_that_a_client_left_down_is_released_once() {
    let (router, notes) = router_of("20260801".parse().expect("a version"));
    router.client_left().await;
    execute(&router, &call("left_mouse_down", json!({}))).await;
    execute(&router, &call("left_mouse_up", json!({}))).await;
    router.client_left().await;
    execute(&router, &call("left_mouse_down", json!({}))).await;
    execute(&router, &call("mouse_move", json!({"coordinate": [1, 2]}))).await;
    for _ in 0..2 {
        router.client_left().await;
    }
    let made = ["open", "left_mouse_down", "left_mouse_up", "left_mouse_down", "mouse_move", "left_mouse_up"];
    assert_eq!(noted(&notes), made);
}
