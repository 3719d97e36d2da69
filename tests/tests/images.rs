//! The guest in images that know nothing of it.

use handspike_tests::{Run, Scenario, require, require_docker};
use serde_json::{Value, json};

fn edit(path: &str) -> [Value; 2] {
    [
        json!({"command": "create", "path": path, "file_text": "one\ntwo\n"}),
        json!({"command": "str_replace", "path": path, "old_str": "two", "new_str": "three"}),
    ]
}

#[test]
fn a_bare_debian_has_a_shell_and_an_editor() {
    let Some(docker) = require_docker() else { return };
    let found = docker.image("handspike/root").ok_or_else(|| {
        "there is no bare root file system, for the images were built from another\nhint: make images".to_owned()
    });
    let Some(image) = require(found) else { return };
    let [create, replace] = edit("/workspace/notes/list");
    let scenario = Scenario::on(&image)
        .bash("id -u; pwd; . /etc/os-release; echo $ID")
        .call("str_replace_editor", create)
        .call("str_replace_editor", replace)
        .bash("cat /workspace/notes/list");
    let ended = Run::playing(scenario).to_end().with_code(0);
    assert_eq!(ended.written(0), "1000\n/workspace\ndebian\n");
    assert_eq!(ended.written(3), "one\nthree\n");
}

#[test]
fn an_image_without_bash_or_desktop_has_an_editor_and_says_what_is_missing() {
    let Some(docker) = require_docker() else { return };
    let Some(image) = docker.import_busybox() else { return };
    let expected_error = json!({"is_error": true});
    let [create, replace] = edit("/workspace/list");
    let scenario = Scenario::on(&image.name)
        .call("str_replace_editor", create)
        .call("str_replace_editor", replace)
        .call("str_replace_editor", json!({"command": "view", "path": "/workspace/list"}))
        .call_expecting("bash", json!({"command": "echo x"}), expected_error.clone())
        .call_expecting("computer", json!({"action": "screenshot"}), expected_error);
    let ended = Run::playing(scenario).to_end().with_code(0);
    assert!(ended.text(2).contains("one") && ended.text(2).contains("three"), "{}", ended.text(2));
    assert!(ended.text(3).contains("bash") && ended.text(3).contains("not"), "{}", ended.text(3));
    assert!(
        ended.text(4).starts_with("this image has no desktop") && ended.text(4).contains("\nhint: "),
        "{}",
        ended.text(4)
    );
}
