//! The arguments of the desktop tool, as models send them, and which belong to which action of which version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::action::ScrollDirection;
use crate::{
    ComputerSettings, ComputerVersion, InvalidInput,
    form::{
        Form, Forms,
        Need::{self, Optional, Required},
    },
};

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
    pub scroll_amount: Option<i64>,
    /// `wait` and `hold_key`: how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// `zoom`: [x0, y0, x1, y1], the part of the screenshot to see at full resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Vec<i64>>,
    /// `key`: how many times, 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// What 20241022 has.
const FIRST: &[Form] = &[
    Form { verb: "key", parameters: TEXT },
    Form { verb: "type", parameters: TEXT },
    Form { verb: "mouse_move", parameters: POINT },
    Form { verb: "left_click", parameters: NONE },
    Form { verb: "left_click_drag", parameters: POINT },
    Form { verb: "right_click", parameters: NONE },
    Form { verb: "middle_click", parameters: NONE },
    Form { verb: "double_click", parameters: NONE },
    Form { verb: "screenshot", parameters: NONE },
    Form { verb: "cursor_position", parameters: NONE },
];

/// What 20250124 has.
const SECOND: &[Form] = &[
    Form { verb: "key", parameters: TEXT },
    Form { verb: "type", parameters: TEXT },
    Form { verb: "mouse_move", parameters: POINT },
    Form { verb: "left_click", parameters: CLICK },
    Form { verb: "left_click_drag", parameters: &[("start_coordinate", Optional), ("coordinate", Required)] },
    Form { verb: "right_click", parameters: CLICK },
    Form { verb: "middle_click", parameters: CLICK },
    Form { verb: "double_click", parameters: CLICK },
    Form { verb: "screenshot", parameters: NONE },
    Form { verb: "cursor_position", parameters: NONE },
    Form { verb: "left_mouse_down", parameters: NONE },
    Form { verb: "left_mouse_up", parameters: NONE },
    Form {
        verb: "scroll",
        parameters: &[
            ("coordinate", Optional),
            ("scroll_direction", Required),
            ("scroll_amount", Required),
            ("text", Optional),
        ],
    },
    Form { verb: "hold_key", parameters: &[("text", Required), ("duration", Required)] },
    Form { verb: "wait", parameters: &[("duration", Required)] },
    Form { verb: "triple_click", parameters: CLICK },
];

const ZOOM: Form = Form { verb: "zoom", parameters: &[("region", Required)] };
const REPEATED_KEY: Form = Form { verb: "key", parameters: &[("text", Required), ("repeat", Optional)] };

/// The actions that a model may take.
pub(crate) fn forms(settings: &ComputerSettings) -> Forms {
    let mut forms = match settings.version {
        ComputerVersion::V20241022 => FIRST.to_vec(),
        ComputerVersion::V20250124 | ComputerVersion::V20251124 => SECOND.to_vec(),
        ComputerVersion::V20260801 => {
            let key_repeats = |form: &Form| if form.verb == REPEATED_KEY.verb { REPEATED_KEY } else { *form };
            SECOND.iter().map(key_repeats).collect()
        }
    };
    if settings.version >= ComputerVersion::V20251124 && settings.zoom {
        forms.push(ZOOM);
    }
    Forms { key: "action", forms }
}

/// Arguments in which the action is named, from a call to the tool that is this action.
pub(crate) fn with_action(verb: &str, arguments: &Value) -> Result<Value, InvalidInput> {
    let Some(given) = arguments.as_object() else { return Err(InvalidInput::no_object(arguments)) };
    if given.contains_key("action") {
        return Err(InvalidInput::new(format!("parameter `action` is not accepted by `{verb}`, which is the action")));
    }
    let mut arguments = Map::new();
    arguments.insert("action".to_owned(), verb.into());
    arguments.extend(given.clone());
    Ok(Value::Object(arguments))
}
