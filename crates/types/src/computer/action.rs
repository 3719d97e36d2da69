//! What the executor of the desktop tool is asked to do, whatever the version.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::input::{ComputerInput, ComputerVerb, forms};
use crate::{
    ComputerSettings, ComputerVersion, InvalidInput,
    input::{Zero, checked_number, checked_seconds},
};

/// The longest time that `wait` and `hold_key` take. Published: the older versions end at 100 s.
pub const MAX_HOLD: Duration = Duration::from_secs(300);
const MAX_HOLD_BEFORE_TOOLSET: Duration = Duration::from_secs(100);

/// The longest time that `wait` and `hold_key` take in a version.
pub(super) fn longest_hold(version: ComputerVersion) -> Duration {
    if version < ComputerVersion::V20260801 { MAX_HOLD_BEFORE_TOOLSET } else { MAX_HOLD }
}

/// Clicks of the wheel in one `scroll`.
pub(super) const MAX_SCROLL: u32 = 1000;

/// Presses of one `key`.
pub(super) const MAX_REPEAT: u32 = 100;

/// A position in pixels from the top left corner of the screenshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: u32,
    /// Down.
    pub y: u32,
}

/// A part of the screenshot: from the first point up to, and without, the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words above say it")]
pub struct Region {
    pub from: Point,
    pub to: Point,
}

/// The mouse buttons that clicks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Button {
    Left,
    Middle,
    Right,
}

/// Which way the wheel is turned: `down` shows what is further down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ScrollDirection {
    Up,
    Down,
    Left,
    Right,
}

/// What the executor is asked to do. Points and regions are checked against the screen by the executor; key names and
/// modifiers by its key table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputerAction {
    /// Press a chord, such as `ctrl+s`, and release it, as often as said.
    Key {
        /// Keys joined by `+`.
        keys: String,
        /// 1 to 100.
        repeat: u32,
    },
    /// Keep a chord pressed for a time.
    HoldKey {
        /// Keys joined by `+`.
        keys: String,
        /// For how long.
        duration: Duration,
    },
    /// Type a text.
    Type(String),
    /// Move the pointer.
    MouseMove(Point),
    /// Click, one to three times.
    Click {
        /// The button.
        button: Button,
        /// 1, 2 or 3.
        count: u8,
        /// Where; where the pointer is when none.
        at: Option<Point>,
        /// Modifiers to hold meanwhile, joined by `+`.
        modifiers: Option<String>,
    },
    /// Press the left button where the pointer is, and keep it down beyond the call.
    LeftMouseDown,
    /// Release the left button.
    LeftMouseUp,
    /// Press the left button, move to a point, release.
    LeftClickDrag {
        /// Where to press; where the pointer is when none.
        from: Option<Point>,
        /// Where to release.
        to: Point,
    },
    /// Turn the wheel.
    Scroll {
        /// Where; where the pointer is when none.
        at: Option<Point>,
        /// Which way.
        direction: ScrollDirection,
        /// Clicks of the wheel, 0 to 1000.
        amount: u32,
        /// Modifiers to hold meanwhile, joined by `+`.
        modifiers: Option<String>,
    },
    /// Let time pass.
    Wait(Duration),
    /// Take a picture of the screen.
    Screenshot,
    /// Take a picture of a part of the screen at full resolution.
    Zoom(Region),
    /// Say where the pointer is.
    CursorPosition,
}

