//! What a guest answered, as far as it is passed on. A guest's own answers are bounded: by the limit of a command's output
//! and of a view, and by the size of a screen. What is longer comes from something else, and goes to models, records and
//! clients, so it is cut here once more, and what was left out is told.

use std::io;

use handspike_types::{ContentPart, Image, ToolOutput};
use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;

use crate::picture;

/// Blocks that are passed on of an answer; a long batch of actions has some hundred.
const MOST_BLOCKS: usize = 1000;

/// Bytes of text that are passed on beside those of a long view: more than the largest terminal's screen.
const MOST_TEXT: usize = 4 << 20;

/// Bytes that a numbered line of a view may have for each character of the file, where all lines are empty.
const BYTES_PER_CHARACTER: usize = 16;

/// Bytes of facts for programs.
const MOST_FACTS: usize = 1 << 20;

/// How much of an answer is passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    text: usize,
}

impl Bounds {
    /// For answers that may show so many characters of a file.
    pub(crate) fn of_view(characters: usize) -> Self {
        Self { text: characters.saturating_mul(BYTES_PER_CHARACTER).saturating_add(MOST_TEXT) }
    }

    /// The answer in a result; none in one without anything that can be shown.
    pub(crate) fn answer_in(self, mut result: CallToolResult) -> Option<ToolOutput> {
        let is_small = result.meta.as_ref().is_none_or(|facts| written_length(facts) <= MOST_FACTS);
        let details = if is_small { handspike_wire::details(&mut result) } else { None };
        let mut content: Vec<ContentPart> = Vec::new();
        let (mut blocks_left_out, mut bytes_left_out, mut room) = (0, 0, self.text);
        for block in result.content {
            match block {
                ContentBlock::Text(_) | ContentBlock::Image(_) if content.len() == MOST_BLOCKS => blocks_left_out += 1,
                ContentBlock::Text(mut text) => {
                    let kept = text.text.floor_char_boundary(room);
                    bytes_left_out += text.text.len() - kept;
                    room -= kept;
                    text.text.truncate(kept);
                    text.text.shrink_to_fit();
                    content.push(ContentPart::text(text.text));
                }
                ContentBlock::Image(image) => content.push(shown(Image::new(image.mime_type, image.data))),
                // The protocol's other kinds, which no tool of ours answers with.
                _ => blocks_left_out += 1,
            }
        }
        if content.is_empty() {
            return None;
        }
        if (blocks_left_out, bytes_left_out) != (0, 0) {
            content.push(ContentPart::text(format!(
                "[the answer was longer than a tool's can be: {blocks_left_out} of its blocks and {bytes_left_out} \
                 bytes of text were left out]"
            )));
        }
        Some(ToolOutput { content, is_error: result.is_error.unwrap_or(false), details })
    }
}

fn shown(image: Image) -> ContentPart {
    match picture::check(&image) {
        Ok(()) => ContentPart::Image(image),
        Err(refused) => ContentPart::text(format!("[a picture was left out: {refused}]")),
    }
}

/// How long something is as JSON.
fn written_length(value: &impl Serialize) -> usize {
    struct Counting(usize);
    impl io::Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counting = Counting(0);
    // What can't be written is too long as well.
    serde_json::to_writer(&mut counting, value).map_or(usize::MAX, |()| counting.0)
}

#[cfg(test)]
mod tests {
    use handspike_types::desktop::DesktopDetails;
    use serde_json::{Value, json};

    use super::*;

    fn answer(result: Value) -> Option<ToolOutput> {
        Bounds::of_view(16_000).answer_in(serde_json::from_value(result).expect("a result"))
    }

    #[test]
    fn what_tools_answer_is_passed_on_as_it_is() {
        let text = "x".repeat(MOST_TEXT);
        let output = answer(json!({"content": [{"type": "text", "text": text}], "isError": true})).expect("an answer");
        assert!(output.is_error);
        assert_eq!(output.content, [ContentPart::text(text)]);
        let facts = handspike_types::ToolDetails::Desktop(DesktopDetails::Written);
        let written = handspike_wire::result(ToolOutput::text("OK").with_details(facts.clone()), None);
        let read = Bounds::of_view(16_000).answer_in(written).expect("an answer");
        assert_eq!(read.details, Some(facts));
    }

    #[test]
    fn a_text_beyond_what_tools_answer_is_cut_between_characters_and_told() {
        let long = "\u{e9}".repeat(MOST_TEXT);
        let output = answer(json!({"content": [{"type": "text", "text": long}]})).expect("an answer");
        let [ContentPart::Text { text }, ContentPart::Text { text: note }] = &output.content[..] else {
            panic!("a text and a note were expected");
        };
        assert_eq!(text.len(), MOST_TEXT + 16_000 * BYTES_PER_CHARACTER);
        let left_out = long.len() - text.len();
        assert!(note.contains(&format!("0 of its blocks and {left_out} bytes")), "{note}");
    }

    #[test]
    fn blocks_beyond_what_tools_answer_are_left_out_and_told() {
        let block = json!({"type": "text", "text": "x"});
        let output = answer(json!({"content": vec![block; MOST_BLOCKS + 7]})).expect("an answer");
        assert_eq!(output.content.len(), MOST_BLOCKS + 1);
        assert!(output.joined_text().contains("7 of its blocks and 0 bytes"), "{}", output.joined_text());
    }

    #[test]
    fn facts_beyond_what_tools_say_are_left_out() {
        let facts = json!({"dev.handspike/details": {"x": "y".repeat(MOST_FACTS)}});
        let output = answer(json!({"content": [{"type": "text", "text": "x"}], "_meta": facts})).expect("an answer");
        assert_eq!(output.details, None);
    }

    #[test]
    fn an_answer_that_shows_nothing_is_none() {
        assert_eq!(answer(json!({"content": []})), None);
        let link = json!({"type": "resource_link", "uri": "file:///x", "name": "x"});
        assert_eq!(answer(json!({"content": [link]})), None);
        let with_text = answer(json!({"content": [link, {"type": "text", "text": "x"}]})).expect("an answer");
        assert!(with_text.joined_text().contains("1 of its blocks"), "{}", with_text.joined_text());
    }
}
