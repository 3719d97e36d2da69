use axum::{body::Body, http::Request};
use handspike_core::ModelReply;
use handspike_types::{ContentPart, FinishReason, Image, ImageDetail, Message, ResponseFormat};
use serde_json::{Value, json};

use crate::{
    fakes::{Answer, choice, reply, say},
    support::{KEY, Place, same_keys},
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn a_chat_is_answered_and_kept() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    place.models.will([say("hello"), say("again")]);
    let answer = place.chat(&session, &user("hi")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.id();
    let expected = json!({
        "jobs": [], "docs": [], "pending_tool_calls": [], "stop_details": null, "warnings": [],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
    });
    assert_eq!(same_keys(&expected, &answer.body), expected);
    let choice = &answer.body["choices"][0];
    let expected = json!({"index": 0, "finish_reason": "stop", "logprobs": null, "tool_calls": null});
    assert_eq!(same_keys(&expected, choice), expected);
    let expected =
        json!({"role": "assistant", "content": "hello", "name": null, "tool_call_id": null, "tool_calls": null});
    assert_eq!(same_keys(&expected, &choice["message"]), expected);
    assert_eq!(answer.body["messages"], json!([choice["message"]]));

    place.chat(&session, &user("more")).await;
    let asked = place.models.last();
    let conversation = [Message::user("hi"), Message::assistant("hello", Vec::new()), Message::user("more")];
    assert_eq!((asked.model.as_str(), asked.messages.as_slice()), ("gpt-4o", &conversation[..]));
    let said = |source: &str, role: &str, text: &str| (source.to_owned(), role.to_owned(), json!(text));
    let expected = [
        said("api_request", "user", "hi"),
        said("api_response", "assistant", "hello"),
        said("api_request", "user", "more"),
        said("api_response", "assistant", "again"),
    ];
    assert_eq!(place.history(&session).await, expected);
    let entries = place.get(&format!("/sessions/{session}/history")).await.body["entries"].clone();
    assert_eq!((&entries[1]["id"], &entries[1]["model"]), (&choice["message"]["id"], &json!("gpt-4o")));
}

#[tokio::test]
async fn what_is_not_to_be_saved_is_in_no_history() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    place.models.will([say("hello"), say("kept")]);
    let mut body = user("a secret");
    body["save"] = json!(false);
    let answer = place.chat(&session, &body).await;
    assert_eq!((answer.status, &answer.body["choices"][0]["message"]["id"]), (201, &Value::Null));
    assert_eq!(place.history(&session).await, []);
    let events = place.store.events_after(session.parse().expect("an id"), 0, 100).await.expect("events");
    assert!(!events.is_empty());
    let told = format!("{events:?}");
    assert!(!told.contains("secret") && !told.contains("hello"), "{told}");
    place.chat(&session, &user("hi")).await;
    assert_eq!(place.models.last().messages, [Message::user("hi")]);
}

#[tokio::test]
async fn what_was_posted_comes_back_as_it_was_posted() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    place.models.will([say("fine")]);
    let picture = "data:image/png;base64,iVBORw0KGgo=";
    let messages = json!([
        {"role": "system", "content": "be brief", "nobody": 1},
        {"role": "user", "content": ["a", "b"], "name": "Bob"},
        {"role": "user", "content": [
            {"type": "text", "text": "look", "cache": {"z": 1, "a": 2}},
            {"image_url": {"url": picture, "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        ]},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "bash_20241022", "function": {"name": "bash", "arguments": "{\"command\":  \"ls\"}"},
             "bash_20241022": {"command": "ls"}, "nobody": 5},
            {"command": "pwd"},
            {"action": "screenshot", "coordinate": null},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"text": "out"}], "name": "bash"},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c9", "content": [{"source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]},
            {"type": "text", "text": "and?"},
        ]},
    ]);
    // Only what was asked can be answered.
    let refused = place.chat(&session, &json!({"messages": messages})).await;
    assert_eq!((refused.status, refused.message()), (400, "no call `c9` awaits an answer"));
    assert_eq!(place.history(&session).await, []);
    let mut messages = messages;
    messages[5]["content"].as_array_mut().expect("a list").remove(0);
    let answer = place.chat(&session, &json!({"messages": messages})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let read = place.get(&format!("/sessions/{session}/history")).await.body["entries"].clone();
    for (posted, entry) in messages.as_array().expect("a list").iter().zip(read.as_array().expect("a list")) {
        for key in ["role", "content", "name", "tool_calls", "tool_call_id"] {
            assert_eq!(entry[key].to_string(), posted[key].to_string(), "{key}");
        }
    }

    let asked = place.models.last().messages;
    let Message::User { content, .. } = &asked[2] else { panic!("{asked:?}") };
    let low = Image { detail: Some(ImageDetail::Low), ..Image::new("image/png", "iVBORw0KGgo=") };
    let expected =
        [ContentPart::text("look"), ContentPart::Image(low), ContentPart::Image(Image::at("https://x.test/a.png"))];
    assert_eq!(content.as_slice(), expected);
    let (Message::Assistant { tool_calls, .. }, Message::Tools { results }) = (&asked[3], &asked[4]) else {
        panic!("{asked:?}")
    };
    let names: Vec<_> = tool_calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["bash", "bash", "computer"]);
    assert_eq!(results.len(), 3, "those that nobody has answered are answered as such");
    // The bytes are beside the database, once.
    let rows = place.store.entries(session.parse().expect("an id"), &handspike_store::HistoryPage::last(10)).await;
    assert!(!format!("{:?}", rows.expect("entries")).contains("iVBORw0KGgo="));
}

