use serde_json::json;

use super::*;

fn parse(version: ComputerVersion, arguments: &Value) -> Result<ComputerAction, InvalidInput> {
    ComputerAction::parse(arguments, &ComputerSettings { version, ..ComputerSettings::default() })
}

fn error(version: ComputerVersion, arguments: &Value) -> String {
    parse(version, arguments).expect_err("the arguments do not fit").to_string()
}

#[test]
fn the_first_clicks_accept_neither_coordinate_nor_text() {
    for arguments in
        [json!({"action": "left_click", "coordinate": [1, 2]}), json!({"action": "left_click", "text": "shift"})]
    {
        let text = error(ComputerVersion::V20241022, &arguments);
        assert!(text.ends_with("not accepted by `left_click`, which takes no parameters"), "{text}");
        parse(ComputerVersion::V20250124, &arguments).expect("later ones do");
    }
}

#[test]
fn a_coordinate_is_two_whole_numbers() {
    for coordinate in [json!([1]), json!([1, 2, 3]), json!([-1, 2]), json!([1.5, 2]), json!("1,2")] {
        let arguments = json!({"action": "mouse_move", "coordinate": coordinate});
        let text = error(ComputerVersion::V20241022, &arguments);
        assert!(text.contains("`coordinate"), "{text}");
    }
}

#[test]
fn what_an_action_needs_is_named() {
    for (version, action, told) in [
        (ComputerVersion::V20241022, "type", "parameter `text` is required for `type`; it takes a string"),
        (
            ComputerVersion::V20241022,
            "mouse_move",
            "parameter `coordinate` is required for `mouse_move`; it takes [x, y], two whole numbers of at least 0",
        ),
        (
            ComputerVersion::V20250124,
            "scroll",
            "parameter `scroll_direction` is required for `scroll`; it takes `up`, `down`, `left`, `right`",
        ),
        (
            ComputerVersion::V20250124,
            "wait",
            "parameter `duration` is required for `wait`; it takes seconds from 0 to 100",
        ),
        (
            ComputerVersion::V20260801,
            "wait",
            "parameter `duration` is required for `wait`; it takes seconds from 0 to 300",
        ),
        (
            ComputerVersion::V20251124,
            "zoom",
            "parameter `region` is required for `zoom`; it takes [x0, y0, x1, y1], whole numbers with 0 <= x0 < x1 and \
             0 <= y0 < y1",
        ),
    ] {
        assert_eq!(error(version, &json!({"action": action})), told);
    }
    let amount = error(ComputerVersion::V20250124, &json!({"action": "scroll", "scroll_direction": "up"}));
    let told = "parameter `scroll_amount` is required for `scroll`; it takes a whole number from 0 to 1000";
    assert_eq!(amount, told);
}

#[test]
fn what_an_action_does_not_take_is_repeated() {
    let arguments = json!({"action": "mouse_move", "coordinate": [1, 2], "text": "shift"});
    let told = "parameter `text` is `\"shift\"`; it is not accepted by `mouse_move`, which takes `coordinate`";
    assert_eq!(error(ComputerVersion::V20251124, &arguments), told);
}

#[test]
fn a_coordinate_of_another_type_is_told_its_form() {
    let text = error(ComputerVersion::V20241022, &json!({"action": "mouse_move", "coordinate": "1,2"}));
    let told = "parameter `coordinate` is `\"1,2\"`; it takes [x, y], two whole numbers of at least 0";
    assert_eq!(text, told);
}

#[test]
fn a_coordinate_beyond_any_screen_is_told_both_bounds() {
    let coordinate = json!({"action": "mouse_move", "coordinate": [i64::MAX, 0]});
    let text = error(ComputerVersion::V20241022, &coordinate);
    assert!(text.contains("from 0 to 4294967295"), "{text}");
}

#[test]
fn an_action_of_a_later_version_is_unknown_before_it() {
    let scroll = json!({"action": "scroll", "scroll_direction": "down", "scroll_amount": 3});
    assert!(error(ComputerVersion::V20241022, &scroll).contains("`cursor_position`"));
    let scrolled = parse(ComputerVersion::V20250124, &scroll).expect("fits");
    let direction = ScrollDirection::Down;
    assert_eq!(scrolled, ComputerAction::Scroll { at: None, direction, amount: 3, modifiers: None });

    let zoom = json!({"action": "zoom", "region": [0, 0, 10, 10]});
    error(ComputerVersion::V20250124, &zoom);
    parse(ComputerVersion::V20251124, &zoom).expect("fits");
}

#[test]
fn a_key_repeats_in_the_toolset_only() {
    let key = json!({"action": "key", "text": "Tab", "repeat": 100});
    let pressed = ComputerAction::Key { keys: "Tab".to_owned(), repeat: 100 };
    assert_eq!(parse(ComputerVersion::V20260801, &key), Ok(pressed));
    error(ComputerVersion::V20251124, &key);
    for repeat in [0, 101, -1] {
        let key = json!({"action": "key", "text": "Tab", "repeat": repeat});
        assert!(error(ComputerVersion::V20260801, &key).contains("1 to 100"));
    }
}

#[test]
fn a_wait_is_bounded_by_its_version() {
    let wait = json!({"action": "wait", "duration": 101});
    assert!(error(ComputerVersion::V20251124, &wait).contains("0 to 100"));
    parse(ComputerVersion::V20260801, &wait).expect("fits");
    for duration in [json!(-1), json!(1e300), json!("2")] {
        error(ComputerVersion::V20260801, &json!({"action": "wait", "duration": duration}));
    }
}

#[test]
fn a_region_has_an_extent() {
    for region in [json!([10, 0, 10, 5]), json!([0, 5, 9, 4]), json!([-1, 0, 5, 5]), json!([0, 0, 5])] {
        let text = error(ComputerVersion::V20251124, &json!({"action": "zoom", "region": region}));
        assert!(text.contains("x0 < x1"), "{text}");
    }
}
