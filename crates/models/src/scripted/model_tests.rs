use std::sync::LazyLock;

use handspike_types::{
    Image, ModelSettings, ToolDetails, ToolOutput,
    bash::{BashDetails, BashEnd},
    computer::{ComputerDetails, Point},
};
use serde_json::{Value, json};

use super::*;

fn script(steps: Value) -> Script {
    serde_json::from_value(steps).expect("a script")
}

fn script_error(steps: Value) -> String {
    serde_json::from_value::<Script>(steps).expect_err("no script").to_string()
}

fn request(messages: &[Message]) -> ModelRequest<'_> {
    static SETTINGS: LazyLock<ModelSettings> = LazyLock::new(ModelSettings::default);
    ModelRequest { system_prompt: "", messages, tools: &[], settings: &SETTINGS }
}

async fn ask(model: &ScriptedModel, messages: &[Message]) -> Result<ModelReply, ModelError> {
    model.answer(request(messages), &mpsc::channel(1).0).await
}

/// Plays a script of one call with an expectation, and says how it met an output.
async fn meet(expect: Value, output: ToolOutput) -> Result<ModelReply, String> {
    let model = ScriptedModel::new(script(
        json!([{"calls": [{"bash": {"command": "ls"}, "expect": expect}]}, {"say": "Done."}]),
    ));
    ask(&model, &[]).await.expect("the first step expects nothing");
    let result = ToolResult { call_id: "call_1_1".to_owned(), name: "bash".to_owned(), output, toolset: None };
    let messages = [Message::Tools { results: vec![result] }];
    ask(&model, &messages).await.map_err(|error| {
        assert!(matches!(error, ModelError::ExpectationFailed(_)), "{error:?}");
        error.to_string()
    })
}

fn bash(text: &str, end: BashEnd) -> ToolOutput {
    let details = BashDetails { end, cwd: "/".to_owned(), duration_ms: 1, output_bytes: 1, stderr: String::new() };
    ToolOutput::text(text).with_details(ToolDetails::Bash(details))
}

fn screen(changed: bool) -> ToolOutput {
    let details = ComputerDetails { settle_ms: 1, changed, pointer: Point { x: 1, y: 1 }, view: Point { x: 9, y: 9 } };
    ToolOutput::text("ok").with_details(ToolDetails::Computer(details))
}

#[tokio::test]
async fn the_steps_are_played_in_order_with_calls_numbered() {
    let model = ScriptedModel::new(script(json!([
        {"say": "I look.", "calls": [{"bash": {"command": "ls"}}, {"nonsense": "not even an object"}]},
        {"say": "Done."},
    ])));
    let first = ask(&model, &[]).await.expect("a reply");
    assert_eq!((first.text.as_str(), first.finish_reason), ("I look.", FinishReason::ToolCalls));
    let call = |id: &str, name: &str, arguments| ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
        toolset: None,
    };
    assert_eq!(
        first.tool_calls,
        [call("call_1_1", "bash", json!({"command": "ls"})), call("call_1_2", "nonsense", json!("not even an object")),]
    );

    let result = |id: &str| ToolResult {
        call_id: id.to_owned(),
        name: String::new(),
        output: ToolOutput::text(""),
        toolset: None,
    };
    let messages = [Message::Tools { results: vec![result("call_1_1"), result("call_1_2")] }];
    let second = ask(&model, &messages).await.expect("a reply");
    assert_eq!((second.text.as_str(), second.finish_reason), ("Done.", FinishReason::Stop));

    let error = ask(&model, &messages).await.expect_err("the script has ended");
    assert!(matches!(error, ModelError::ScriptEnded { steps: 2 }), "{error:?}");
}

#[tokio::test]
async fn an_expectation_that_holds_lets_the_script_go_on() {
    let all = json!({"exit_status": 1, "contains": ["FAILED", "1 of 2"], "not_contains": "panic", "image": false});
    meet(all, bash("FAILED: 1 of 2", BashEnd::Exited(1))).await.expect("all holds");
    meet(json!({"contains": "FAILED"}), ToolOutput::text("FAILED")).await.expect("one text instead of a list");
    meet(json!({"is_error": true}), ToolOutput::error("no such file")).await.expect("an expected error");
    let picture = ToolOutput::text("").with_image(Image::new("image/png", "AAAA"));
    meet(json!({"image": true}), picture).await.expect("a picture");
    meet(json!({"changed": false}), screen(false)).await.expect("a still screen");
}

