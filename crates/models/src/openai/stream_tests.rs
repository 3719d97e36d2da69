use super::*;
use crate::openai::names::ToolNames;

fn asked() -> Asked {
    Asked { messages: 3, names: ToolNames::default() }
}

/// The answer of a stream of these chunks, and what it said on the way.
fn stream(chunks: &[Value]) -> (Result<ModelReply, ModelError>, Vec<ModelDelta>) {
    let asked = asked();
    let mut answer = Assembly::new(&asked);
    let mut deltas = Vec::new();
    for chunk in chunks {
        match answer.take(chunk.to_string().as_bytes()) {
            Ok(more) => deltas.extend(more),
            Err(error) => return (Err(error), deltas),
        }
    }
    (answer.into_reply(), deltas)
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}], "usage": null})
}

fn end(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// A stream of pieces of calls to its end.
fn calls(pieces: &[Value]) -> (Vec<ToolCall>, Vec<ToolCallDelta>) {
    let chunks = pieces.iter().map(|piece| delta(json!({"tool_calls": [piece]})));
    let chunks: Vec<Value> = chunks.chain([end("tool_calls")]).collect();
    let (reply, deltas) = stream(&chunks);
    (reply.expect("a whole answer").tool_calls, deltas.into_iter().filter_map(|delta| delta.tool_call).collect())
}

fn ids_and_arguments(calls: &[ToolCall]) -> Vec<(&str, &str, String)> {
    calls.iter().map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.to_string())).collect()
}

#[test]
fn text_and_usage_are_put_together_and_passed_on() {
    let (reply, deltas) = stream(&[
        delta(json!({"role": "assistant", "content": ""})),
        delta(json!({"content": "hel"})),
        delta(json!({"content": "lo", "obfuscation": "xyz"})),
        end("stop"),
        json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}),
    ]);
    let usage = Usage { input_tokens: 5, output_tokens: 2 };
    let whole = ModelReply { usage, ..ModelReply::new("hello", Vec::new(), handspike_types::FinishReason::Stop) };
    assert_eq!(reply.expect("a whole answer"), whole);
    let texts: Vec<String> = deltas.into_iter().map(|delta| delta.text).collect();
    assert_eq!(texts, ["hel", "lo"]);
}