#[tokio::test]
async fn settings_are_merged_and_reach_the_model() {
    let place = Place::new().await;
    let agent = json!({"name": "Ada", "model": "gpt-4o", "default_settings": {"temperature": 0.5, "top_p": 0.9}});
    let agent = place.made("/agents", &agent).await;
    let session = place.made("/sessions", &json!({"agent": agent})).await;
    place.models.will([say("a"), say("b")]);
    place.chat(&session, &user("hi")).await;
    let asked = place.models.last();
    assert_eq!((asked.settings.temperature, asked.settings.top_p), (Some(0.5), Some(0.9)));
    let mut body = user("hi");
    let settings = json!({
        "model": "claude 3", "temperature": null, "top_p": "0.25", "stop": ["."], "seed": -1, "max_tokens": 7,
        "logit_bias": {"5": 1.5}, "response_format": {"type": "json_object"}, "frequency_penalty": 2,
        "presence_penalty": -2, "repetition_penalty": 1.5, "length_penalty": 0.5, "min_p": 0, "n": 1,
        "logprobs": true, "top_logprobs": 3,
    });
    body.as_object_mut().expect("an object").extend(settings.as_object().expect("an object").clone());
    let answer = place.chat(&session, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let asked = place.models.last();
    let settings = asked.settings;
    assert_eq!((asked.model.as_str(), settings.temperature, settings.top_p), ("claude 3", None, Some(0.25)));
    assert_eq!((settings.stop, settings.seed, settings.max_tokens), (vec![".".to_owned()], Some(-1), Some(7)));
    assert_eq!((settings.logit_bias["5"], settings.response_format), (1.5, Some(ResponseFormat::JsonObject)));
    assert_eq!((settings.frequency_penalty, settings.presence_penalty), (Some(2.0), Some(-2.0)));
    assert_eq!((settings.repetition_penalty, settings.length_penalty), (Some(1.5), Some(0.5)));
    assert_eq!(
        (settings.min_p, settings.n, settings.logprobs, settings.top_logprobs),
        (Some(0.0), None, Some(true), Some(3))
    );
}

#[tokio::test]
async fn several_choices_are_answered_and_kept_and_the_talk_goes_on_with_the_first() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let alternatives = vec![choice(1, "two"), choice(2, "three")];
    let logprobs = Some(json!({"content": [{"token": "one", "logprob": -0.5, "bytes": null, "top_logprobs": []}]}));
    let several = ModelReply { alternatives, logprobs, ..reply("one", Vec::new(), FinishReason::Stop) };
    place.models.will([Answer::Reply(several), say("on")]);
    let mut body = user("hi");
    body["n"] = json!(3);
    let answer = place.chat(&session, &body).await;
    let choices: Vec<_> = (0..3).map(|index| answer.body["choices"][index]["message"]["content"].clone()).collect();
    assert_eq!((answer.status, choices), (201, vec![json!("one"), json!("two"), json!("three")]));
    assert_eq!(answer.body["choices"][2]["index"], 2);
    assert_eq!(answer.body["choices"][0]["logprobs"]["content"][0]["token"], "one");
    assert_eq!(answer.body["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(place.models.last().settings.n, Some(3));
    assert_eq!(place.history(&session).await.len(), 4);
    place.chat(&session, &user("more")).await;
    let conversation = [Message::user("hi"), Message::assistant("one", Vec::new()), Message::user("more")];
    assert_eq!(place.models.last().messages, conversation);
}

#[tokio::test]
async fn the_agent_that_is_named_answers() {
    let place = Place::new().await;
    let (ada, eve) = (
        place.made("/agents", &json!({"name": "Ada", "model": "gpt-4o"})).await,
        place.made("/agents", &json!({"name": "Eve", "model": "claude 3", "default_settings": {"seed": 3}})).await,
    );
    place.made(&format!("/agents/{eve}/tools"), &json!({"name": "look", "type": "function"})).await;
    let session = place.made("/sessions", &json!({"agents": [ada, eve]})).await;
    place.models.will([say("a"), say("b"), say("c")]);
    place.chat(&session, &user("hi")).await;
    assert_eq!((place.models.last().model.as_str(), place.models.last().tools.len()), ("gpt-4o", 0));
    for (agent, model, seed) in [(eve, "claude 3", Some(3)), (ada, "gpt-4o", None)] {
        let mut body = user("hi");
        body["agent"] = json!(agent);
        assert_eq!(place.chat(&session, &body).await.status, 201);
        assert_eq!((place.models.last().model.as_str(), place.models.last().settings.seed), (model, seed));
    }
    let mut body = user("hi");
    body["agent"] = json!(place.agent().await);
    let stranger = place.chat(&session, &body).await;
    assert!(stranger.status == 400 && stranger.message().ends_with("does not take part in the session"));
}

#[tokio::test]
async fn an_agent_without_a_model_uses_the_servers() {
    let place = Place::new().await;
    let session = place.made("/sessions", &json!({"agent": place.agent().await})).await;
    place.models.will([say("a")]);
    assert_eq!(place.chat(&session, &user("hi")).await.status, 201);
    assert_eq!(place.models.last().model, "gpt-4o");
}

#[tokio::test]
async fn a_clients_own_key_goes_to_the_provider() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let ask = async |key: Option<&str>| {
        let request = Request::post(format!("/sessions/{session}/chat")).header("host", "localhost");
        let request = request.header("x-auth-key", KEY);
        let request = key.into_iter().fold(request, |request, key| request.header("x-custom-api-key", key));
        place.ask(request.body(Body::from(user("hi").to_string())).expect("a request")).await
    };
    place.models.will([say("a"), say("b")]);
    assert_eq!(ask(Some("sk-mine")).await.status, 201);
    assert_eq!(place.models.last().key.as_deref(), Some("sk-mine"));
    assert_eq!(ask(None).await.status, 201);
    assert_eq!(place.models.last().key, None);
    let refused = ask(Some("refused")).await;
    assert_eq!((refused.status, refused.message()), (400, "the key can't be used"));
    assert_eq!(refused.body["error"]["fix"], "give another");
}

#[tokio::test]
async fn what_could_not_be_honoured_is_told() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let warnings = vec!["`temperature` 5 was sent as 2, the provider's limit".to_owned()];
    let answer = ModelReply { warnings, ..reply("a", Vec::new(), FinishReason::Stop) };
    place.models.will([Answer::Reply(answer)]);
    let mut body = user("hi");
    body["temperature"] = json!(5);
    body["limits"] = json!({"max_cost": 0.5});
    let answer = place.chat(&session, &body).await;
    let fields: Vec<_> = (0..2).map(|index| answer.body["warnings"][index]["field"].clone()).collect();
    assert_eq!(fields, ["limits.max_cost", "temperature"], "{}", answer.body);
}

#[tokio::test]
async fn an_answer_may_be_cut_or_withheld() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    for (reason, word) in [(FinishReason::Length, "length"), (FinishReason::ContentFilter, "content_filter")] {
        place.models.will([Answer::Reply(reply("par", Vec::new(), reason))]);
        let answer = place.chat(&session, &user("hi")).await;
        let choice = &answer.body["choices"][0];
        assert_eq!(
            (answer.status, &choice["finish_reason"], &choice["message"]["content"]),
            (201, &json!(word), &json!("par"))
        );
        assert_eq!(answer.body["stop_details"], Value::Null);
    }
    assert_eq!(place.history(&session).await.len(), 4);
}
