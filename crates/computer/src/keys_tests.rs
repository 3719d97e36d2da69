use proptest::prelude::*;

use super::*;
use crate::key_names::key_of;

fn keys(text: &str) -> Vec<Vec<Keysym>> {
    let chords = parse_chords(text).unwrap_or_else(|error| panic!("`{text}`: {error}"));
    chords.into_iter().map(|chord| chord.0).collect()
}

#[test]
fn names_are_joined_by_plus() {
    assert_eq!(keys("ctrl+s"), [[Keysym::Control_L, Keysym::s]]);
    assert_eq!(keys("ctrl+shift+Tab"), [[Keysym::Control_L, Keysym::Shift_L, Keysym::Tab]]);
    assert_eq!(keys("Page_Down"), [[Keysym::Page_Down]]);
}

#[test]
fn plus_and_minus_are_keys_too() {
    assert_eq!(keys("+"), [[Keysym::plus]]);
    assert_eq!(keys("ctrl++"), [[Keysym::Control_L, Keysym::plus]]);
    assert_eq!(keys("ctrl+plus"), [[Keysym::Control_L, Keysym::plus]]);
    assert_eq!(keys("ctrl+-"), [[Keysym::Control_L, Keysym::minus]]);
}

#[test]
fn spaces_around_a_plus_do_not_matter_and_others_separate_chords() {
    assert_eq!(keys("ctrl + s"), keys("ctrl+s"));
    assert_eq!(keys("Down Down Return"), [[Keysym::Down], [Keysym::Down], [Keysym::Return]]);
    assert_eq!(keys("ctrl+a ctrl+c"), [[Keysym::Control_L, Keysym::a], [Keysym::Control_L, Keysym::c]]);
}

#[test]
fn a_space_is_a_key() {
    assert_eq!(keys(" "), [[Keysym::space]]);
    assert_eq!(keys("ctrl+ "), [[Keysym::Control_L, Keysym::space]]);
}

#[test]
fn a_chord_without_a_name_is_refused_with_a_hint() {
    for text in ["", "  ", "ctrl+", "+s", "ctrl++s"] {
        let error = parse_chords(text).expect_err(text);
        assert!(matches!(error, KeyError::Empty { .. }), "`{text}`: {error}");
        assert!(error.to_string().starts_with("parameter `text` holds `"), "{error}");
    }
}

#[test]
fn an_unknown_name_lists_what_is_close() {
    for (text, expected) in [("ctrl+Pagedwn", "`Page_Down`"), ("Retrun", "`Return`"), ("ctrl-s", "`ctrl+s`")] {
        let error = parse_chords(text).expect_err(text).to_string();
        assert!(error.starts_with("parameter `text` holds `") && error.contains("nothing was pressed"), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn control_characters_are_escaped_in_an_error() {
    let error = parse_chords("ctrl+\u{1b}[31m\u{7}").expect_err("no such key").to_string();
    assert!(error.contains(r"`\u{1b}[31m\u{7}`"), "{error}");
}

#[test]
fn a_chord_of_very_many_keys_is_read_at_once() {
    let started = std::time::Instant::now();
    for name in ["ctrl", "page_down", "Eacute", "U4e16", "PrtScr"] {
        assert_eq!(keys(&vec![name; 50_000].join("+"))[0].len(), 50_000);
    }
    // One look into a table for each name, and no comparison with every alias.
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn modifiers_are_joined_by_plus_and_nothing_else_is_one() {
    let held = |text: &str| parse_modifiers(text).map(|chord| chord.0);
    assert_eq!(held("shift"), Ok(vec![Keysym::Shift_L]));
    assert_eq!(held("ctrl + alt"), Ok(vec![Keysym::Control_L, Keysym::Alt_L]));
    assert_eq!(held("super+SHIFT"), Ok(vec![Keysym::Super_L, Keysym::Shift_L]));
    for text in ["a", "ctrl+a", "Caps_Lock", "Num_Lock", "hyper", "ctrl shift", "shfit", "", "ctrl+"] {
        assert!(held(text).is_err(), "{text}");
    }
}

/// Names of keys, what joins them, and what is neither.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("ctrl".to_owned()),
        Just("shift".to_owned()),
        Just("Page_Down".to_owned()),
        Just("+".to_owned()),
        Just(" ".to_owned()),
        Just("-".to_owned()),
        "[a-zA-Z0-9_]{0,12}",
        any::<char>().prop_map(String::from),
        "U[0-9a-fA-F]{0,9}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_long_text_in_the_place_of_a_key_is_refused_at_once_and_in_few_words() {
    let long = "x".repeat(1 << 20);
    let started = std::time::Instant::now();
    for text in [long.clone(), format!("{long}-{long}"), "ctrl-".repeat(1 << 16), format!("{long}+")] {
        let error = parse_chords(&text).expect_err("no such key").to_string();
        assert!(error.len() < 1000 && error.contains(" characters)"), "{} bytes", error.len());
    }
    // Measuring its distance to every name there is would take minutes.
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn any_text_is_chords_of_at_least_one_key_or_an_error_with_a_hint(text in any_text()) {
        match parse_chords(&text) {
            Ok(chords) => {
                prop_assert!(!chords.is_empty());
                prop_assert!(chords.iter().all(|chord| !chord.keys().is_empty()));
            }
            Err(error) => {
                let error = error.to_string();
                prop_assert!(error.contains("nothing was pressed") && error.contains("hint: "), "{}", error);
            }
        }
    }

    #[test]
    fn one_unknown_name_refuses_the_whole_text(before in "(ctrl\\+)?", after in "( a| Return|\\+b)?") {
        let unknown = matches!(parse_chords(&format!("{before}nosuchkey{after}")), Err(KeyError::Unknown { name, .. }) if name == "nosuchkey");
        prop_assert!(unknown);
    }

    #[test]
    fn every_character_that_can_be_typed_is_a_key_of_its_own_name(character in any::<char>()) {
        let parsed = parse_chords(&character.to_string());
        match key_of(character) {
            Some(key) if !character.is_whitespace() || character == ' ' => {
                prop_assert_eq!(parsed.map(|chords| chords[0].keys().to_vec()), Ok(vec![key]));
            }
            Some(_) | None => {}
        }
    }

    #[test]
    fn modifiers_are_read_from_any_text_without_a_panic(text in any_text()) {
        if let Ok(chord) = parse_modifiers(&text) {
            prop_assert!(chord.keys().iter().all(|key| is_modifier(*key)));
        }
    }
}
