//! What a finished action is answered, in the way of each version of the tool.
//!
//! Up to 20251124 an action answers with a text and a fresh picture. In 20260801 it answers `OK`, and pictures come
//! from the actions that are asked for one.

use std::time::Duration;

use handspike_types::{ComputerVersion, computer::Point, desktop::Window, quoted};

use crate::{Delivery, Frame, Settled};

/// In place of a picture that would be the last one again.
pub(crate) const SAME_PICTURE: &str = "the picture is the same as the last one, and is not sent again";

/// What came of an action, before any version words it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was carried out, and the screen was watched.
    Acted(Settled),
    /// A text was typed, and the screen was watched.
    Typed(Delivery, Settled),
    /// Time passed, and then the screen was watched.
    Waited(Duration, Settled),
    /// There was nothing to do.
    Idle(&'static str),
    /// The pointer is here, in pixels of the picture.
    Pointer(Point),
    /// What was asked for is a picture of the screen.
    Screen(Frame),
    /// What was asked for is a part of the screen, in the size in which it is shown.
    Part(Frame),
}

impl Outcome {
    /// The text of the answer. A picture that was asked for speaks for itself.
    pub(crate) fn text(&self, version: ComputerVersion) -> Option<String> {
        let done = match self {
            Self::Acted(settled) => settling(*settled),
            Self::Typed(delivery, settled) => typed(*delivery, *settled),
            Self::Waited(time, settled) => waited(*time, *settled),
            Self::Idle(reason) => (*reason).to_owned(),
            Self::Pointer(Point { x, y }) if version < ComputerVersion::V20260801 => {
                return Some(format!("X={x},Y={y}"));
            }
            Self::Pointer(Point { x, y }) => return Some(format!("X={x}, Y={y}")),
            Self::Screen(_) | Self::Part(_) => return None,
        };
        Some(if version < ComputerVersion::V20260801 { done } else { format!("OK: {done}") })
    }

    /// Whether a picture of the screen as it is afterwards belongs to the answer.
    pub(crate) fn wants_the_screen(&self, version: ComputerVersion) -> bool {
        match self {
            Self::Acted(_) | Self::Typed(..) | Self::Waited(..) | Self::Idle(_) => version < ComputerVersion::V20260801,
            Self::Pointer(_) | Self::Screen(_) | Self::Part(_) => false,
        }
    }

    /// Whether it is a picture of the whole screen. That of a part is none: coordinates are never pixels of it.
    pub(crate) fn is_the_screen(&self) -> bool {
        match self {
            Self::Screen(_) => true,
            Self::Acted(_) | Self::Typed(..) | Self::Waited(..) | Self::Idle(_) | Self::Pointer(_) | Self::Part(_) => {
                false
            }
        }
    }

    /// How the screen came to rest, if it was watched.
    pub(crate) fn settled(&self) -> Option<Settled> {
        match self {
            Self::Acted(settled) | Self::Typed(_, settled) | Self::Waited(_, settled) => Some(*settled),
            Self::Idle(_) | Self::Pointer(_) | Self::Screen(_) | Self::Part(_) => None,
        }
    }
}

/// A list of windows, one a line.
pub(crate) fn windows(windows: &[Window]) -> String {
    if windows.is_empty() {
        return "there are no windows".to_owned();
    }
    let lines: Vec<String> = windows.iter().map(window).collect();
    lines.join("\n")
}

fn window(window: &Window) -> String {
    let Window { title, class, x, y, width, height, focused, hidden, pid } = window;
    let (class, title) = (quoted(class), quoted(title));
    let mut line = format!("{class} {title} at [{x}, {y}], {width}x{height}");
    if *focused {
        line.push_str(", focused");
    }
    if *hidden {
        line.push_str(", hidden");
    }
    if let Some(pid) = pid {
        line.push_str(&format!(", process {pid}"));
    }
    line
}

fn settling(settled: Settled) -> String {
    let after = millis(settled.elapsed());
    match settled {
        Settled::Unchanged(_) => format!("the screen did not change within {after} ms"),
        Settled::Changed(_) => format!("settled after {after} ms, the screen changed"),
        Settled::Restless(_) => format!("the screen was still changing after {after} ms"),
    }
}

