//! Arguments that are missing, foreign or wrong.

use serde_json::{Value, json};

use crate::{
    case::{Group, Tool},
    miss::Miss,
    session::Session,
};

/// The action is refused, and the desktop still answers.
async fn refuses(s: &Session, action: &str, more: Value) -> Result<(), Miss> {
    s.act(action, more).await?.refused()?;
    s.act("cursor_position", json!({})).await?.done().map(drop)
}

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "parameters")
        .case("an unknown action is refused", "It must not be guessed.", async |s| {
            s.needs_one_tool()?;
            s.call(Tool::Computer, json!({ "action": "press_button" })).await?.refused()
        })
        .case("a missing action is refused", "It is required.", async |s| {
            s.needs_one_tool()?;
            s.call(Tool::Computer, json!({})).await?.refused()
        })
        .case(
            "a mistake is answered so that a model can read it",
            "An error of the protocol never reaches the model.",
            async |s| s.act("mouse_move", json!({})).await?.refused_readably()?.says("coordinate"),
        )
        .case("mouse_move without coordinate is refused", "There is nowhere to go.", async |s| {
            refuses(s, "mouse_move", json!({})).await
        })
        .case("left_click_drag without coordinate is refused", "There is nowhere to go.", async |s| {
            refuses(s, "left_click_drag", json!({})).await
        })
        .case("key without text is refused", "There is nothing to press.", async |s| refuses(s, "key", json!({})).await)
        .case("key with an empty text is refused", "There is nothing to press.", async |s| {
            refuses(s, "key", json!({ "text": "" })).await
        })
        .case("type without text is refused", "There is nothing to type.", async |s| {
            refuses(s, "type", json!({})).await
        })
        .case("type with a number is refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, "type", json!({ "text": 5 })).await
        })
        .case("key with a list is refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, "key", json!({ "text": ["ctrl", "a"] })).await
        })
        .case(
            "type with a coordinate is refused",
            "The model expects a click there, which will not happen.",
            async |s| refuses(s, "type", json!({ "text": "x", "coordinate": [10, 10] })).await,
        )
        .case("mouse_move with a text is refused", "The published contract does not accept it.", async |s| {
            refuses(s, "mouse_move", json!({ "text": "x", "coordinate": [10, 10] })).await
        })
        .case("screenshot with a coordinate is refused", "The published contract does not accept it.", async |s| {
            refuses(s, "screenshot", json!({ "coordinate": [10, 10] })).await
        })
        .case("an unknown parameter is refused", "A misspelt parameter would go unseen.", async |s| {
            refuses(s, "mouse_move", json!({ "coordinate": [10, 10], "speed": 5 })).await
        })
        .case("a number as the action is refused", "A wrong type is a mistake to be told.", async |s| {
            s.needs_one_tool()?;
            s.call(Tool::Computer, json!({ "action": 5 })).await?.refused()
        })
}

/// Parameters of later versions.
pub(super) fn newer() -> Group {
    Group::new(Tool::Computer, "later parameters")
        .case("scroll without a direction is refused", "It is required.", async |s| {
            refuses(s, "scroll", json!({ "scroll_amount": 3 })).await
        })
        .case("scroll without an amount is refused", "It is required.", async |s| {
            refuses(s, "scroll", json!({ "scroll_direction": "down" })).await
        })
        .case("scroll in an unknown direction is refused", "It must not be guessed.", async |s| {
            refuses(s, "scroll", json!({ "scroll_direction": "sideways", "scroll_amount": 3 })).await
        })
        .case("scroll by a negative amount is refused", "The direction says which way.", async |s| {
            refuses(s, "scroll", json!({ "scroll_direction": "down", "scroll_amount": -3 })).await
        })
        .case("wait without a duration is refused", "It is required.", async |s| refuses(s, "wait", json!({})).await)
        .case("wait of a negative duration is refused", "It has no meaning.", async |s| {
            refuses(s, "wait", json!({ "duration": -1 })).await
        })
        .case("wait of a day is refused", "The published limits are minutes.", async |s| {
            refuses(s, "wait", json!({ "duration": 86_400 })).await
        })
        .case("wait of a text is refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, "wait", json!({ "duration": "1" })).await
        })
        .case("hold_key without a duration is refused", "It is required.", async |s| {
            refuses(s, "hold_key", json!({ "text": "a" })).await
        })
        .case("zoom without a region is refused", "There is nothing to see.", async |s| {
            refuses(s, "zoom", json!({})).await
        })
        .case("zoom of an empty region is refused", "There is nothing to see.", async |s| {
            refuses(s, "zoom", json!({ "region": [100, 100, 100, 200] })).await
        })
        .case("zoom of a region with its corners exchanged is refused", "It is a mistake of the model.", async |s| {
            refuses(s, "zoom", json!({ "region": [200, 200, 100, 100] })).await
        })
        .case("zoom of a region outside the screen is refused", "There is nothing to see.", async |s| {
            let (width, height) = s.screen().await?.size();
            refuses(s, "zoom", json!({ "region": [10, 10, width + 100, height + 100] })).await
        })
        .case("zoom of a region of two numbers is refused", "It takes four.", async |s| {
            refuses(s, "zoom", json!({ "region": [10, 10] })).await
        })
        .case("a click outside the screen is refused", "Clamping it clicks on something else.", async |s| {
            s.needs_newer_clicks()?;
            let (width, height) = s.screen().await?.size();
            refuses(s, "left_click", json!({ "coordinate": [width, height] })).await
        })
}
