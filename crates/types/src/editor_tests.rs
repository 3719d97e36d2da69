use serde_json::json;

use super::*;

fn parse_as(version: EditorVersion, arguments: &Value) -> Result<EditorCommand, InvalidInput> {
    EditorCommand::parse(arguments, &EditorSettings { version, ..EditorSettings::default() })
}

fn parse(arguments: &Value) -> Result<EditorCommand, InvalidInput> {
    parse_as(EditorVersion::V20241022, arguments)
}

fn error(arguments: Value) -> String {
    parse(&arguments).expect_err("the arguments do not fit").to_string()
}

#[test]
fn a_parameter_of_another_command_is_refused_and_the_right_ones_named() {
    let text = error(json!({"command": "view", "path": "/a", "old_str": "x"}));
    assert_eq!(text, "parameter `old_str` is `\"x\"`; it is not accepted by `view`, which takes `path`, `view_range`");
}

#[test]
fn a_parameter_that_is_null_counts_as_not_given() {
    parse(&json!({"command": "view", "path": "/a", "old_str": null})).expect("fits");
    let text = error(json!({"command": "create", "path": "/a", "file_text": null}));
    assert_eq!(text, "parameter `file_text` is required for `create`; it takes a string");
    let text = error(json!({"command": "view"}));
    assert_eq!(text, "parameter `path` is required for `view`; it takes an absolute path");
}

#[test]
fn an_unknown_command_lists_the_known_ones() {
    assert!(error(json!({"command": "veiw", "path": "/a"})).contains("`str_replace`"));
    assert!(error(json!({"path": "/a"})).contains("`str_replace`"));
    assert!(error(json!({"command": 7, "path": "/a"})).contains("`7`"));
}

#[test]
fn an_empty_or_unchanged_old_str_is_refused() {
    error(json!({"command": "str_replace", "path": "/a", "old_str": "", "new_str": "x"}));
    let text = error(json!({"command": "str_replace", "path": "/a", "old_str": "x", "new_str": "x"}));
    assert_eq!(text, "parameter `new_str` is `x`, the same as `old_str`; it takes another text");
}

#[test]
fn view_range_takes_minus_one_as_the_end() {
    let command = parse(&json!({"command": "view", "path": "/a", "view_range": [3, -1]}));
    let range = Some(ViewRange { first: 3, last: None });
    assert_eq!(command, Ok(EditorCommand::View { path: "/a".into(), range }));
    for range in [json!([0, 2]), json!([3, 2]), json!([1]), json!([1, -2])] {
        error(json!({"command": "view", "path": "/a", "view_range": range}));
    }
}

#[test]
fn undo_ends_with_the_versions_that_have_it() {
    let undo = json!({"command": "undo_edit", "path": "/a"});
    for version in EditorVersion::ALL {
        let has_undo = *version <= EditorVersion::V20250124;
        assert_eq!(parse_as(*version, &undo).is_ok(), has_undo, "{version:?}");
    }
}

#[test]
fn the_newest_version_inserts_insert_text_and_overwrites() {
    let newest = EditorVersion::V20250728;
    let insert = json!({"command": "insert", "path": "/a", "insert_line": 0, "insert_text": "x"});
    let inserted = EditorCommand::Insert { path: "/a".into(), line: 0, text: "x".to_owned() };
    assert_eq!(parse_as(newest, &insert), Ok(inserted));
    let text = error(insert);
    assert!(text.contains("`insert_text`") && text.contains("`new_str`"), "{text}");

    let create = json!({"command": "create", "path": "/a", "file_text": ""});
    let existing = |version| match parse_as(version, &create).expect("fits") {
        EditorCommand::Create { existing, .. } => existing,
        other => panic!("{other:?}"),
    };
    assert_eq!(existing(newest), Existing::Overwritten);
    assert_eq!(existing(EditorVersion::V20250429), Existing::Refused);
}
