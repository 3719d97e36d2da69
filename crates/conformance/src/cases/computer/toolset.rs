//! The set of tools of 2026-08-01, in which each action is a tool. Elsewhere these cases do not apply. A batch in one call
//! is no part of the published set, and its cases apply where the server lists it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    answer::Answer,
    case::{Group, Tool},
    miss::{Miss, expect, expect_same},
    session::Session,
    window::Kind,
};

const BATCH: &str = "computer_batch";

/// What is published to be answered for what follows a failure.
const NOT_EXECUTED: &str = "Not executed: an earlier computer action in this turn failed.";

const MEMBERS: [&str; 17] = [
    "screenshot",
    "zoom",
    "left_click",
    "right_click",
    "middle_click",
    "double_click",
    "triple_click",
    "left_click_drag",
    "mouse_move",
    "left_mouse_down",
    "left_mouse_up",
    "cursor_position",
    "scroll",
    "type",
    "key",
    "hold_key",
    "wait",
];

/// Runs several actions in one call: each is a name and its input.
async fn batch(s: &Session, actions: &[(&str, Value)]) -> Result<Answer, Miss> {
    let actions: Vec<Value> = actions.iter().map(|(name, input)| json!({ "name": name, "input": input })).collect();
    s.call_tool(BATCH, json!({ "actions": actions })).await
}

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "toolset")
        .case("each of the 17 actions is a tool", "Models call the published members.", async |s| {
            s.needs_toolset()?;
            let missing: Vec<&str> = MEMBERS.into_iter().filter(|member| !s.lists(member)).collect();
            expect(missing.is_empty(), "all 17 members", format!("no {missing:?}"))
        })
        .case("a member takes no action", "The tool's name is the action.", async |s| {
            s.needs_toolset()?;
            let window = s.window(Kind::Keys).await?;
            s.act("key", json!({ "action": "key", "text": "a" })).await?.refused()?;
            s.type_text("end").await?.done()?;
            window.receives("end").await
        })
        .case("a tool that is no member is refused", "It must not be guessed.", async |s| {
            s.needs_toolset()?;
            s.call_unlisted("press_button", json!({})).await?.refused()?;
            s.act("cursor_position", json!({})).await?.done()
        })
        .case("an action answers with a text and no picture", "Pictures are asked for, and cost tokens.", async |s| {
            s.needs_toolset()?;
            let answer = s.move_to((40, 40)).await?;
            expect(!answer.has_picture() && !answer.text.trim().is_empty(), "a short text", &answer.text)
        })
        .case("cursor_position is spelt as published", "Models have read it so.", async |s| {
            s.needs_toolset()?;
            s.move_to((321, 210)).await?;
            s.act("cursor_position", json!({})).await?.done()?.says("X=321, Y=210")
        })
        .case("a key is pressed as often as said", "One call instead of many.", async |s| {
            s.needs_toolset()?;
            let window = s.window(Kind::Keys).await?;
            s.act("key", json!({ "text": "a", "repeat": 5 })).await?.done()?;
            window.receives("aaaaa").await
        })
        .case("a key is repeated 1 to 100 times", "The published contract has these bounds.", async |s| {
            s.needs_toolset()?;
            let window = s.window(Kind::Keys).await?;
            for repeat in [0, 101] {
                s.act("key", json!({ "text": "a", "repeat": repeat })).await?.refused()?;
            }
            s.act("key", json!({ "text": "b", "repeat": 100 })).await?.done()?;
            window.receives(&"b".repeat(100)).await
        })
        .case("a wait of more than 300 s is refused", "The published contract ends there.", async |s| {
            s.needs_toolset()?;
            s.act("wait", json!({ "duration": 301 })).await?.refused()?.within(Duration::from_secs(10))
        })
        .case("a wait of more than 100 s is begun", "The older versions ended there.", async |s| {
            s.needs_toolset()?;
            let pending = s.start("wait", json!({ "duration": 250 })).await?;
            // A refusal would come at once.
            match pending.answer_within(Duration::from_millis(1500)).await? {
                Some(answer) => Err(Miss::failed("no answer yet", &answer.text)),
                None => s.act("cursor_position", json!({})).await?.done().map(drop),
            }
        })
        .case("a place outside the screen is an error", "Clamping it clicks on something else.", async |s| {
            s.needs_toolset()?;
            let (width, height) = s.screen().await?.size();
            s.act("left_click", json!({ "coordinate": [width, height] })).await?.refused_readably()
        })
}

/// Several actions in one call.
pub(super) fn batches() -> Group {
    Group::new(Tool::Computer, "batches")
        .case("the actions of a batch are done in order", "Each stands on the one before.", async |s| {
            s.needs_tool(BATCH)?;
            let window = s.window(Kind::Keys).await?;
            let typed = |text: &str| ("type", json!({ "text": text }));
            batch(s, &[typed("one "), ("key", json!({ "text": "x", "repeat": 2 })), typed(" two")]).await?.done()?;
            window.receives("one xx two").await
        })
        .case("a batch stops at the first failure", "What follows was meant for another screen.", async |s| {
            s.needs_tool(BATCH)?;
            let window = s.window(Kind::Keys).await?;
            let typed = |text: &str| ("type", json!({ "text": text }));
            let failing = ("key", json!({ "text": "NoSuchKey" }));
            batch(s, &[typed("before"), failing, typed("after")]).await?.refused_readably()?.says(NOT_EXECUTED)?;
            s.type_text("end").await?.done()?;
            window.receives("beforeend").await
        })
        .case("a batch with a malformed action does none of them", "It is a mistake of the model.", async |s| {
            s.needs_tool(BATCH)?;
            let window = s.window(Kind::Keys).await?;
            let actions = [("type", json!({ "text": "x" })), ("mouse_move", json!({ "coordinate": [1] }))];
            batch(s, &actions).await?.refused_readably()?.says("actions[1]")?;
            s.type_text("end").await?.done()?;
            window.receives("end").await
        })
        .case("a batch ends with a picture of the screen", "The next step begins with a look.", async |s| {
            s.needs_tool(BATCH)?;
            let size = s.screen().await?.size();
            let moved = batch(s, &[("mouse_move", json!({ "coordinate": [50, 50] }))]).await?.done()?;
            expect_same(size, moved.picture()?.size())?;
            let zoomed = batch(s, &[("zoom", json!({ "region": [0, 0, 100, 50] }))]).await?.done()?;
            expect_same(size, zoomed.picture()?.size())
        })
        .case("an empty batch is refused", "There is nothing to do.", async |s| {
            s.needs_tool(BATCH)?;
            batch(s, &[]).await?.refused()
        })
}
