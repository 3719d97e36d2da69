//! What a model is told of each action where it is a tool of its own: what it does, and what its parameters mean there.

use serde_json::Value;

use crate::form::Form;

/// An action, what it does, and its parameters with their meanings.
type Words = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const AT: &str = "[x, y] in pixels of the screenshot, from its top left corner.";
const AT_OR_HERE: &str =
    "[x, y] in pixels of the screenshot, from its top left corner; where the pointer is when not given.";
const MODIFIERS: &str = "Modifiers to hold meanwhile, such as `shift` or `ctrl+alt`.";
const CLICK: &[(&str, &str)] = &[("coordinate", AT_OR_HERE), ("text", MODIFIERS)];

const WORDS: [Words; 17] = [
    (
        "key",
        "Presses a key, or several together, and releases them.",
        &[
            (
                "text",
                "Keys joined by `+`, named as xdotool does, such as `Return`, `ctrl+s` or `Page_Down`; spaces stand \
                 between those to be pressed one after the other.",
            ),
            ("repeat", "How many times, 1 to 100; once when not given."),
        ],
    ),
    (
        "type",
        "Types a text into whatever has the keyboard focus.",
        &[("text", "The text, in any script; a line end is the Return key.")],
    ),
    ("mouse_move", "Moves the pointer without clicking.", &[("coordinate", AT)]),
    ("left_click", "Clicks with the left button.", CLICK),
    (
        "left_click_drag",
        "Presses the left button in one place, moves the pointer to another and releases the button.",
        &[
            (
                "start_coordinate",
                "Where the drag begins, [x, y] in pixels of the screenshot; where the pointer is when not given.",
            ),
            ("coordinate", "Where the drag ends, [x, y] in pixels of the screenshot."),
        ],
    ),
    ("right_click", "Clicks with the right button.", CLICK),
    ("middle_click", "Clicks with the middle button.", CLICK),
    ("double_click", "Clicks twice with the left button.", CLICK),
    (
        "screenshot",
        "Takes a picture of the whole screen, in whose pixels all coordinates are. Actions that change something answer \
         without a picture.",
        &[],
    ),
    ("cursor_position", "Tells where the pointer is, in pixels of the screenshot.", &[]),
    ("left_mouse_down", "Presses the left button where the pointer is, and keeps it down after the call.", &[]),
    ("left_mouse_up", "Releases the left button where the pointer is.", &[]),
    (
        "scroll",
        "Turns the mouse wheel.",
        &[
            ("coordinate", AT_OR_HERE),
            ("scroll_direction", "Which way; `down` shows what is further down."),
            ("scroll_amount", "How many clicks of the wheel, 0 to 1000."),
            ("text", MODIFIERS),
        ],
    ),
    (
        "hold_key",
        "Presses a key, or several together, and keeps them down for a time.",
        &[
            ("text", "Keys joined by `+`, named as xdotool does, such as `Right` or `shift+a`."),
            ("duration", "For how many seconds, 0 to 300."),
        ],
    ),
    ("wait", "Lets time pass.", &[("duration", "How many seconds, 0 to 300.")]),
    ("triple_click", "Clicks three times with the left button, which selects a line in most programs.", CLICK),
    (
        "zoom",
        "Shows a part of the screen at full resolution. The coordinates of actions remain pixels of the screenshot.",
        &[(
            "region",
            "[x0, y0, x1, y1] in pixels of the screenshot: from the top left corner up to, and without, the bottom right \
             one.",
        )],
    ),
];

/// What an action does, and its schema with words of its own.
pub(crate) fn describe(form: Form, mut schema: Value) -> (&'static str, Value) {
    let words = WORDS.iter().find(|(verb, ..)| *verb == form.verb);
    let (does, parameters) = words.map_or(("", &[][..]), |(_, does, parameters)| (*does, *parameters));
    for (name, meaning) in parameters {
        schema["properties"][*name]["description"] = (*meaning).into();
    }
    (does, schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ComputerSettings, ComputerVersion, computer::input::forms};

    #[test]
    fn each_action_of_the_set_and_each_of_its_parameters_has_words_of_its_own() {
        let settings = ComputerSettings { version: ComputerVersion::V20260801, ..ComputerSettings::default() };
        let forms = forms(&settings).forms;
        assert_eq!(forms.len(), WORDS.len());
        for form in forms {
            let (_, does, parameters) = WORDS.iter().find(|(verb, ..)| *verb == form.verb).expect("words");
            assert!(does.ends_with('.'), "{does}");
            let named: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
            let taken: Vec<&str> = form.parameters.iter().map(|(name, _)| *name).collect();
            assert_eq!(named, taken, "{}", form.verb);
        }
    }
}
