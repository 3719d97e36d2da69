//! The arguments of the desktop tool, as models send them, and which belong to which action of which version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::action::{MAX_REPEAT, MAX_SCROLL, Point, Region, ScrollDirection, longest_hold};
use crate::{
    ComputerSettings, ComputerVersion, InvalidInput,
    form::{
        Form, Forms,
        Need::{self, Optional, Required},
    },
};

/// The tool's name on the wire, and the name of the toolset.
pub const NAME: &str = "computer";

/// The arguments as a model sends them, in any version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComputerInput {
    /// What to do.
    pub action: ComputerVerb,
    /// [x, y] in pixels of the screenshot, from the top left corner. Clicks and `scroll` without it happen where the
    /// pointer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<Vec<i64>>,
    /// `left_click_drag`: where the drag begins, [x, y]; where the pointer is when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_coordinate: Option<Vec<i64>>,
    /// `type`: the text to type. `key` and `hold_key`: keys joined by `+`, named as xdotool does, such as `ctrl+s` or
    /// `Page_Down`. Clicks and `scroll`: modifiers to hold meanwhile, such as `shift` or `ctrl+alt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `scroll`: which way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scroll_direction: Option<ScrollDirection>,
    /// `scroll`: how many clicks of the wheel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = MAX_SCROLL))]
    pub scroll_amount: Option<i64>,
    /// `wait` and `hold_key`: how many seconds, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// `zoom`: [x0, y0, x1, y1], the part of the screenshot to see at full resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Vec<i64>>,
    /// `key`: how many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_REPEAT))]
    pub repeat: Option<i64>,
}

/// The actions, in their wire spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the published ones")]
pub enum ComputerVerb {
    Key,
    Type,
    MouseMove,
    LeftClick,
    LeftClickDrag,
    RightClick,
    MiddleClick,
    DoubleClick,
    Screenshot,
    CursorPosition,
    LeftMouseDown,
    LeftMouseUp,
    Scroll,
    HoldKey,
    Wait,
    TripleClick,
    Zoom,
}

const NONE: &[(&str, Need)] = &[];
const POINT: &[(&str, Need)] = &[("coordinate", Required)];
const TEXT: &[(&str, Need)] = &[("text", Required)];
const CLICK: &[(&str, Need)] = &[("coordinate", Optional), ("text", Optional)];

const DRAG: &[(&str, Need)] = &[("start_coordinate", Optional), ("coordinate", Required)];
const REPEATED: &[(&str, Need)] = &[("text", Required), ("repeat", Optional)];
const SCROLL: &[(&str, Need)] =
    &[("coordinate", Optional), ("scroll_direction", Required), ("scroll_amount", Required), ("text", Optional)];
const HOLD: &[(&str, Need)] = &[("text", Required), ("duration", Required)];
const WAIT: &[(&str, Need)] = &[("duration", Required)];
const REGION: &[(&str, Need)] = &[("region", Required)];

/// The actions that a model may take.
pub(crate) fn forms(settings: &ComputerSettings) -> Forms {
    let (key, click, drag) = match settings.version {
        ComputerVersion::V20241022 => (TEXT, NONE, POINT),
        ComputerVersion::V20250124 | ComputerVersion::V20251124 => (TEXT, CLICK, DRAG),
        ComputerVersion::V20260801 => (REPEATED, CLICK, DRAG),
    };
    let form = |(verb, parameters)| Form { verb, parameters };
    let first = [
        ("key", key),
        ("type", TEXT),
        ("mouse_move", POINT),
        ("left_click", click),
        ("left_click_drag", drag),
        ("right_click", click),
        ("middle_click", click),
        ("double_click", click),
        ("screenshot", NONE),
        ("cursor_position", NONE),
    ];
    let mut forms: Vec<Form> = first.into_iter().map(form).collect();
    if settings.version >= ComputerVersion::V20250124 {
        let second = [
            ("left_mouse_down", NONE),
            ("left_mouse_up", NONE),
            ("scroll", SCROLL),
            ("hold_key", HOLD),
            ("wait", WAIT),
            ("triple_click", click),
        ];
        forms.extend(second.into_iter().map(form));
    }
    if settings.version >= ComputerVersion::V20251124 {
        forms.push(form(("zoom", REGION)));
    }
    let takes = vec![
        ("coordinate", Point::TAKES.to_owned()),
        ("start_coordinate", Point::TAKES.to_owned()),
        ("region", Region::TAKES.to_owned()),
        ("duration", format!("seconds from 0 to {}", longest_hold(settings.version).as_secs())),
    ];
    Forms { key: "action", forms, takes }
}

/// Arguments in which the action is named, from a call to the tool that is this action.
pub(crate) fn with_action(verb: &str, arguments: &Value) -> Result<Value, InvalidInput> {
    let Some(given) = arguments.as_object() else { return Err(InvalidInput::no_object(arguments)) };
    if let Some(action) = given.get("action") {
        let refusal = format!("not accepted by `{verb}`, which is the action");
        return Err(InvalidInput::foreign("action", action, refusal));
    }
    let mut arguments = Map::new();
    arguments.insert("action".to_owned(), verb.into());
    arguments.extend(given.clone());
    Ok(Value::Object(arguments))
}
