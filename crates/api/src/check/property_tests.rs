//! What passes the check can be read: random bodies that are nearly right.

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{DetailType, read_value};
use crate::{AgentForm, ChatInput, ChosenCall, Message, NewSession, RecallOptions, ToolDefinition, ToolPatch};

/// JSON made of the keys and texts that the shapes know, so that it often comes near to one of them.
fn near_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "user",
        "text",
        "image_url",
        "tool_result",
        "function",
        "bash_20241022",
        "api_call",
        "system",
        "hybrid",
        "vector",
        "view",
        "key",
        "auto",
        "json_schema",
        "GET",
        "agent",
        "list",
        "5",
        "x",
        "http://x",
    ]);
    let leaf = prop_oneof![
        4 => words.prop_map(|word| json!(word)),
        1 => Just(json!(null)),
        1 => any::<bool>().prop_map(|truth| json!(truth)),
        2 => (-3..200_i64).prop_map(|number| json!(number)),
        1 => prop::sample::select(vec![0.5, 5.0, 1e30]).prop_map(|number| json!(number)),
    ];
    let keys = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "text",
        "image_url",
        "url",
        "detail",
        "tool_use_id",
        "source",
        "media_type",
        "data",
        "messages",
        "tools",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "action",
        "command",
        "path",
        "restart",
        "coordinate",
        "view_range",
        "bash_20241022",
        "api_call",
        "method",
        "system",
        "resource",
        "operation",
        "mode",
        "alpha",
        "limit",
        "confidence",
        "recall_options",
        "metadata",
        "response_format",
        "json_schema",
        "tool_choice",
        "params",
        "headers",
        "params_schema",
        "properties",
        "seed",
        "stop",
        "limits",
        "max_steps",
        "instructions",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            4 => prop::collection::vec((keys.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
        ]
    })
}

fn is_read_once_checked<T: DeserializeOwned + ToSchema + 'static>(value: &Value) -> Result<(), TestCaseError> {
    if let Err(invalid) = read_value::<T>(value.clone()) {
        prop_assert!(invalid.details.iter().all(|detail| detail.kind != DetailType::ValueError), "{invalid}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_passes_the_check_is_read(value in near_json()) {
        is_read_once_checked::<ChatInput>(&value)?;
        is_read_once_checked::<Message>(&value)?;
        is_read_once_checked::<ChosenCall>(&value)?;
        is_read_once_checked::<ToolDefinition>(&value)?;
        is_read_once_checked::<ToolPatch>(&value)?;
        is_read_once_checked::<NewSession>(&value)?;
        is_read_once_checked::<RecallOptions>(&value)?;
        is_read_once_checked::<AgentForm>(&value)?;
        is_read_once_checked::<ChatInput>(&json!({"messages": [value.clone()]}))?;
        is_read_once_checked::<ChatInput>(&json!({"messages": [{"role": "user", "content": [value.clone()]}]}))?;
        is_read_once_checked::<ChatInput>(&json!({"messages": [{"role": "user", "tool_calls": [value]}]}))?;
    }
}
