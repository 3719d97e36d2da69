//! What those who watch a server are told.

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::{
    fakes::{call, say},
    support::{KEY, Place},
};

/// The metrics, as a program with this key gets them.
async fn metrics(place: &Place, key: &str) -> (u16, String) {
    let request = Request::get("/metrics").header("host", "localhost").header("x-auth-key", key);
    let request = request.body(Body::empty()).expect("a request");
    let response = place.router.clone().oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn metrics_are_behind_the_key() {
    let place = Place::new().await;
    assert_eq!(metrics(&place, "fedcba9876543210").await.0, 403);
    assert_eq!(metrics(&place, KEY).await.0, 200);
}

#[tokio::test]
async fn turns_steps_tools_tokens_and_requests_are_measured() {
    let place = Place::new().await;
    let tool = json!({"name": "bash", "type": "bash_20241022", "bash_20241022": {}});
    let session = place.session(&[tool]).await;
    place.models.will([call([("c1", "bash", json!({"command": "ls"}))]), say("done")]);
    let answer = place.chat(&session, &json!({"messages": [{"role": "user", "content": "hi"}]})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    place.get(&format!("/agents/{}", crate::support::NOBODY)).await;
    let (_, text) = metrics(&place, KEY).await;
    for line in [
        r#"handspike_turn_duration_seconds_count{outcome="done"} 1"#,
        r#"handspike_step_duration_seconds_count{model="gpt-4o",result="answered"} 2"#,
        r#"handspike_tool_duration_seconds_count{tool="bash",result="ok"} 1"#,
        r#"handspike_tokens_total{model="gpt-4o",kind="input"} 20"#,
        r#"handspike_requests_total{method="POST",route="/sessions/{session_id}/chat",status="201"} 1"#,
        r#"handspike_requests_total{method="GET",route="/agents/{agent_id}",status="404"} 1"#,
        "handspike_turns_open 0",
    ] {
        assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
    }
    assert!(!text.contains(&session), "an id is no label");
}