fn typed(delivery: Delivery, settled: Settled) -> String {
    let settled = settling(settled);
    match delivery {
        Delivery::Sound => settled,
        Delivery::Pending => format!(
            "{settled}; the program that is typed at has not read all of it yet, and finds it as it was typed when it does"
        ),
        Delivery::Unconfirmed => format!(
            "{settled}; it could not be confirmed that the program read each character in time: compare what it shows with the text"
        ),
    }
}

/// A change may have come at any time of the wait, so only what is true of all of it is told.
fn waited(time: Duration, settled: Settled) -> String {
    let seconds = time.as_secs_f64();
    match settled {
        Settled::Unchanged(_) => format!("waited {seconds} s, in which the screen did not change"),
        Settled::Changed(_) => format!("waited {seconds} s, in which the screen changed; it is at rest now"),
        Settled::Restless(_) => format!("waited {seconds} s; the screen is still changing"),
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_toolset_an_action_tells_of_the_screen_and_shows_it() {
        let changed = Outcome::Acted(Settled::Changed(Duration::from_millis(104)));
        for version in &ComputerVersion::ALL[..3] {
            assert_eq!(changed.text(*version).as_deref(), Some("settled after 104 ms, the screen changed"));
            assert!(changed.wants_the_screen(*version));
        }
    }

    #[test]
    fn in_the_toolset_an_action_is_ok_and_shows_nothing() {
        let version = ComputerVersion::V20260801;
        for outcome in [Outcome::Acted(Settled::Unchanged(Duration::ZERO)), Outcome::Idle("no need")] {
            assert!(outcome.text(version).is_some_and(|text| text.starts_with("OK")));
            assert!(!outcome.wants_the_screen(version));
        }
    }

    #[test]
    fn a_text_that_may_not_have_arrived_is_told() {
        let told =
            |delivery| Outcome::Typed(delivery, Settled::Changed(Duration::ZERO)).text(ComputerVersion::V20260801);
        let settled = "OK: settled after 0 ms, the screen changed";
        assert_eq!(told(Delivery::Sound).as_deref(), Some(settled));
        for (delivery, words) in [(Delivery::Pending, "not read all"), (Delivery::Unconfirmed, "not be confirmed")] {
            let text = told(delivery).unwrap_or_default();
            assert!(text.starts_with(settled) && text.contains(words), "{text}");
        }
    }

    #[test]
    fn a_wait_tells_how_long_it_was() {
        let told = |settled| Outcome::Waited(Duration::from_millis(1500), settled).text(ComputerVersion::V20250124);
        let unchanged = told(Settled::Unchanged(Duration::ZERO));
        assert_eq!(unchanged.as_deref(), Some("waited 1.5 s, in which the screen did not change"));
        assert!(told(Settled::Changed(Duration::ZERO)).is_some_and(|text| text.contains("changed; it is at rest now")));
    }

    #[test]
    fn a_window_is_one_line_whatever_its_title() {
        let title = format!("\u{1b}]0;x\n2. {}", "y".repeat(5000));
        let (x, y, width, height) = (-3, 4, 50, 60);
        let window = Window {
            title,
            class: "X\u{7}Term".to_owned(),
            x,
            y,
            width,
            height,
            focused: true,
            hidden: false,
            pid: Some(7),
        };
        let text = windows(&[window]);
        assert!(text.starts_with(r"`X\u{7}Term` `\u{1b}]0;x\n2. yyy"), "{text}");
        assert!(text.ends_with("…` (5009 characters) at [-3, 4], 50x60, focused, process 7"), "{text}");
        assert!(text.len() < 400 && !text.contains(char::is_control), "{text}");
    }

    #[test]
    fn the_pointer_is_told_in_the_spelling_of_the_version() {
        let pointer = Outcome::Pointer(Point { x: 512, y: 384 });
        assert_eq!(pointer.text(ComputerVersion::V20251124).as_deref(), Some("X=512,Y=384"));
        assert_eq!(pointer.text(ComputerVersion::V20260801).as_deref(), Some("X=512, Y=384"));
    }
}
