use handspike_types::{EventKind, SessionId, ToolOutput};
use serde_json::json;

use super::*;
use crate::fakes::{PICTURE, Stage, calls, done};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[tokio::test]
async fn lines_are_written_while_the_session_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(Transcript::FILE);
    let mut stage = Stage::new([calls([("a", "peek", json!({"path": path}))]), done("bye")]);
    stage.journal = Some(Box::new(Transcript::create(folder.path()).expect("a transcript")));
    let played = stage.play_freely().await;

    let kinds = |lines: Vec<Value>| -> Vec<String> {
        lines.iter().map(|line| line["type"].as_str().expect("a type").to_owned()).collect()
    };
    let during = kinds(lines(&played.text_of("a")));
    assert_eq!(during, ["session_started", "turn_started", "step_started", "model_answered", "call_started"]);
    let after = kinds(lines(&std::fs::read_to_string(&path).expect("the transcript")));
    assert_eq!(after[..5], during);
    assert_eq!(after[5..], ["call_finished", "step_started", "model_answered", "turn_finished"]);
}

#[tokio::test]
async fn images_are_files_beside_the_transcript_and_named_in_the_event() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage =
        Stage::new([calls([("a", "shot", json!({"lane": 1})), ("b", "shot", json!({"lane": 1}))]), done("bye")]);
    stage.journal = Some(Box::new(Transcript::create(folder.path()).expect("a transcript")));
    let played = stage.play_freely().await;

    let text = std::fs::read_to_string(folder.path().join(Transcript::FILE)).expect("the transcript");
    assert!(!text.contains(PICTURE), "the bytes are in the transcript: {text}");
    let files: Vec<String> = lines(&text)
        .iter()
        .filter(|line| line["type"] == "call_finished")
        .map(|line| line["output"]["content"][1]["file"].as_str().expect("a file's name").to_owned())
        .collect();
    assert_eq!(files, ["screenshots/0001.png", "screenshots/0002.png"]);
    for file in files {
        let bytes = std::fs::read(folder.path().join(file)).expect("the picture");
        assert_eq!(BASE64_STANDARD.encode(bytes), PICTURE);
    }
    let announced = played.notes.read().events.iter().any(|event| match event {
        EventKind::CallFinished { output, .. } => {
            matches!(&output.content[1], ContentPart::Image(image) if image.file.as_deref() == Some("screenshots/0001.png"))
        }
        _ => false,
    });
    assert!(announced, "the sinks are told the file's name");
}

#[test]
fn a_line_reads_back_as_its_event() {
    let output = ToolOutput::text("two\nlines\u{2028}and one more");
    let kind = EventKind::CallFinished {
        turn: 1,
        step: 2,
        call_id: "a".to_owned(),
        name: "bash".to_owned(),
        output,
        duration_ms: 3,
    };
    let event = Event { seq: 4, at_ms: 5, session: SessionId::generate(), kind };
    let line = transcript_line(&event);
    assert!(!line.contains('\n'));
    assert_eq!(serde_json::from_str::<Event>(&line).expect("an event"), event);
}
