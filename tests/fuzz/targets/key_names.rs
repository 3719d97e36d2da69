//! Any text is read as chords, or as a terminal's key, or refused, without a panic and in time that grows with its length.
//! What is read has a key in every chord, and modifiers are one chord that reads the same as a chord.
//! A refusal says that nothing was pressed, in few words however long the text is.
#![no_main]

use handspike_computer::{KeyError, parse_chords, parse_modifiers};
use handspike_terminal::fuzzing::key;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let chords = parse_chords(text);
    match &chords {
        Ok(chords) => assert!(!chords.is_empty() && chords.iter().all(|chord| !chord.keys().is_empty())),
        Err(error) => assert_refusal(&error),
    }
    match parse_modifiers(text) {
        Ok(modifiers) => assert_eq!(chords.as_deref(), Ok(&[modifiers][..])),
        Err(error) => assert_refusal(&error),
    }
    match key(text) {
        Ok(bytes) => assert!(bytes.iter().all(|bytes| !bytes.is_empty())),
        Err(error) => assert!(!error.is_empty()),
    }
});

fn assert_refusal(error: &KeyError) {
    let error = error.to_string();
    // Two hundred characters are repeated, each of at most eight once it is escaped.
    assert!(error.contains("nothing was pressed") && error.len() < 2000, "{error}");
}
