//! Any text is read as a scenario or refused, without a panic and without the time or memory that a bomb would take.
//! A refusal names the file and says something of the mistake; the same text is always read the same way.
//! What is read can be run: it has a name, a prompt and a script.
#![no_main]

use std::{cell::LazyCell, fs, path::PathBuf};

use handspike_fuzz::folder;
use handspike_runtime::{Scenario, ScenarioError};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static FOLDER: LazyCell<TempDir> = const { LazyCell::new(folder) };
}

fuzz_target!(|text: &[u8]| {
    let path: PathBuf = FOLDER.with(|folder| folder.path().join("scenario.yaml"));
    fs::write(&path, text).expect("the file is written");
    match Scenario::load(&path) {
        Ok(scenario) => {
            assert!(!scenario.name.trim().is_empty() && !scenario.prompt.trim().is_empty());
            assert_eq!(Scenario::load(&path).expect("the same text"), scenario);
        }
        Err(error @ ScenarioError::Invalid { .. }) => {
            let error = error.to_string();
            assert!(error.contains("scenario.yaml") && error.contains("hint:"), "{error}");
        }
        Err(ScenarioError::Unreadable { .. }) => assert!(std::str::from_utf8(text).is_err()),
    }
});