impl ComputerAction {
    /// Reads and checks a model's arguments.
    pub fn parse(arguments: &Value, settings: &ComputerSettings) -> Result<Self, InvalidInput> {
        // What an action requires is there; the defaults below stand for nothing.
        let input: ComputerInput = forms(settings).parse(arguments)?;
        let text = || input.text.clone().unwrap_or_default();
        let point = |numbers: &Option<Vec<i64>>| Point::parse("coordinate", numbers.as_deref().unwrap_or_default());
        let click = |button, count| {
            let at = input.coordinate.as_deref().map(|numbers| Point::parse("coordinate", numbers)).transpose()?;
            Ok(Self::Click { button, count, at, modifiers: input.text.clone() })
        };
        Ok(match input.action {
            ComputerVerb::Key => Self::Key {
                keys: text(),
                repeat: match input.repeat {
                    None => 1,
                    Some(repeat) => checked_number("repeat", repeat, 1, MAX_REPEAT)?,
                },
            },
            ComputerVerb::HoldKey => Self::HoldKey { keys: text(), duration: input.duration(settings.version)? },
            ComputerVerb::Type => Self::Type(text()),
            ComputerVerb::MouseMove => Self::MouseMove(point(&input.coordinate)?),
            ComputerVerb::LeftClick => click(Button::Left, 1)?,
            ComputerVerb::RightClick => click(Button::Right, 1)?,
            ComputerVerb::MiddleClick => click(Button::Middle, 1)?,
            ComputerVerb::DoubleClick => click(Button::Left, 2)?,
            ComputerVerb::TripleClick => click(Button::Left, 3)?,
            ComputerVerb::LeftMouseDown => Self::LeftMouseDown,
            ComputerVerb::LeftMouseUp => Self::LeftMouseUp,
            ComputerVerb::LeftClickDrag => {
                let from = input.start_coordinate.as_deref();
                let from = from.map(|numbers| Point::parse("start_coordinate", numbers)).transpose()?;
                Self::LeftClickDrag { from, to: point(&input.coordinate)? }
            }
            ComputerVerb::Scroll => Self::Scroll {
                at: input.coordinate.as_deref().map(|numbers| Point::parse("coordinate", numbers)).transpose()?,
                direction: input.scroll_direction.unwrap_or(ScrollDirection::Down),
                amount: checked_number("scroll_amount", input.scroll_amount.unwrap_or_default(), 0, MAX_SCROLL)?,
                modifiers: input.text,
            },
            ComputerVerb::Wait => Self::Wait(input.duration(settings.version)?),
            ComputerVerb::Screenshot => Self::Screenshot,
            ComputerVerb::Zoom => Self::Zoom(Region::parse(input.region.as_deref().unwrap_or_default())?),
            ComputerVerb::CursorPosition => Self::CursorPosition,
        })
    }
}

impl ComputerAction {
    /// The action's published name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Key { .. } => "key",
            Self::HoldKey { .. } => "hold_key",
            Self::Type(_) => "type",
            Self::MouseMove(_) => "mouse_move",
            Self::Click { count: 2, .. } => "double_click",
            Self::Click { count: 3, .. } => "triple_click",
            Self::Click { button: Button::Left, .. } => "left_click",
            Self::Click { button: Button::Middle, .. } => "middle_click",
            Self::Click { button: Button::Right, .. } => "right_click",
            Self::LeftMouseDown => "left_mouse_down",
            Self::LeftMouseUp => "left_mouse_up",
            Self::LeftClickDrag { .. } => "left_click_drag",
            Self::Scroll { .. } => "scroll",
            Self::Wait(_) => "wait",
            Self::Screenshot => "screenshot",
            Self::Zoom(_) => "zoom",
            Self::CursorPosition => "cursor_position",
        }
    }
}

impl ComputerInput {
    fn duration(&self, version: ComputerVersion) -> Result<Duration, InvalidInput> {
        checked_seconds("duration", self.duration.unwrap_or_default(), Zero::Allowed, longest_hold(version))
    }
}

impl Point {
    /// The wire form of one.
    pub(super) const TAKES: &str = "[x, y], two whole numbers of at least 0";
    /// The same for who exceeds any screen.
    const BOUNDED: &str = "[x, y], two whole numbers from 0 to 4294967295, which lie within the picture";

    fn parse(parameter: &str, numbers: &[i64]) -> Result<Self, InvalidInput> {
        let point = match numbers {
            &[x, y] => u32::try_from(x).ok().zip(u32::try_from(y).ok()),
            _ => None,
        };
        let point = point.map(|(x, y)| Self { x, y });
        let is_beyond = numbers.iter().any(|number| *number > i64::from(u32::MAX));
        let takes = if is_beyond { Self::BOUNDED } else { Self::TAKES };
        point.ok_or_else(|| InvalidInput::wrong(parameter, &format!("{numbers:?}"), takes))
    }
}

impl Region {
    /// The wire form of one.
    pub(super) const TAKES: &str = "[x0, y0, x1, y1], whole numbers with 0 <= x0 < x1 and 0 <= y0 < y1";

    fn parse(numbers: &[i64]) -> Result<Self, InvalidInput> {
        let region = match numbers {
            [x0, y0, x1, y1] if x0 < x1 && y0 < y1 => {
                let from = Point::parse("region", &[*x0, *y0]).ok();
                from.zip(Point::parse("region", &[*x1, *y1]).ok())
            }
            _ => None,
        };
        let region = region.map(|(from, to)| Self { from, to });
        region.ok_or_else(|| InvalidInput::wrong("region", &format!("{numbers:?}"), Self::TAKES))
    }
}

#[cfg(test)]
#[path = "action_tests.rs"]
mod tests;
