//! Calls, there and back.

use handspike_api::{CallType, ChosenCall, StoredCall};
use handspike_types::ToolCall;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::entry::word_of;

/// A call as the loop has it. One that was posted without an id gets one that is always the same: it is made of the
/// message's own and the call's place.
pub(super) fn read(call: &StoredCall, message: Uuid, index: usize) -> ToolCall {
    let posted = call.json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (id, name, arguments) = match (text(&posted["function"]["name"]), &**call) {
        // Whatever else fits: a call that names a function is one of it.
        (Some(name), _) => (text(&posted["id"]), name, arguments_of(posted)),
        (None, ChosenCall::Computer(_)) => (None, "computer".to_owned(), posted.clone()),
        (None, ChosenCall::Editor(_)) => (None, "str_replace_editor".to_owned(), posted.clone()),
        (None, ChosenCall::Nested(_) | ChosenCall::Bash(_)) => (None, "bash".to_owned(), posted.clone()),
    };
    let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| made_id(message, index));
    ToolCall { id, name, arguments, toolset: None }
}

/// What the function's text says, or, where there is none, what stands under the key of the call's type.
fn arguments_of(posted: &Value) -> Value {
    match posted["function"]["arguments"].as_str() {
        Some(text) if text.trim().is_empty() => json!({}),
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(arguments)) => Value::Object(arguments),
            // Not what a tool takes: it goes on as the text that it is.
            Ok(_) | Err(_) => Value::String(text.to_owned()),
        },
        None => {
            let of_type = posted["type"].as_str().and_then(|kind| posted.get(kind));
            of_type.filter(|arguments| arguments.is_object()).cloned().unwrap_or_else(|| json!({}))
        }
    }
}

/// Short, as providers take no more than 40 characters.
fn made_id(message: Uuid, index: usize) -> String {
    let digits = message.simple().to_string();
    format!("call_{}_{index}", &digits[digits.len() - 20..])
}

/// A call in the words of the API, with nothing lost. Beside the function stands what its type's key holds: the arguments
/// of a tool of the sandbox, or name and arguments of all others.
pub(super) fn write(call: &ToolCall, kind: CallType) -> StoredCall {
    let text = match &call.arguments {
        Value::String(raw) => raw.clone(),
        arguments => arguments.to_string(),
    };
    let function = json!({"name": call.name, "arguments": text});
    let word = word_of(&kind);
    let typed = if is_of_sandbox(kind) { call.arguments.clone() } else { function.clone() };
    let mut written = Map::new();
    written.insert("id".to_owned(), json!(call.id));
    written.insert("type".to_owned(), json!(word));
    written.insert("function".to_owned(), function);
    let mut whole = written.clone();
    whole.insert(word, typed);
    // What a model got wrong does not fit the key of its type; the function's text has it all the same.
    let read = |written| serde_json::from_value::<StoredCall>(Value::Object(written)).ok();
    let is_whole = |call: &StoredCall| matches!(**call, ChosenCall::Nested(_));
    read(whole).filter(is_whole).or_else(|| read(written)).expect("a call with a function is one")
}

fn is_of_sandbox(kind: CallType) -> bool {
    match kind {
        CallType::Function | CallType::Integration | CallType::System | CallType::ApiCall => false,
        CallType::Computer20241022
        | CallType::TextEditor20241022
        | CallType::Bash20241022
        | CallType::Computer20250124
        | CallType::Computer20251124
        | CallType::TextEditor20250124
        | CallType::TextEditor20250429
        | CallType::TextEditor20250728
        | CallType::Bash20250124 => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(json: Value) -> StoredCall {
        serde_json::from_value(json).expect("a call")
    }

    #[test]
    fn a_call_goes_there_and_back_without_a_loss() {
        for (kind, arguments) in [
            (CallType::Function, json!({"x": [1, {"y": "z"}]})),
            (CallType::Bash20241022, json!({"command": "ls", "timeout": 5})),
            (CallType::TextEditor20241022, json!({"command": "create", "path": "/a", "file_text": "b"})),
            (CallType::Computer20241022, json!({"action": "left_click", "coordinate": [1, 2]})),
            (CallType::Computer20241022, json!({"action": "fly"})),
            (CallType::Bash20241022, json!("not JSON {")),
        ] {
            let call = ToolCall { id: "c1".to_owned(), name: "tool".to_owned(), arguments, toolset: None };
            let written = write(&call, kind);
            assert_eq!(written.json()["type"], word_of(&kind));
            assert_eq!(read(&written, Uuid::nil(), 0), call, "{}", written.json());
        }
    }

    #[test]
    fn the_key_of_the_type_holds_the_arguments_or_the_function() {
        let arguments = json!({"command": "ls"});
        let call = ToolCall { id: "c1".to_owned(), name: "sh".to_owned(), arguments, toolset: None };
        assert_eq!(write(&call, CallType::Bash20241022).json()["bash_20241022"], json!({"command": "ls"}));
        let function = json!({"name": "sh", "arguments": "{\"command\":\"ls\"}"});
        let written = write(&call, CallType::System);
        assert_eq!((&written.json()["system"], &written.json()["function"]), (&function, &function));
    }

    #[test]
    fn bare_calls_get_a_name_and_an_id_that_stays() {
        let message = Uuid::now_v7();
        for (json, name) in [
            (json!({"command": "ls"}), "bash"),
            (json!({"command": "view", "path": "/a"}), "str_replace_editor"),
            (json!({"action": "screenshot"}), "computer"),
        ] {
            let call = read(&posted(json.clone()), message, 1);
            assert_eq!((call.name.as_str(), &call.arguments), (name, &json));
            assert!(call.id.len() <= 40 && call.id == read(&posted(json), message, 1).id);
        }
        let typed = json!({"type": "bash_20241022", "function": {"name": "sh"}, "bash_20241022": {"command": "ls"}});
        let call = read(&posted(typed), message, 0);
        assert_eq!((call.name.as_str(), call.arguments), ("sh", json!({"command": "ls"})));
    }
}