#[tokio::test]
async fn each_mismatch_says_what_was_expected_and_what_came() {
    let cases = [
        (json!({"exit_status": 1}), bash("fine", BashEnd::Exited(0)), "expected exit status 1, but it was 0"),
        (json!({"exit_status": 0}), bash("", BashEnd::TimedOut), "but the command ran out of time"),
        (json!({"exit_status": 0}), ToolOutput::text("x"), "but no command was run"),
        (json!({"contains": ["a", "b"]}), ToolOutput::text("a"), "to contain `b`, but it does not"),
        (json!({"not_contains": "a"}), ToolOutput::text("a"), "not to contain `a`, but it does"),
        (json!({"is_error": true}), ToolOutput::text("fine"), "expected a tool error, but the call succeeded"),
        (json!({"contains": "a"}), ToolOutput::error("a"), "expected no tool error"),
        (json!({"image": true}), ToolOutput::text("a"), "expected a picture, but there is none"),
        (json!({"changed": true}), screen(false), "expected the screen to change, but it did not"),
        (json!({"changed": true}), ToolOutput::text("a"), "but none did"),
    ];
    for (expect, output, wrong) in cases {
        let came = output.joined_text();
        let error = meet(expect, output).await.expect_err(wrong);
        assert!(error.starts_with("step 1, call 1 (`bash`): "), "{error}");
        assert!(error.contains(wrong), "{error}");
        assert!(error.ends_with(if came.is_empty() { "(no text)" } else { &came }), "{error}");
    }
}

#[tokio::test]
async fn a_call_without_an_expectation_must_not_be_a_tool_error() {
    let error = meet(json!({}), ToolOutput::error("parameter `command` is required")).await.expect_err("a tool error");
    assert!(error.contains("`is_error: true`") && error.contains("parameter `command`"), "{error}");
    meet(json!({}), bash("", BashEnd::Exited(3))).await.expect("a command that failed is no tool error");
}

#[tokio::test]
async fn a_long_output_is_cut_in_the_error() {
    let output = ToolOutput::text(format!("head{}tail", "x".repeat(1_000_000)));
    let error = meet(json!({"contains": "y"}), output).await.expect_err("no y");
    assert!(error.len() < EXCERPT + 300, "{}", error.len());
    assert!(error.contains("head") && error.ends_with("tail"));
}

#[tokio::test]
async fn a_missing_result_fails_its_expectation() {
    let model = ScriptedModel::new(script(json!([{"calls": [{"bash": {"command": "ls"}}]}, {"say": "Done."}])));
    ask(&model, &[]).await.expect("a reply");
    let error = ask(&model, &[Message::user("what?")]).await.expect_err("no result");
    assert_eq!(error.to_string(), "step 1, call 1 (`bash`): expected a result, but none came");
}

#[test]
fn a_script_that_would_leave_something_unchecked_is_refused() {
    assert!(script_error(json!([])).contains("no steps"));
    let error = script_error(json!([{"calls": [{"bash": {"command": "ls"}}]}]));
    assert!(error.contains("step 1 is the script's last and has calls"), "{error}");
    let error = script_error(json!([{"say": "a"}, {"say": "b"}]));
    assert!(error.contains("step 1 of 2 has no calls"), "{error}");
}

#[test]
fn a_call_names_exactly_one_tool() {
    let error = script_error(json!([{"calls": [{"bash": {"command": "ls"}, "computer": {}}]}, {}]));
    assert!(error.contains("`bash` and `computer`"), "{error}");
    let error = script_error(json!([{"calls": [{"expect": {}}]}, {}]));
    assert!(error.contains("a call names a tool"), "{error}");
}

#[test]
fn unknown_keys_are_refused() {
    assert!(script_error(json!([{"sai": "x"}])).contains("`sai`"));
    let error = script_error(json!([{"calls": [{"bash": {"command": "ls"}, "expect": {"exit_code": 1}}]}, {}]));
    assert!(error.contains("`exit_code`") && error.contains("`exit_status`"), "{error}");
}