#[test]
fn pieces_of_calls_are_put_together_by_index() {
    let (calls, deltas) = calls(&[
        json!({"index": 0, "id": "a", "type": "function", "function": {"name": "bash", "arguments": ""}}),
        json!({"index": 1, "id": "b", "function": {"name": "echo", "arguments": "{\"t\""}}),
        json!({"index": 0, "function": {"arguments": "{\"command\": "}}),
        json!({"index": 1, "function": {"arguments": ": 1}"}}),
        json!({"index": 0, "function": {"arguments": "\"ls\"}"}}),
    ]);
    assert_eq!(
        ids_and_arguments(&calls),
        [("a", "bash", r#"{"command":"ls"}"#.to_owned()), ("b", "echo", r#"{"t":1}"#.to_owned())]
    );
    let first = ToolCallDelta { index: 0, id: Some("a".into()), name: Some("bash".into()), arguments: String::new() };
    let last = ToolCallDelta { index: 0, id: None, name: None, arguments: "\"ls\"}".to_owned() };
    assert_eq!((&deltas[0], &deltas[4]), (&first, &last));
}

#[test]
fn whole_calls_that_all_have_index_0_or_none_stay_apart() {
    let piece =
        |index: Value, id: Value| json!({"index": index, "id": id, "function": {"name": "bash", "arguments": "{}"}});
    for index in [json!(0), Value::Null] {
        let (apart, _) = calls(&[piece(index.clone(), json!("a")), piece(index.clone(), json!("b"))]);
        assert_eq!(ids_and_arguments(&apart).len(), 2, "{index}");
        let (apart, _) = calls(&[piece(index.clone(), json!("")), piece(index.clone(), Value::Null)]);
        let ids: Vec<&str> = apart.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["call_3_1", "call_3_2"], "{index}");
    }
}

#[test]
fn an_id_or_name_that_comes_with_every_piece_or_late_makes_no_second_call() {
    let piece = |id: Value, arguments: &str| json!({"index": 0, "id": id, "function": {"name": "bash", "arguments": arguments}});
    let (one, _) = calls(&[piece(json!("a"), "{\"x\":"), piece(json!("a"), " 1}")]);
    assert_eq!(ids_and_arguments(&one), [("a", "bash", r#"{"x":1}"#.to_owned())]);
    let (one, deltas) = calls(&[piece(Value::Null, "{\"x\":"), piece(json!("late"), " 1}")]);
    assert_eq!(ids_and_arguments(&one), [("call_3_1", "bash", r#"{"x":1}"#.to_owned())]);
    assert_eq!(deltas[0].id.as_deref(), Some("call_3_1"));
}

#[test]
fn arguments_may_come_as_an_object() {
    let (calls, deltas) = calls(&[json!({"id": "a", "function": {"name": "bash", "arguments": {"x": 1}}})]);
    assert_eq!(calls[0].arguments, json!({"x": 1}));
    assert_eq!(deltas[0].arguments, r#"{"x":1}"#);
}

#[test]
fn choices_are_kept_apart_and_come_in_order() {
    let chunk = |index: u32, text: &str| json!({"choices": [{"index": index, "delta": {"content": text}}]});
    let ends = |index: u32, reason: &str| json!({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]});
    let (reply, deltas) =
        stream(&[chunk(1, "b"), chunk(0, "a"), chunk(1, "B"), ends(1, "length"), chunk(0, "A"), ends(0, "stop")]);
    let reply = reply.expect("a whole answer");
    assert_eq!(reply.text, "aA");
    let other = &reply.alternatives[0];
    assert_eq!((other.index, other.text.as_str()), (1, "bB"));
    assert_eq!(other.finish_reason, handspike_types::FinishReason::Length);
    assert_eq!(deltas.iter().map(|delta| delta.choice).collect::<Vec<_>>(), [1, 0, 1, 0]);
}

#[test]
fn log_probabilities_are_joined() {
    let chunk = |token: &str| {
        let logprobs = json!({"content": [{"token": token, "logprob": -1.0}], "refusal": null});
        json!({"choices": [{"delta": {"content": token}, "logprobs": logprobs}]})
    };
    let (reply, _) = stream(&[chunk("a"), chunk("b"), end("stop")]);
    let tokens = json!({"content": [{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -1.0}]});
    assert_eq!(reply.expect("a whole answer").logprobs, Some(tokens));
}

#[test]
fn a_refusal_is_text() {
    let (reply, deltas) =
        stream(&[delta(json!({"refusal": "I will "})), delta(json!({"refusal": "not"})), end("stop")]);
    assert_eq!(reply.expect("a whole answer").text, "I will not");
    assert_eq!(deltas.len(), 2);
}

#[test]
fn a_stream_without_its_end_was_cut_wherever_it_ended() {
    let call = json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "bash", "arguments": "{}"}}]});
    let chunks = [delta(json!({"content": "I look."})), delta(call), end("tool_calls")];
    for length in 0..chunks.len() {
        let (reply, _) = stream(&chunks[..length]);
        assert!(matches!(reply, Err(ModelError::CutOff { .. })), "{reply:?}");
    }
    assert_eq!(stream(&chunks).0.expect("a whole answer").tool_calls.len(), 1);
}

#[test]
fn a_choice_that_did_not_end_cuts_the_answer_unless_the_server_says_that_it_is_done() {
    let asked = asked();
    for (last, is_whole) in [(&b" "[..], false), (b"[DONE]", true)] {
        let mut answer = Assembly::new(&asked);
        answer.take(delta(json!({"content": "hi"})).to_string().as_bytes()).expect("a chunk");
        answer.take(last).expect("nothing or the end");
        assert_eq!((answer.is_done(), answer.into_reply().is_ok()), (is_whole, is_whole));
    }
}

#[test]
fn an_error_in_the_stream_is_a_refusal() {
    for error in [
        json!({"error": {"message": "overloaded", "code": 503}}),
        json!({"object": "error", "message": "overloaded", "code": 503}),
    ] {
        let (reply, deltas) = stream(&[delta(json!({"content": "hi"})), error]);
        let error = reply.expect_err("an error");
        assert!(matches!(&error, ModelError::Refused { status: 503, message } if message == "overloaded"), "{error:?}");
        assert_eq!(deltas.len(), 1);
    }
}

#[test]
fn what_is_no_chunk_is_malformed_and_what_never_ends_is_bounded() {
    let asked = asked();
    for chunk in ["<html>", "{\"choices\": 7}", "[1]"] {
        let error = Assembly::new(&asked).take(chunk.as_bytes()).expect_err(chunk);
        assert!(matches!(error, ModelError::Malformed { .. }), "{error:?}");
    }
    let many =
        |choice: u32, call: u32| json!({"choices": [{"index": choice, "delta": {"tool_calls": [{"index": call}]}}]});
    for flood in [(0..2000).map(|index| many(index, 0)).collect(), (0..2000).map(|index| many(0, index)).collect()] {
        let chunks: Vec<Value> = flood;
        let (reply, deltas) = stream(&chunks);
        assert!(matches!(reply, Err(ModelError::Malformed { .. })), "{reply:?}");
        assert!(deltas.len() <= MOST_CALLS, "{}", deltas.len());
    }
}
