use handspike_api::{EntrySource, Message as Posted, check::read_value};
use handspike_types::ToolCall;
use serde_json::{Value, json};

use super::*;
use crate::chat::entry::EntryBody;

fn said(message: Value) -> Said {
    let Posted { role, content, name, tool_call_id, tool_calls, .. } = read_value(message).expect("a message");
    let body = EntryBody { content, name, tool_call_id, tool_calls, ..EntryBody::default() };
    Said::new(EntrySource::ApiRequest, role, body)
}

fn read(messages: Vec<Value>) -> Vec<Message> {
    let mut reader = Reader::default();
    messages.into_iter().flat_map(|message| reader.read(&said(message))).collect()
}

fn results(message: &Message) -> Vec<(&str, String)> {
    let Message::Tools { results } = message else { panic!("{message:?} has no results") };
    results.iter().map(|result| (result.call_id.as_str(), result.output.joined_text())).collect()
}

#[test]
fn a_user_speaks_in_a_text_in_texts_or_in_parts() {
    let messages = read(vec![
        json!({"role": "user", "content": "hi", "name": "Bob"}),
        json!({"role": "user", "content": ["a", "b"]}),
        json!({"role": "user", "content": [{"text": "look"}, {"image_url": {"url": "https://x.test/a.png", "detail": "high"}}]}),
        json!({"role": "user", "content": null}),
        json!({"role": "system", "content": "be brief"}),
    ]);
    assert_eq!(messages[0], Message::User { content: vec![ContentPart::text("hi")], name: Some("Bob".to_owned()) });
    assert_eq!(messages[1].joined_text(), "a\nb");
    let picture = Image { detail: Some(types::ImageDetail::High), ..Image::at("https://x.test/a.png") };
    let content = vec![ContentPart::text("look"), ContentPart::Image(picture)];
    assert_eq!(messages[2], Message::User { content, name: None });
    assert_eq!(messages[3], Message::user(""));
    assert_eq!(messages[4], Message::system("be brief"));
}

#[test]
fn a_picture_in_the_address_itself_is_its_bytes() {
    let url = "data:image/jpeg;base64,/9j/";
    let messages = read(vec![json!({"role": "user", "content": [{"image_url": {"url": url}}]})]);
    let expected = vec![ContentPart::Image(Image::new("image/jpeg", "/9j/"))];
    assert_eq!(messages, [Message::User { content: expected, name: None }]);
}

#[test]
fn answers_come_from_tools_or_from_users_and_need_not_say_for_which_call() {
    let calls = json!([
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}},
        {"command": "ls"},
        {"id": "c", "type": "function", "function": {"name": "g"}},
    ]);
    let messages = read(vec![
        json!({"role": "assistant", "content": null, "tool_calls": calls}),
        json!({"role": "tool", "tool_call_id": "c", "content": "third"}),
        json!({"role": "tool", "content": [{"type": "text", "text": "first"}]}),
        json!({"role": "user", "content": [
            {"text": "and now?"},
            {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "text", "text": "of a user"}]},
        ]}),
        json!({"role": "tool", "content": [
            {"tool_use_id": "d", "content": [{"source": {"media_type": "image/png", "data": "iVBO"}}]},
        ]}),
    ]);
    let Message::Assistant { text, tool_calls, .. } = &messages[0] else { panic!("{messages:?}") };
    let call = ToolCall { id: "a".to_owned(), name: "f".to_owned(), arguments: json!({"x": 1}), toolset: None };
    assert_eq!((text.as_str(), &tool_calls[0]), ("", &call));
    assert_eq!(results(&messages[1]), [("c", "third".to_owned())]);
    assert_eq!(results(&messages[2]), [("a", "first".to_owned())]);
    assert_eq!(results(&messages[3]), [("b", "of a user".to_owned())]);
    assert_eq!(messages[4], Message::user("and now?"));
    let Message::Tools { results } = &messages[5] else { panic!("{messages:?}") };
    assert_eq!(results[0].output.content, [ContentPart::Image(Image::new("image/png", "iVBO"))]);
    assert_eq!(messages.len(), 6);
}

#[test]
fn what_models_do_not_take_from_a_role_is_told() {
    let picture = said(json!({"role": "assistant", "content": [{"image_url": {"url": "data:x"}}, {"text": "there"}]}));
    assert_eq!(Reader::default().read(&picture), [Message::assistant("there", Vec::new())]);
    assert!(left_out(picture.role, picture.body.content.as_ref()).is_some());
    let fine = said(json!({"role": "user", "content": [{"image_url": {"url": "data:x"}}]}));
    assert!(left_out(fine.role, fine.body.content.as_ref()).is_none());
}
