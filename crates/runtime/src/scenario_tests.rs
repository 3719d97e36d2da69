use tempfile::TempDir;

use super::*;

const GOOD: &str = r#"
name: fix the test
prompt: |
  Run the tests and mend what fails.
image: python:3.12
mounts: ["./project:/seed:rw"]
script:
  - say: I look and run the tests.
    calls:
      - bash: { command: "ls" }
        expect: { exit_status: 1, contains: ["FAILED", "x"] }
      - computer: { action: screenshot }
        expect: { image: true, not_contains: error }
  - say: Done.
"#;

fn load(text: &str) -> (TempDir, Result<Scenario, ScenarioError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fix.yaml");
    fs::write(&path, text).expect("the file is written");
    let scenario = Scenario::load(&path);
    (folder, scenario)
}

/// The error of a scenario; it must name the file, a place in it and show that line.
fn assert_mistake(text: &str, line: usize, words: &str) {
    let (_folder, scenario) = load(text);
    let error = scenario.expect_err("a mistake").to_string();
    assert!(error.contains(&format!("fix.yaml` has a mistake: line {line} column ")), "{error}");
    assert!(error.contains(&format!("fix.yaml:{line}:")), "no line {line} in: {error}");
    assert!(error.contains(words), "no `{words}` in: {error}");
    assert!(error.contains('^'), "no caret in: {error}");
}

#[test]
fn a_whole_scenario_is_read() {
    let (folder, scenario) = load(GOOD);
    let scenario = scenario.expect("a scenario");
    assert_eq!((scenario.name.as_str(), scenario.image.as_deref()), ("fix the test", Some("python:3.12")));
    assert_eq!(scenario.prompt, "Run the tests and mend what fails.\n");
    assert_eq!(scenario.mounts, ["./project:/seed:rw"]);
    assert_eq!(scenario.folder, folder.path());
    let script: Script = serde_json::from_value(serde_json::json!([
        {"say": "I look and run the tests.", "calls": [
            {"bash": {"command": "ls"}, "expect": {"exit_status": 1, "contains": ["FAILED", "x"]}},
            {"computer": {"action": "screenshot"}, "expect": {"image": true, "not_contains": ["error"]}},
        ]},
        {"say": "Done."},
    ]))
    .expect("a script");
    assert_eq!(scenario.script, script);
}

#[test]
fn image_and_mounts_may_be_left_out() {
    let scenario = load("name: a\nprompt: b\nscript: [{say: Done.}]\n").1.expect("a scenario");
    assert_eq!((scenario.image, scenario.mounts), (None, Vec::new()));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_cause() {
    let error = Scenario::load(Path::new("/nowhere/a.yaml")).expect_err("no such file");
    let text = error.to_string();
    let (what, hint) = text.split_once('\n').expect("a hint on a line of its own");
    assert_eq!(what, "the scenario `/nowhere/a.yaml` cannot be read");
    assert!(hint.starts_with("hint: "), "{hint}");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(cause.contains("No such file"), "{cause}");
}

#[test]
fn broken_syntax_is_shown_at_its_place() {
    assert_mistake("name: a\nprompt: \"b\nscript: []\n", 2, "unclosed quote");
    assert_mistake("name: a\n\tprompt: b\n", 1, "found a tab");
}

#[test]
fn an_unknown_key_is_shown_with_the_known_ones() {
    assert_mistake("name: a\npromt: b\nscript: [{say: Done.}]\n", 2, "`promt`");
    assert_mistake("name: a\nprompt: b\nscript:\n  - sai: x\n", 4, "`sai`");
    let text = GOOD.replace("exit_status", "exit_code");
    assert_mistake(&text, 11, "`exit_code`");
}

#[test]
fn a_wrong_type_is_shown_at_its_place() {
    assert_mistake("name: a\nprompt: [b]\nscript: [{say: Done.}]\n", 2, "expected string");
    assert_mistake("name: a\nprompt: b\nscript: go\n", 3, "expected sequence");
    assert_mistake(&GOOD.replace("exit_status: 1", "exit_status: one"), 11, "i32");
    assert_mistake(&GOOD.replace("contains: [\"FAILED\", \"x\"]", "contains: {a: b}"), 11, "a text or a list of texts");
    assert_mistake(
        &GOOD.replace("- bash: { command: \"ls\" }", "- bash: { }\n        computer: { }"),
        10,
        "`bash` and `computer`",
    );
}

#[test]
fn a_missing_key_is_named() {
    for (text, key) in [
        ("prompt: b\nscript: [{say: Done.}]\n", "`name`"),
        ("name: a\nscript: [{say: Done.}]\n", "`prompt`"),
        ("name: a\nprompt: b\n", "`script`"),
    ] {
        assert_mistake(text, text.lines().count(), key);
    }
}

#[test]
fn an_empty_prompt_is_refused() {
    assert_mistake("name: a\nprompt: \"  \"\nscript: [{say: Done.}]\n", 2, "must not be empty");
}

#[test]
fn a_script_that_ends_with_calls_is_refused() {
    let text = "name: a\nprompt: b\nscript:\n  - calls: [{bash: {command: ls}}]\n";
    assert_mistake(text, 4, "step 1 is the script's last and has calls");
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "name: a\nprompt: b\nscript:\n  - calls:\n      - bash:\n          l0: &l0 lol\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*l{}", level - 1); 10].join(", ");
        text.push_str(&format!("          l{level}: &l{level} [{aliases}]\n"));
    }
    text.push_str("  - say: Done.\n");
    let error = load(&text).1.expect_err("too much").to_string();
    assert!(error.contains("budget breached"), "{error}");
}

#[test]
fn arguments_that_a_tool_does_not_accept_are_a_mistake_with_a_place() {
    let text = |expect: &str| {
        format!("name: a\nprompt: b\nscript:\n  - calls:\n      - bash: {{comand: ls}}\n{expect}  - say: Done.\n")
    };
    let error = load(&text("")).1.expect_err("no such parameter").to_string();
    assert!(error.contains("line 5") && error.contains("`comand`"), "{error}");
    // A scenario may be about that very mistake.
    load(&text("        expect: {is_error: true}\n")).1.expect("a scenario");
}

#[test]
fn what_only_a_container_can_give_is_known_with_its_place() {
    let load = |lines: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("scenario.yaml");
        fs::write(&file, format!("name: a\nprompt: b\n{lines}script: [{{say: Done.}}]\n")).expect("written");
        Scenario::load(&file).expect("a scenario").wants_container
    };
    assert_eq!(load(""), None);
    assert_eq!(load("image: base\n"), Some(KeyInFile { key: "image", line: 3, column: 8 }));
    assert_eq!(load("\nmounts: [\"/a:/b\"]\n"), Some(KeyInFile { key: "mounts", line: 4, column: 9 }));
}
