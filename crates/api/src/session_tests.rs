use serde_json::{Value, json};

use super::*;
use crate::{check::read_value, merge_patch};

const ADA: &str = "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e11";
const BOB: &str = "0191b6f4-0d2c-7c3e-8d70-2b1f0a6c9e12";

fn new(body: Value) -> NewSession {
    read_value(body).expect("fits")
}

#[test]
fn a_session_has_agents_and_users_each_once() {
    for (body, agents, users, kind) in [
        (json!({"agent": ADA}), 1, 0, "single_agent_no_user"),
        (json!({"agents": [ADA], "user": BOB}), 1, 1, "single_agent_single_user"),
        (json!({"agent": ADA, "agents": null, "users": [ADA, BOB]}), 1, 2, "single_agent_multi_user"),
        (json!({"agents": [ADA, BOB, ADA], "users": []}), 2, 0, "multi_agent_no_user"),
        (json!({"agents": [ADA, BOB], "users": [BOB]}), 2, 1, "multi_agent_single_user"),
        (json!({"agents": [ADA, BOB], "users": [BOB, ADA]}), 2, 2, "multi_agent_multi_user"),
    ] {
        let participants = new(body.clone()).participants().expect("they go together");
        assert_eq!((participants.agents.len(), participants.users.len()), (agents, users), "{body}");
        assert_eq!(serde_json::to_value(SessionKind::of(&participants)).expect("JSON"), kind);
    }
}

#[test]
fn participants_that_do_not_go_together_are_refused() {
    for (body, error) in [
        (json!({}), SessionError::NoAgent),
        (json!({"agents": []}), SessionError::NoAgent),
        (json!({"agent": ADA, "agents": [BOB]}), SessionError::AgentAndAgents),
        (json!({"agent": ADA, "user": ADA, "users": [BOB]}), SessionError::UserAndUsers),
    ] {
        assert_eq!(new(body.clone()).participants(), Err(error), "{body}");
    }
}

#[test]
fn texts_are_not_blank() {
    for (body, checked) in [
        (json!({"situation": " \n"}), Err(SessionError::BlankSituation)),
        (json!({"system_template": ""}), Err(SessionError::BlankSystemTemplate)),
        (json!({"situation": null, "system_template": "{{ agent.name }}"}), Ok(())),
    ] {
        assert_eq!(new(body).form.checked(), checked);
    }
}

#[test]
fn recall_is_usual_where_it_is_left_out_or_empty_and_off_where_it_is_null() {
    assert_eq!(new(json!({})).form.recall_options, Some(RecallOptions::default()));
    assert_eq!(new(json!({"recall_options": {}})).form.recall_options, Some(RecallOptions::default()));
    assert_eq!(new(json!({"recall_options": null})).form.recall_options, None);
}

#[test]
fn a_session_is_read_with_its_participants_and_its_kind() {
    let body = new(json!({"agent": ADA, "auto_run_tools": null}));
    let participants = body.participants().expect("an agent");
    let time = "2026-03-01T12:00:00Z".to_owned();
    let session = Session {
        id: Uuid::nil(),
        created_at: time.clone(),
        updated_at: time,
        kind: SessionKind::of(&participants),
        agents: participants.agents,
        users: participants.users,
        summary: None,
        form: body.form,
    };
    let json = serde_json::to_value(session).expect("JSON");
    let shown =
        json!({"kind": json["kind"], "agents": json["agents"], "users": json["users"], "auto": json["auto_run_tools"]});
    assert_eq!(shown, json!({"kind": "single_agent_no_user", "agents": [ADA], "users": [], "auto": null}));
    assert_eq!(json["render_templates"], true);
}

#[test]
fn a_patch_changes_what_it_names_and_nothing_else() {
    let body = json!({
        "render_templates": false, "forward_tool_calls": true, "recall_options": null, "limits": {"max_steps": 5},
    });
    let form: SessionForm = read_value(body).expect("fits");
    let patch: SessionPatch = read_value(json!({"situation": "at work", "agent": ADA})).expect("fits");
    let merged = merge_patch(serde_json::to_value(form.clone()).expect("JSON"), patch.into_json());
    let merged: SessionForm = read_value(merged).expect("fits");
    assert_eq!(merged, SessionForm { situation: Some("at work".to_owned()), ..form });
}
