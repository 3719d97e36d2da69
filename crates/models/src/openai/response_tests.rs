use super::*;

fn asked() -> Asked {
    Asked { messages: 3, names: ToolNames::default() }
}

fn read(body: Value) -> ModelReply {
    read_reply(body.to_string().as_bytes(), &asked()).expect("a reply")
}

fn answer(message: Value) -> ModelReply {
    read(json!({"choices": [{"message": message, "finish_reason": "stop"}]}))
}

#[test]
fn a_full_answer_is_read() {
    let reply = read(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "timings": {"predicted_ms": 1.5},
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "I look.", "reasoning_content": "hm",
            "tool_calls": [{"id": "x1", "type": "function",
                "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"}}],
        }}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }));
    let call =
        ToolCall { id: "x1".to_owned(), name: "bash".to_owned(), arguments: json!({"command": "ls"}), toolset: None };
    let usage = Usage { input_tokens: 12, output_tokens: 3 };
    let text = "I look.".to_owned();
    assert_eq!(reply, ModelReply { usage, ..ModelReply::new(text, vec![call], FinishReason::ToolCalls) });
}

#[test]
fn calls_decide_over_a_finish_reason_of_stop() {
    let reply = answer(json!({"content": null, "tool_calls": [{"id": "a", "function": {"name": "bash"}}]}));
    assert_eq!(reply.finish_reason, FinishReason::ToolCalls);
    assert_eq!(answer(json!({"content": "hi", "tool_calls": []})).finish_reason, FinishReason::Stop);
}

#[test]
fn finish_reasons_that_forbid_calls_are_kept() {
    for (word, reason) in [("length", FinishReason::Length), ("content_filter", FinishReason::ContentFilter)] {
        let message = json!({"tool_calls": [{"id": "a", "function": {"name": "bash", "arguments": "{\"co"}}]});
        let reply = read(json!({"choices": [{"message": message, "finish_reason": word}]}));
        assert_eq!(reply.finish_reason, reason);
    }
}

#[test]
fn missing_empty_and_repeated_ids_are_replaced() {
    let call = |id: Value| json!({"id": id, "function": {"name": "bash", "arguments": "{}"}});
    let calls = [call(Value::Null), call(json!("")), call(json!("a")), call(json!("a"))];
    let reply = answer(json!({"tool_calls": calls}));
    let ids: Vec<&str> = reply.tool_calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_3_1", "call_3_2", "a", "call_3_4"]);
}

#[test]
fn arguments_may_be_text_an_object_nothing_or_rubbish() {
    let cases = [
        (json!("{\"a\": 1}"), json!({"a": 1})),
        (json!({"a": 1}), json!({"a": 1})),
        (json!(""), json!({})),
        (Value::Null, json!({})),
        (json!("{\"a\": "), json!("{\"a\": ")),
    ];
    for (wire, read) in cases {
        let reply = answer(json!({"tool_calls": [{"id": "a", "function": {"name": "bash", "arguments": wire}}]}));
        assert_eq!(reply.tool_calls[0].arguments, read);
    }
}

#[test]
fn content_may_be_text_parts_nothing_or_a_refusal() {
    assert_eq!(answer(json!({"content": "hi"})).text, "hi");
    assert_eq!(answer(json!({"content": [{"type": "text", "text": "h"}, {"type": "x"}, {"text": "i"}]})).text, "hi");
    assert_eq!(answer(json!({"content": null})).text, "");
    assert_eq!(answer(json!({"content": null, "refusal": "I will not"})).text, "I will not");
}

#[test]
fn several_choices_are_all_read_and_the_first_counts() {
    let choice = |index: u32, text: &str| {
        let logprobs = json!({"content": [{"token": text, "logprob": -0.5}]});
        json!({"index": index, "message": {"content": text}, "finish_reason": "stop", "logprobs": logprobs})
    };
    let reply = read(json!({"choices": [choice(1, "b"), choice(0, "a"), choice(2, "c")]}));
    assert_eq!(reply.text, "a");
    assert_eq!(reply.logprobs, Some(json!({"content": [{"token": "a", "logprob": -0.5}]})));
    let others: Vec<(u32, &str)> =
        reply.alternatives.iter().map(|choice| (choice.index, choice.text.as_str())).collect();
    assert_eq!(others, [(1, "b"), (2, "c")]);
}

#[test]
fn usage_that_is_absent_counts_nothing() {
    assert_eq!(answer(json!({"content": "hi"})).usage, Usage::default());
}

#[test]
fn what_is_no_completion_is_malformed_with_an_excerpt() {
    let page = format!("<html>\n<body>{}</body></html>", "It works! ".repeat(10_000));
    for (body, words) in [
        (page.as_str(), "it is no JSON"),
        ("", "its body is empty"),
        (" \n", "its body is empty"),
        ("{\"choices\": []}", "it has no choices: {\"choices\": []}"),
        ("{\"object\": \"list\"}", "it has no choices"),
        ("{\"choices\": [{\"message\": {\"tool_calls\": [{}]}}]}", "missing field `function`"),
        ("[1]", "it is no chat completion"),
    ] {
        let error = read_reply(body.as_bytes(), &asked()).expect_err(words);
        assert!(matches!(error, ModelError::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().len() < 1000, "{error}");
    }
}

#[test]
fn an_error_inside_a_success_is_a_refusal() {
    let body = br#"{"error": {"message": "the provider is overloaded", "code": 503}}"#;
    let error = read_reply(body, &asked()).expect_err("an error");
    assert!(matches!(error, ModelError::Refused { status: 503, .. }), "{error:?}");
}

#[test]
fn an_errors_words_are_found_in_every_form() {
    for (body, words) in [
        (r#"{"error": {"message": "no such model", "type": "x"}}"#, "no such model"),
        (r#"{"error": "model 'x' not found"}"#, "model 'x' not found"),
        (r#"{"detail": "Not Found"}"#, "Not Found"),
        (r#"{"object": "error", "message": "too long"}"#, "too long"),
        (r#"{"odd": 1}"#, r#"{"odd":1}"#),
        ("<html><h1>502 Bad Gateway</h1></html>", "<html><h1>502 Bad Gateway</h1></html>"),
        ("", "it gave no reason"),
    ] {
        let ModelError::Refused { message, .. } = read_refusal(500, body.as_bytes()) else { panic!("{body}") };
        assert_eq!(message, words);
    }
}
