//! Mistakes in how the program is called. All but an image are found before the engine is asked, which the tests
//! prove by naming an engine that is not there; an unknown image is found before a container is made.

use std::fs;

use handspike_tests::{Finished, handspike, require_docker, require_handspike, run_to_end};

/// Runs the program where there is no engine, and expects it to end for wrong usage.
fn refused(arguments: &[&str]) -> Finished {
    let ended = run_to_end(handspike(arguments).env("DOCKER_HOST", "unix:///nonexistent.sock"), b"");
    assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "{arguments:?}");
    ended
}

/// Expects one sentence that begins so, and a remedy below it.
fn assert_told(ended: &Finished, sentence: &str) {
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let [what, remedy] = lines[..] else { panic!("not two lines: {}", ended.stderr) };
    assert!(what.starts_with(&format!("error: {sentence}")), "{sentence}: {what}");
    assert!(remedy.starts_with("hint: "), "{remedy}");
}

fn refused_run(arguments: &[&str]) -> Finished {
    let model = ["run", "--model", "openai:x", "--base-url", "http://127.0.0.1:1/v1"];
    refused(&[&model, arguments].concat())
}

fn refused_scenario(text: &str) -> Finished {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("scenario.yaml");
    fs::write(&file, text).expect("the scenario is written");
    refused(&["run", "--scenario", &file.display().to_string()])
}

#[test]
fn an_unknown_flag_or_a_value_that_makes_no_sense_is_answered_with_usage() {
    let Some(()) = require_handspike() else { return };
    let wrong = [
        &["--no-such-flag", "test"][..],
        &["--memory", "much", "test"],
        &["--timeout", "0", "test"],
        &["--screen", "1x1", "test"],
        &["--network", "everything", "test"],
        &["--scenario", "a.yaml"],
        &[],
    ];
    for arguments in wrong {
        let ended = refused_run(arguments);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains("--help"), "{}", ended.stderr);
    }
}

#[test]
fn an_unknown_model_is_named() {
    let Some(()) = require_handspike() else { return };
    assert_told(&refused(&["run", "--model", "gpt", "test"]), "model `gpt` is unknown");
    assert_told(&refused(&["run", "--model", "nobody:gpt", "test"]), "model `nobody:gpt` is unknown");
    assert_told(&refused(&["run", "--model", "openai:", "test"]), "model `openai:` is unknown");
    assert_told(&refused(&["run", "--model", "openai:gpt", "test"]), "model `openai:gpt` needs an API key");
}

#[test]
fn an_address_that_is_none_is_refused() {
    let Some(()) = require_handspike() else { return };
    let ended = refused(&["run", "--model", "openai:x", "--base-url", "localhost:8080", "test"]);
    assert_told(&ended, "base URL `localhost:8080` is no http or https address");
}

#[test]
fn an_empty_prompt_is_refused() {
    let Some(()) = require_handspike() else { return };
    for prompt in ["", " \n\t"] {
        assert_told(&refused_run(&[prompt]), "the prompt is empty");
    }
}

#[test]
fn a_mount_says_what_is_wrong_with_it() {
    let Some(()) = require_handspike() else { return };
    let mounts = [
        ("/etc", "mount `/etc` is not of the form HOST:CONTAINER"),
        ("/etc:/a:rx", "mount `/etc:/a:rx` is not of the form"),
        ("/no/such/folder:/a", "mount `/no/such/folder:/a`: there is no `/no/such/folder` here"),
        ("/etc:relative", "mount `/etc:relative`: `relative` is no place to mount to: it is not absolute"),
        ("/etc:/", "mount `/etc:/`: `/` is no place to mount to"),
        ("/etc:/.handspike/bin", "mount `/etc:/.handspike/bin`: `/.handspike/bin` is no place to mount to"),
    ];
    for (mount, sentence) in mounts {
        assert_told(&refused_run(&["--mount", mount, "test"]), sentence);
    }
}

#[test]
fn a_scenario_that_is_not_there_is_named() {
    let Some(()) = require_handspike() else { return };
    let ended = refused(&["run", "--scenario", "/no/such/scenario.yaml"]);
    assert_told(&ended, "the scenario `/no/such/scenario.yaml` cannot be read: No such file");
}

#[test]
fn a_mistake_in_a_scenario_is_named_with_its_place() {
    let Some(()) = require_handspike() else { return };
    let mistakes = [
        ("name: a\nprompt: b\nimge: c\nscript: [{say: Done.}]\n", "line 3 column 1: unknown field `imge`", "imge: c"),
        ("name: a\nprompt: [b\nscript: [{say: Done.}]\n", "line 2 column 9: ", "prompt: [b"),
        ("name: a\nprompt: b\nscript:\n\t- say: Done.\n", "line 4 column 2: ", "- say: Done."),
    ];
    for (text, place, excerpt) in mistakes {
        let ended = refused_scenario(text);
        let sentence = ended.stderr.lines().next().unwrap_or_default();
        assert!(sentence.starts_with("error: the scenario `") && sentence.contains(place), "{place}: {}", ended.stderr);
        assert!(ended.stderr.contains(excerpt), "{}", ended.stderr);
    }
}

#[test]
fn a_scenario_s_mount_is_checked_like_a_flag() {
    let Some(()) = require_handspike() else { return };
    let ended = refused_scenario("name: a\nprompt: b\nmounts: [\"missing:/a\"]\nscript: [{say: Done.}]\n");
    assert_told(&ended, "mount `missing:/a`: there is no `");
}

#[test]
fn an_unknown_image_is_named_and_makes_no_container() {
    let Some(docker) = require_docker() else { return };
    for image in ["no-such-image:1", "No::Image"] {
        let mut command = handspike(&["run", "--model", "openai:x", "--base-url", "http://127.0.0.1:1/v1"]);
        let ended = run_to_end(command.args(["--image", image, "test"]), b"");
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        let lines: Vec<&str> = ended.stderr.lines().filter(|line| !line.starts_with("removed ")).collect();
        assert_eq!(lines.first(), Some(&&*format!("error: the engine has no image `{image}`")), "{}", ended.stderr);
        assert!(lines.last().is_some_and(|line| line.starts_with("hint: ")), "{}", ended.stderr);
        assert_eq!(docker.sandboxes_made_by(ended.process), Vec::<String>::new());
    }
}
