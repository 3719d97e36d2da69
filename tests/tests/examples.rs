//! The examples: a systemd unit and a compose file, as far as they can be looked at without installing anything.

use std::{fs, path::Path, process::Command};

use handspike_tests::{Place, require, require_handspike, run_to_end};
use serde_json::Value;

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)).expect("an example")
}

/// Whether the program takes these arguments of `serve`, with a configuration file in the place of any that they name.
fn assert_accepted(place: &Place, arguments: &[&str]) {
    fs::write(place.path().join("a.toml"), "").expect("written");
    let arguments: Vec<&str> =
        arguments.iter().map(|argument| if argument.ends_with(".toml") { "a.toml" } else { argument }).collect();
    let ended = run_to_end(&mut place.command(&[&arguments[..], &["--check-config"]].concat()), b"");
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
}

#[test]
fn the_units_command_is_one_of_the_programs() {
    let Some(()) = require_handspike() else { return };
    let unit = example("handspike.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    let words: Vec<&str> = start.split_whitespace().collect();
    let mut place = Place::new();
    for line in unit.lines().filter_map(|line| line.strip_prefix("Environment=HANDSPIKE_")) {
        let (name, value) = line.split_once('=').expect("a variable");
        place = place.env(&format!("HANDSPIKE_{name}"), value);
    }
    assert_accepted(&place, &words[1..]);
}

#[test]
fn the_unit_is_one_that_systemd_takes_and_finds_hardened() {
    let found = Command::new("systemd-analyze").arg("--version").output();
    let found =
        found.map(drop).map_err(|_| "there is no systemd-analyze here\nhint: apt-get install systemd".to_owned());
    let Some(()) = require(found) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("handspike.service");
    // What is not installed can't be verified to be there.
    fs::write(&file, example("handspike.service").replace("/usr/local/bin/handspike", "/bin/true")).expect("written");
    let verified = Command::new("systemd-analyze").arg("verify").arg(&file).output().expect("it runs");
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let is_about_it = said.lines().any(|line| line.contains("handspike"));
    assert!(verified.status.success() && !is_about_it, "{said}");
    let looked = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold=25"])
        .arg(&file)
        .output()
        .expect("it runs");
    assert!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stdout));
}

#[test]
fn the_compose_file_is_yaml_whose_command_the_program_takes() {
    let Some(()) = require_handspike() else { return };
    let file: Value = serde_saphyr::from_str(&example("compose.yaml")).expect("YAML");
    let service = &file["services"]["handspike"];
    let words: Vec<&str> = service["command"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let place = Place::new().env("HANDSPIKE_API_KEY", "0123456789abcdef");
    assert_accepted(&place, &words);
    assert_eq!(service["cap_drop"][0], "ALL");
    for volume in service["volumes"].as_array().expect("volumes").iter().filter_map(Value::as_str) {
        let (source, _) = volume.split_once(':').expect("a source");
        assert!(source.starts_with('/') || file["volumes"].get(source).is_some(), "{volume} is declared");
    }
    let ports = service["ports"].as_array().expect("ports");
    assert!(ports.iter().all(|port| port.as_str().is_some_and(|port| port.starts_with("127.0.0.1:"))), "{ports:?}");
}
