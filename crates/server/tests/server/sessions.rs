use serde_json::{Value, json};

use crate::support::{NOBODY, Place, same_keys};

#[tokio::test]
async fn a_session_shows_its_participants_and_its_kind() {
    let place = Place::new().await;
    let (ada, eve) = (place.agent().await, place.agent().await);
    let (bob, cat) = (place.user().await, place.user().await);
    for (body, kind, agents, users) in [
        (json!({"agent": ada}), "single_agent_no_user", vec![&ada], vec![]),
        (json!({"agent": ada, "user": bob}), "single_agent_single_user", vec![&ada], vec![&bob]),
        (json!({"agents": [ada], "users": [cat, bob]}), "single_agent_multi_user", vec![&ada], vec![&cat, &bob]),
        (json!({"agents": [eve, ada], "users": []}), "multi_agent_no_user", vec![&eve, &ada], vec![]),
        (json!({"agents": [eve, ada], "user": bob}), "multi_agent_single_user", vec![&eve, &ada], vec![&bob]),
        (
            json!({"agents": [eve, ada], "users": [bob, cat]}),
            "multi_agent_multi_user",
            vec![&eve, &ada],
            vec![&bob, &cat],
        ),
    ] {
        let created = place.post("/sessions", &body).await;
        let expected = json!({"kind": kind, "agents": agents, "users": users, "summary": null, "render_templates": true,
            "auto_run_tools": null, "forward_tool_calls": false, "token_budget": null, "metadata": {}});
        assert_eq!((created.status, same_keys(&expected, &created.body)), (201, expected), "{body}");
        assert_eq!(place.get(&format!("/sessions/{}", created.id())).await.body, created.body);
    }
    assert_eq!(place.get("/sessions").await.body["items"][5]["kind"], "single_agent_no_user");
}

#[tokio::test]
async fn participants_that_do_not_fit_are_refused() {
    let place = Place::new().await;
    let (ada, bob) = (place.agent().await, place.user().await);
    let invalid = "The specified participant ID is invalid for the given participant type during create";
    for (body, message) in [
        (json!({}), "At least one agent must be provided"),
        (json!({"agents": []}), "At least one agent must be provided"),
        (json!({"agent": ada, "agents": [ada]}), "Only one of 'agent' or 'agents' should be provided"),
        (json!({"agent": ada, "user": bob, "users": [bob]}), "Only one of 'user' or 'users' should be provided"),
        (json!({"agent": NOBODY}), invalid),
        (json!({"agent": bob}), invalid),
        (json!({"agent": ada, "user": ada}), invalid),
        (json!({"agent": ada, "users": [bob, NOBODY]}), invalid),
    ] {
        let answer = place.post("/sessions", &body).await;
        assert_eq!(
            (answer.status, answer.message(), &answer.body["error"]["code"]),
            (400, message, &json!("http_400"))
        );
    }
    assert_eq!(place.post("/sessions", &json!({"agent": "x"})).await.mistakes(), [("uuid_parsing", "agent")]);
    assert_eq!(place.get("/sessions").await.body["total"], 0);
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_a_put_all_but_the_participants() {
    let place = Place::new().await;
    let ada = place.agent().await;
    let body = json!({
        "agent": ada, "situation": "At work", "render_templates": false, "forward_tool_calls": true, "token_budget": 100,
        "context_overflow": "truncate", "auto_run_tools": false, "recall_options": null, "limits": {"max_steps": 5},
        "metadata": {"a": 1}, "system_template": "{{ agent.name }}",
    });
    let created = place.post("/sessions", &body).await;
    let path = format!("/sessions/{}", created.id());
    let patched = place.patch(&path, &json!({"token_budget": 200, "metadata": {"b": 2}, "agent": NOBODY})).await;
    let mut expected = created.body.clone();
    expected["token_budget"] = json!(200);
    expected["metadata"] = json!({"a": 1, "b": 2});
    expected["updated_at"] = patched.body["updated_at"].clone();
    assert_eq!((patched.status, &patched.body), (200, &expected));

    let put = place.put(&path, &json!({"situation": "At home"})).await;
    let expected = json!({"situation": "At home", "render_templates": true, "forward_tool_calls": false,
        "token_budget": null, "limits": null, "metadata": {}, "agents": [ada]});
    assert_eq!((put.status, same_keys(&expected, &put.body)), (200, expected));
    assert_eq!(put.body["recall_options"]["mode"], "vector");
}

#[tokio::test]
async fn ranges_of_a_session_are_kept_at_creation_and_afterwards() {
    let place = Place::new().await;
    let ada = place.agent().await;
    let id = place.made("/sessions", &json!({"agent": ada})).await;
    let path = format!("/sessions/{id}");
    for (field, value, mistake) in [
        ("token_budget", json!(0), "greater_than"),
        ("context_overflow", json!("explode"), "literal_error"),
        ("auto_run_tools", json!(1), "bool_type"),
        ("render_templates", json!(null), "bool_type"),
    ] {
        let with = |base: Value| {
            let mut body = base;
            body[field] = value.clone();
            body
        };
        assert_eq!(place.post("/sessions", &with(json!({"agent": ada}))).await.mistakes(), [(mistake, field)]);
        assert_eq!(place.put(&path, &with(json!({}))).await.mistakes(), [(mistake, field)]);
        assert_eq!(place.patch(&path, &with(json!({}))).await.mistakes(), [(mistake, field)]);
    }
    for blank in [json!({"agent": ada, "situation": " \n"}), json!({"agent": ada, "system_template": ""})] {
        assert_eq!(place.post("/sessions", &blank).await.status, 400);
        assert_eq!(place.put(&path, &blank).await.status, 400);
        assert_eq!(place.patch(&path, &blank).await.status, 400);
        assert_eq!(place.post(&path, &blank).await.status, 400);
    }
}

#[tokio::test]
async fn a_session_is_created_or_updated_under_an_id() {
    let place = Place::new().await;
    let (ada, bob) = (place.agent().await, place.user().await);
    let path = format!("/sessions/{NOBODY}");
    assert_eq!(place.post(&path, &json!({})).await.status, 400);
    let created = place.post(&path, &json!({"agent": ada, "situation": "one"})).await;
    assert_eq!((created.status, &created.body["id"]), (201, &json!(NOBODY)));
    for body in [json!({"agents": [ada], "situation": "two"}), json!({"situation": "two"})] {
        let updated = place.post(&path, &body).await;
        assert_eq!(
            (updated.status, &updated.body["situation"], &updated.body["agents"]),
            (201, &json!("two"), &json!([ada]))
        );
    }
    let others = place.post(&path, &json!({"agent": ada, "user": bob})).await;
    assert_eq!((others.status, others.message()), (400, "The participants of a session can't be changed"));
    assert_eq!(place.post(&format!("/sessions/{ada}"), &json!({"agent": ada})).await.status, 409);
    assert_eq!(place.delete(&path).await.status, 202);
    for answer in [place.get(&path).await, place.delete(&path).await, place.patch(&path, &json!({})).await] {
        assert_eq!(answer.status, 404);
    }
}
