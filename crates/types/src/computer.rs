//! The desktop tool in its 20241022 form: ten actions on one screen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{InvalidInput, parse_input};

/// The tool's name on the wire.
pub const NAME: &str = "computer";

/// The arguments as a model sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComputerInput {
    /// What to do.
    pub action: ComputerVerb,
    /// `mouse_move` and `left_click_drag`: [x, y] in pixels of the screenshot, from the top left corner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinate: Option<Vec<i64>>,
    /// `type`: the text to type. `key`: keys joined by `+`, named as xdotool does, such as `ctrl+s` or `Page_Down`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
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
}

/// A position in pixels from the top left corner of the screenshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: u32,
    /// Down.
    pub y: u32,
}

/// What the executor is asked to do. Points are checked against the screen by the executor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputerAction {
    /// Press a chord, such as `ctrl+s`, and release it.
    Key(String),
    /// Type a text.
    Type(String),
    /// Move the pointer.
    MouseMove(Point),
    /// Click where the pointer is.
    Click(Click),
    /// Press the left button where the pointer is, move to the point, release.
    LeftClickDrag(Point),
    /// Take a picture of the screen.
    Screenshot,
    /// Say where the pointer is.
    CursorPosition,
}

/// The kinds of click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Click {
    Left,
    Right,
    Middle,
    Double,
}

impl ComputerAction {
    /// Reads and checks a model's arguments.
    pub fn parse(arguments: &Value) -> Result<Self, InvalidInput> {
        let input: ComputerInput = parse_input(arguments)?;
        input.refuse_foreign_parameters()?;
        Ok(match input.action {
            ComputerVerb::Key => Self::Key(input.text()?),
            ComputerVerb::Type => Self::Type(input.text()?),
            ComputerVerb::MouseMove => Self::MouseMove(input.point()?),
            ComputerVerb::LeftClickDrag => Self::LeftClickDrag(input.point()?),
            ComputerVerb::LeftClick => Self::Click(Click::Left),
            ComputerVerb::RightClick => Self::Click(Click::Right),
            ComputerVerb::MiddleClick => Self::Click(Click::Middle),
            ComputerVerb::DoubleClick => Self::Click(Click::Double),
            ComputerVerb::Screenshot => Self::Screenshot,
            ComputerVerb::CursorPosition => Self::CursorPosition,
        })
    }
}

impl ComputerInput {
    fn text(self) -> Result<String, InvalidInput> {
        self.text.ok_or_else(|| InvalidInput::missing("text", self.action.wire_name()))
    }

    fn point(&self) -> Result<Point, InvalidInput> {
        let numbers = self.coordinate.as_deref();
        Point::parse(numbers.ok_or_else(|| InvalidInput::missing("coordinate", self.action.wire_name()))?)
    }

    fn refuse_foreign_parameters(&self) -> Result<(), InvalidInput> {
        use ComputerVerb::{Key, LeftClickDrag, MouseMove, Type};
        let verb = self.action;
        if self.coordinate.is_some() && !matches!(verb, MouseMove | LeftClickDrag) {
            return Err(InvalidInput::not_accepted("coordinate", verb.wire_name()));
        }
        if self.text.is_some() && !matches!(verb, Key | Type) {
            return Err(InvalidInput::not_accepted("text", verb.wire_name()));
        }
        Ok(())
    }
}

impl ComputerVerb {
    fn wire_name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Type => "type",
            Self::MouseMove => "mouse_move",
            Self::LeftClick => "left_click",
            Self::LeftClickDrag => "left_click_drag",
            Self::RightClick => "right_click",
            Self::MiddleClick => "middle_click",
            Self::DoubleClick => "double_click",
            Self::Screenshot => "screenshot",
            Self::CursorPosition => "cursor_position",
        }
    }
}

impl Point {
    fn parse(numbers: &[i64]) -> Result<Self, InvalidInput> {
        let point = match numbers {
            &[x, y] => u32::try_from(x).ok().zip(u32::try_from(y).ok()),
            _ => None,
        };
        point.map(|(x, y)| Self { x, y }).ok_or_else(|| {
            InvalidInput::new(format!(
                "parameter `coordinate` is `{numbers:?}`; it takes [x, y], two whole numbers of at least 0"
            ))
        })
    }
}

/// What a program wants to know of a finished action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerDetails {
    /// How long the screen was watched after the action, from its end to the picture.
    pub settle_ms: u64,
    /// Whether anything on the screen changed in that time.
    pub changed: bool,
    /// The pointer's place afterwards.
    pub pointer: Point,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_click_accepts_neither_coordinate_nor_text() {
        for extra in [json!({"coordinate": [1, 2]}), json!({"text": "a"})] {
            let mut arguments = json!({"action": "left_click"});
            arguments.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            let error = ComputerAction::parse(&arguments).expect_err("a click takes nothing");
            assert!(error.to_string().contains("`left_click`"), "{error}");
        }
    }

    #[test]
    fn a_coordinate_is_two_whole_numbers() {
        for coordinate in [json!([1]), json!([1, 2, 3]), json!([-1, 2]), json!([1.5, 2]), json!("1,2")] {
            let arguments = json!({"action": "mouse_move", "coordinate": coordinate});
            let error = ComputerAction::parse(&arguments).expect_err("no coordinate");
            assert!(error.to_string().contains("`coordinate"), "{error}");
        }
    }

    #[test]
    fn what_an_action_needs_is_named() {
        let error = ComputerAction::parse(&json!({"action": "type"})).expect_err("no text");
        assert_eq!(error.to_string(), "parameter `text` is required for `type`");
    }
}
