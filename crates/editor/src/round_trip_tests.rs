//! Random edits of random bytes: each does what a plain model of it says, and undo leads back to the start.

use proptest::{collection::vec, prelude::*};

use crate::scratch::{Scratch, done};

/// Files of every line ending and encoding, and of none.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let ending = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let lines = vec("[ab \tü]{0,4}", 0..12);
    prop_oneof![
        4 => pieces(),
        1 => (lines.clone(), ending).prop_map(|(lines, ending)| lines.join(ending).into_bytes()),
        1 => lines.clone().prop_map(|lines| ("\u{feff}".to_owned() + &lines.join("\r\n") + "\r\n").into_bytes()),
        1 => lines.clone().prop_map(|lines| lines.join("\n").chars().map(|char| char as u8).collect()),
        1 => lines.prop_map(|lines| {
            let text = "\u{feff}".to_owned() + &lines.join("\r\n");
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
        1 => Just(Vec::new()),
    ]
}

/// Mixtures: text, every kind of ending, and bytes that are no text.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec!["a", "bb", "\n", "\r\n", "\t", "ü"]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::sample::select(vec![&b"\r"[..], b"\r\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xe2\x82"])
            .prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn text() -> impl Strategy<Value = String> {
    vec(prop::sample::select(vec!["a", "bb", "\n", "\r\n", "\t", "ü", "x"]), 0..6).prop_map(|pieces| pieces.concat())
}

#[derive(Clone, Debug)]
enum Edit {
    /// Take a part of the file, as far as it is text, and ask for its replacement.
    Replace(prop::sample::Index, usize, String),
    Insert(prop::sample::Index, String),
    Overwrite(String),
    /// No edit: another editor with the same journal.
    Restart,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<prop::sample::Index>(), 1usize..12, text()).prop_map(|(at, length, new)| Edit::Replace(at, length, new)),
        (any::<prop::sample::Index>(), text()).prop_map(|(line, text)| Edit::Insert(line, text)),
        text().prop_map(Edit::Overwrite),
        Just(Edit::Restart),
    ]
}

/// Runs an edit; whether it was done.
fn run(scratch: &mut Scratch, edit: &Edit) -> bool {
    let bytes = scratch.bytes("file");
    match edit {
        Edit::Replace(at, length, new) => {
            let start = at.index(bytes.len() + 1);
            let part = &bytes[start..bytes.len().min(start + length)];
            let Ok(old) = std::str::from_utf8(part) else { return false };
            if old.is_empty() {
                return false;
            }
            !scratch.replace("file", old, new).is_error
        }
        Edit::Insert(line, text) => {
            let lines = crate::lines::count(&bytes);
            done(scratch.insert("file", line.index(lines + 1), text));
            true
        }
        Edit::Overwrite(text) => {
            done(scratch.overwrite("file", text));
            bytes != text.as_bytes()
        }
        Edit::Restart => {
            scratch.restart();
            false
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn undoing_every_edit_gives_the_bytes_of_the_start(start in content(), edits in vec(edit(), 1..12)) {
        let mut scratch = Scratch::with_journal();
        scratch.write("file", &start);
        let mut states = Vec::new();
        for edit in &edits {
            let before = scratch.bytes("file");
            if run(&mut scratch, edit) {
                states.push(before);
            } else {
                prop_assert_eq!(scratch.bytes("file"), before);
            }
        }
        while let Some(state) = states.pop() {
            done(scratch.undo("file"));
            if states.len() % 3 == 1 {
                scratch.restart();
            }
            prop_assert_eq!(scratch.bytes("file"), state);
        }
        prop_assert_eq!(scratch.bytes("file"), start);
        prop_assert!(scratch.undo("file").is_error);
    }

    #[test]
    fn a_replacement_touches_only_what_it_replaces(head in content(), tail in content(), new in "[a-z\n]{0,6}") {
        let old = "(the only one)";
        let whole = [&head[..], old.as_bytes(), &tail].concat();
        let mut scratch = Scratch::holding(whole);
        done(scratch.replace("file", old, &new));
        let bytes = scratch.bytes("file");
        prop_assert!(bytes.starts_with(&head) && bytes.ends_with(&tail));
        let middle = &bytes[head.len()..bytes.len() - tail.len()];
        prop_assert_eq!(String::from_utf8_lossy(middle).replace("\r\n", "\n"), new);
    }

    #[test]
    fn an_insertion_keeps_every_line_there_was(start in content(), line in any::<prop::sample::Index>(), text in text()) {
        let mut scratch = Scratch::holding(&start);
        let line = line.index(crate::lines::count(&start) + 1);
        done(scratch.insert("file", line, &text));
        let bytes = scratch.bytes("file");
        let at = start.iter().zip(&bytes).take_while(|(old, new)| old == new).count();
        prop_assert!(bytes.ends_with(&start[at..]), "{:?} became {:?}", start, bytes);
        prop_assert!(bytes.len() >= start.len() + text.len());
    }
}
