//! What a model is told: templates, documents, and as much of the history as there is room for.

use handspike_prompt::{tokens_of_message, tokens_of_text};
use handspike_store::{HistoryPage, Kind, NewRecord};
use handspike_types::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fakes::{PICTURE, call, say},
    support::{NOBODY, Place},
};

fn user(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn the_system_template_is_rendered_with_who_takes_part() {
    let place = Place::new().await;
    let agent = json!({"name": "Ada", "about": "a poet", "model": "gpt-4o", "instructions": ["Be kind.", "Be brief."]});
    let agent = place.made("/agents", &agent).await;
    let bob = place.made("/users", &json!({"name": "Bob", "about": "likes tea"})).await;
    let session = place.made("/sessions", &json!({"agent": agent, "situation": "At work"})).await;
    place.models.will([say("a"), say("b"), say("c")]);
    place.chat(&session, &user("hi")).await;
    let expected = "You are Ada. About you: a poet. \nSituation: At work\n\nInstructions:\n- Be kind.\n- Be brief.\n\n";
    assert_eq!(place.models.last().system_prompt, expected);
    let session = place.made("/sessions", &json!({"agent": agent, "user": bob})).await;
    place.chat(&session, &user("hi")).await;
    let told = place.models.last().system_prompt;
    assert!(told.contains("You are talking to a user  and their name is Bob. About the user: likes tea."), "{told}");

    let template = "{{ agent.name }}|{{ current_agent.id == agents[0].id }}|{{ users[0].name.upper() }}|{{ settings.model }}|\
        {{ settings.seed }}|{{ tools[0].name }}|{{ metadata.x }}|{{ nobody }}|{{ session.situation }}";
    let session = json!({"agent": agent, "user": bob, "system_template": template, "situation": "s"});
    let session = place.made("/sessions", &session).await;
    let mut body = user("hi");
    body["seed"] = json!(5);
    body["metadata"] = json!({"x": 7});
    body["tools"] = json!([{"name": "ask", "type": "function"}]);
    place.chat(&session, &body).await;
    assert_eq!(place.models.last().system_prompt, "Ada|True|BOB|gpt-4o|5|ask|7||s");
}

#[tokio::test]
async fn what_system_and_assistant_say_is_rendered_and_kept_as_it_was_posted() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    place.models.will([say("a"), say("b"), say("c")]);
    let text = "{{ agent.name }} {{ 7 * 7 }}";
    let call =
        json!({"id": "{{ 1 }}", "type": "function", "function": {"name": "f", "arguments": "{\"x\": \"{{ 1 }}\"}"}});
    let messages = json!([
        {"role": "system", "content": text},
        {"role": "user", "content": "{{ 7 * 7 }} {% boom"},
        {"role": "assistant", "content": [{"text": text, "cache": 1}], "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "{{ 1 }}", "content": "{{ boom("},
    ]);
    let answer = place.chat(&session, &json!({"messages": messages})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let asked = place.models.last().messages;
    let texts: Vec<_> = asked.iter().map(Message::joined_text).collect();
    assert_eq!(texts, ["Ada 49", "{{ 7 * 7 }} {% boom", "Ada 49", "{{ boom("]);
    let history = place.history(&session).await;
    assert_eq!((&history[0].2, &history[2].2), (&json!(text), &messages[2]["content"]));
    // What was rendered once is not rendered again.
    place.chat(&session, &user("more")).await;
    assert_eq!(place.models.last().messages[0], Message::system("Ada 49"));

    place.patch(&format!("/sessions/{session}"), &json!({"render_templates": false})).await;
    place.chat(&session, &json!({"messages": [{"role": "system", "content": text}]})).await;
    assert_eq!(place.models.last().messages.last().map(Message::joined_text).as_deref(), Some(text));
}

#[tokio::test]
async fn a_template_that_is_wrong_is_told_before_anything_is_asked() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    for (template, start) in [
        ("{{ nobody.name }}", "Template undefined variable"),
        ("{% if %}", "Template syntax error"),
        ("{{ boom() }}", "Template undefined variable"),
        ("{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}", "Template too costly"),
    ] {
        let body = json!({"messages": [{"role": "system", "content": template}]});
        let answer = place.chat(&session, &body).await;
        assert!(answer.status == 400 && answer.message().starts_with(start), "{}", answer.body);
        place.patch(&format!("/sessions/{session}"), &json!({"system_template": template})).await;
        assert_eq!(place.chat(&session, &user("hi")).await.status, 400);
        place.patch(&format!("/sessions/{session}"), &json!({"system_template": null})).await;
    }
    assert!(place.models.seen().is_empty());
    assert_eq!(place.history(&session).await, []);
}

#[tokio::test]
async fn documents_that_have_the_words_are_recalled() {
    let place = Place::new().await;
    let session = place.session(&[]).await;
    let read = place.get(&format!("/sessions/{session}")).await.body;
    let agent: Uuid = read["agents"][0].as_str().expect("an id").parse().expect("an id");
    let record = NewRecord { parent: Some(agent), ..NewRecord::new(Kind::Doc) };
    let pieces = ["Tomatoes want sun and water.".to_owned()];
    let doc = place.store.create_doc(record, "Garden", &pieces).await.expect("stored").id;
    place.models.will([say("a"), say("b"), say("c")]);
    let answer = place.chat(&session, &user("how do I water tomatoes?")).await;
    let found = &answer.body["docs"][0];
    assert_eq!(
        (&found["id"], &found["title"], &found["owner"]["role"]),
        (&json!(doc), &json!("Garden"), &json!("agent"))
    );
    assert_eq!(found["snippet"]["content"], "Tomatoes want sun and water.");
    assert!(
        place.models.last().system_prompt.contains("Relevant documents:\nGarden\nTomatoes want sun and water.\n---\n"),
        "{}",
        place.models.last().system_prompt
    );
    let mut body = user("how do I water tomatoes?");
    body["recall"] = json!(false);
    assert_eq!(place.chat(&session, &body).await.body["docs"], json!([]));
    place.patch(&format!("/sessions/{session}"), &json!({"recall_options": null})).await;
    assert_eq!(place.chat(&session, &user("water tomatoes")).await.body["docs"], json!([]));
}

/// What the last request took.
fn tokens(place: &Place) -> u64 {
    let asked = place.models.last();
    tokens_of_text(&asked.system_prompt) + asked.messages.iter().map(tokens_of_message).sum::<u64>()
}

async fn long_session(place: &Place, settings: Value) -> String {
    let session = place.session(&[json!({"name": "bash", "type": "bash_20241022"})]).await;
    place.patch(&format!("/sessions/{session}"), &settings).await;
    session
}

#[tokio::test]
async fn what_there_is_no_room_for_is_left_out_in_rare_large_steps() {
    let place = Place::new().await;
    let budget = json!({"token_budget": 1200, "context_overflow": "truncate"});
    let session = long_session(&place, budget).await;
    let mut firsts: Vec<Message> = Vec::new();
    for turn in 0..40 {
        place.models.will([call([("c", "bash", json!({"command": "ls"}))]), say(&format!("answer {turn}"))]);
        let answer = place.chat(&session, &user(&format!("question {turn} {}", "word ".repeat(20)))).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert!(tokens(&place) <= 1200, "{} tokens", tokens(&place));
        let asked = place.models.last();
        assert!(asked.system_prompt.starts_with("You are Ada."), "the system prompt stays");
        assert!(asked.messages.len() > 4 || turn < 2, "room is used");
        let first = asked.messages[0].clone();
        assert!(matches!(first, Message::User { .. }), "{first:?}");
        if firsts.last() != Some(&first) {
            firsts.push(first);
        }
    }
    assert!((2..12).contains(&firsts.len()), "{} cuts", firsts.len());

    let unbounded = long_session(&place, json!({"token_budget": 100})).await;
    place.models.will([say("a")]);
    assert_eq!(place.chat(&unbounded, &user(&"word ".repeat(500))).await.status, 201, "nothing is to be done about it");
    let bounded = long_session(&place, json!({"context_overflow": "truncate"})).await;
    *place.models.window.lock().expect("nobody panics here") = Some(300);
    let too_big = place.chat(&bounded, &user(&"word ".repeat(500))).await;
    assert_eq!((too_big.status, &too_big.body["error"]["code"]), (400, &json!("prompt_too_big")));
    assert_eq!(place.history(&bounded).await, []);
}

#[tokio::test]
async fn a_turn_that_grows_beyond_the_room_goes_on() {
    let place = Place::new().await;
    let session = long_session(&place, json!({"token_budget": 1500, "context_overflow": "truncate"})).await;
    let long = format!("{}!", "word ".repeat(60));
    place.models.will((0..30).map(|_| call([("c", "bash", json!({"command": long}))])));
    place.models.will([say("done")]);
    let answer = place.chat(&session, &user("go")).await;
    assert_eq!((answer.status, &answer.body["choices"][0]["message"]["content"]), (201, &json!("done")));
    assert!(place.models.seen().iter().all(|seen| {
        let tokens: u64 = seen.messages.iter().map(tokens_of_message).sum();
        tokens <= 1500 && seen.messages[0] == Message::user("go")
    }));
    assert_eq!(place.history(&session).await.len(), 62, "nothing of it is lost");
}

#[tokio::test]
async fn what_is_left_out_may_be_summed_up() {
    let place = Place::new().await;
    let session = long_session(&place, json!({"token_budget": 1000, "context_overflow": "adaptive"})).await;
    let mut summaries = 0;
    place.models.think(|messages| {
        let is_summary = messages[0].joined_text().starts_with("The conversation:");
        say(if is_summary { "the gist" } else { "answer" })
    });
    let mut used = 0;
    for turn in 0..20 {
        let before = place.models.seen().len();
        let answer = place.chat(&session, &user(&format!("question {turn} {}", "word ".repeat(40)))).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let asked = place.models.seen().len() - before;
        used += answer.body["usage"]["total_tokens"].as_u64().expect("a number");
        assert_eq!(answer.body["usage"]["total_tokens"], 11 * asked as u64, "a summary costs, too");
        summaries += asked - 1;
        assert!(tokens(&place) <= 1000);
        if summaries > 0 {
            assert!(place.models.last().messages[0].joined_text().ends_with("the gist"));
        }
    }
    assert!((1..10).contains(&summaries) && used > 0, "{summaries} summaries");
    assert!(place.history(&session).await.iter().all(|(source, ..)| source.starts_with("api_")), "it is not shown");
    let page = HistoryPage { sources: vec!["summarizer".to_owned()], ..HistoryPage::last(100) };
    let kept = place.store.entries(session.parse().expect("an id"), &page).await.expect("entries");
    assert_eq!(kept.len(), summaries);
}

#[tokio::test]
async fn a_render_shows_what_a_chat_would_send_and_sends_nothing() {
    let place = Place::new().await;
    let tools =
        [json!({"name": "bash", "type": "bash_20241022"}), json!({"name": "computer", "type": "computer_20241022"})];
    let session = place.session(&tools).await;
    place.models.will([call([("c1", "computer", json!({"action": "screenshot"}))]), say("done")]);
    place.chat(&session, &user("look")).await;
    let path = format!("/sessions/{session}/render");
    let mut body = user("more");
    body["messages"].as_array_mut().expect("a list").insert(0, json!({"role": "system", "content": "{{ 1 + 1 }}"}));
    body["tool_choice"] = json!("auto");
    let rendered = place.post(&path, &body).await;
    assert_eq!(rendered.status, 200, "{}", rendered.body);
    let messages = rendered.body["messages"].as_array().expect("a list");
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap_or_default()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "system", "user"]);
    assert_eq!(messages[0]["content"], "You are Ada. \n\n\n");
    assert_eq!((&messages[5]["content"], &messages[6]["content"]), (&json!("2"), &json!("more")));
    assert_eq!(messages[2]["tool_calls"][0]["type"], "computer_20241022");
    assert!(messages[3]["content"].to_string().contains(PICTURE));
    assert_eq!(
        (rendered.body["tools"].as_array().map(Vec::len), &rendered.body["tool_choice"]),
        (Some(2), &json!("auto"))
    );
    assert_eq!(rendered.body["tools"][0]["name"], "bash");
    assert_eq!(place.models.seen().len(), 2);
    assert_eq!(place.history(&session).await.len(), 4);
    assert_eq!(place.post(&format!("/sessions/{NOBODY}/render"), &user("hi")).await.status, 404);
    assert_eq!(place.post(&path, &json!({"messages": []})).await.mistakes(), [("too_short", "messages")]);
    let unknown = json!({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]});
    assert_eq!(place.post(&path, &unknown).await.status, 400);
}
