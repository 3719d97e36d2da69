//! A file of any bytes is viewed without a panic that gets out, in bounded memory: its header may say anything.
//! A picture that is shown is the file, byte by byte, and of the type that its first bytes say.
//! What is no picture, or a broken one, is shown as text or refused in words; the file stays as it is.
#![no_main]

use std::{cell::LazyCell, fs};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use handspike_editor::{Editor, EditorConfig};
use handspike_fuzz::{folder, let_panics_be_caught};
use handspike_types::{ContentPart, EditorSettings, editor::EditorCommand};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static FOLDER: LazyCell<TempDir> = const { LazyCell::new(folder) };
}

fuzz_target!(init: let_panics_be_caught(), |content: &[u8]| {
    let path = FOLDER.with(|folder| folder.path().join("picture"));
    fs::write(&path, content).expect("the file is written");
    let mut editor = Editor::new(EditorConfig::default());
    let output = editor.run(&EditorCommand::View { path: path.clone(), range: None }, &EditorSettings::default());
    for part in &output.content {
        match part {
            ContentPart::Text { text } => assert!(!output.is_error || !text.is_empty()),
            ContentPart::Image(image) => {
                assert!(!output.is_error);
                assert_eq!(BASE64_STANDARD.decode(&image.data).as_deref(), Ok(content));
                let begins: &[u8] = match image.media_type.as_str() {
                    "image/png" => b"\x89PNG",
                    "image/jpeg" => b"\xff\xd8\xff",
                    "image/gif" => b"GIF8",
                    "image/webp" => b"RIFF",
                    other => panic!("a picture of the type {other}"),
                };
                assert!(content.starts_with(begins));
            }
        }
    }
    assert_eq!(fs::read(&path).expect("the file"), content);
});
