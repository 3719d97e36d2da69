use handspike_server::SYSTEM_TEMPLATE;
use handspike_store::Kind;
use serde_json::json;

use crate::support::{NOBODY, Place, same_keys};

#[tokio::test]
async fn an_agent_lives_from_its_creation_to_its_deletion() {
    let place = Place::new().await;
    let created = place.post("/agents", &json!({"name": "Ada L.", "instructions": "Be kind.", "nobody": 1})).await;
    assert_eq!(created.status, 201);
    let path = format!("/agents/{}", created.id());
    let expected = json!({
        "name": "Ada L.", "about": "", "model": "", "instructions": ["Be kind."], "default_settings": {},
        "default_system_template": SYSTEM_TEMPLATE, "metadata": {}, "project": "default", "nobody": null,
    });
    assert_eq!(same_keys(&expected, &created.body), expected);
    let name = created.body["canonical_name"].as_str().expect("a made name").to_owned();
    assert!(name.starts_with("ada_l_"), "{name}");
    assert_eq!(created.body["created_at"], created.body["updated_at"]);

    let read = place.get(&path).await;
    assert_eq!((read.status, &read.body), (200, &created.body));

    let patched = place.patch(&path, &json!({"about": "a poet", "metadata": {"x": 1}})).await;
    assert_eq!(
        (patched.status, &patched.body["name"], &patched.body["about"]),
        (200, &json!("Ada L."), &json!("a poet"))
    );
    assert_ne!(patched.body["updated_at"], patched.body["created_at"]);
    let patched = place.patch(&path, &json!({"metadata": {"y": {"z": 2}}})).await;
    assert_eq!(patched.body["metadata"], json!({"x": 1, "y": {"z": 2}}));

    let put = place.put(&path, &json!({"name": "Eve"})).await;
    assert_eq!((put.status, &put.body["about"], &put.body["metadata"]), (200, &json!(""), &json!({})));
    assert_eq!((&put.body["canonical_name"], &put.body["id"]), (&json!(name), &created.body["id"]));

    // A client that gives back what it has read has chosen no template.
    let back = place.put(&path, &put.body).await;
    assert_eq!((back.status, &back.body["default_system_template"]), (200, &json!(SYSTEM_TEMPLATE)));
    let stored = place.store.get(Kind::Agent, created.id().parse().expect("an id")).await.expect("a record");
    assert!(stored.body["default_system_template"].is_null());

    let deleted = place.delete(&path).await;
    assert_eq!((deleted.status, &deleted.body["id"], &deleted.body["jobs"]), (202, &created.body["id"], &json!([])));
    assert!(deleted.body["deleted_at"].is_string());
    for answer in [place.get(&path).await, place.delete(&path).await, place.put(&path, &json!({"name": "x"})).await] {
        assert_eq!(answer.status, 404);
    }
    assert_eq!(place.patch(&path, &json!({})).await.status, 404);
}

#[tokio::test]
async fn an_agent_is_created_or_updated_under_an_id() {
    let place = Place::new().await;
    let path = format!("/agents/{NOBODY}");
    let created = place.post(&path, &json!({"name": "Ada", "about": "first"})).await;
    assert_eq!((created.status, &created.body["id"]), (201, &json!(NOBODY)));
    let updated = place.post(&path, &json!({"name": "Eve"})).await;
    assert_eq!((updated.status, &updated.body["name"], &updated.body["about"]), (201, &json!("Eve"), &json!("")));
    assert_eq!(updated.body["created_at"], created.body["created_at"]);
    assert_eq!(updated.body["canonical_name"], created.body["canonical_name"]);
    assert_eq!(place.get("/agents").await.body["total"], 1);
    // The id is a user's now, and can't be an agent's as well.
    let user = place.user().await;
    let taken = place.post(&format!("/agents/{user}"), &json!({"name": "Ada"})).await;
    assert_eq!((taken.status, &taken.headers["x-should-retry"]), (409, &"false".parse().expect("a value")));
}

#[tokio::test]
async fn a_canonical_name_is_one_agents_alone() {
    let place = Place::new().await;
    place.made("/agents", &json!({"name": "Ada", "canonical_name": "ada"})).await;
    let other = place.made("/agents", &json!({"name": "Ada"})).await;
    let again = place.post("/agents", &json!({"name": "Ada", "canonical_name": "ada"})).await;
    let patched = place.patch(&format!("/agents/{other}"), &json!({"canonical_name": "ada"})).await;
    for answer in [again, patched] {
        assert_eq!((answer.status, &answer.body["error"]["code"]), (409, &json!("http_409")));
        assert_eq!(answer.headers["x-should-retry"], "false");
    }
    let patched = place.patch(&format!("/agents/{other}"), &json!({"canonical_name": "eve"})).await;
    let kept = place.patch(&format!("/agents/{other}"), &json!({"canonical_name": null})).await;
    assert_eq!((&patched.body["canonical_name"], &kept.body["canonical_name"]), (&json!("eve"), &json!("eve")));
}

#[tokio::test]
async fn a_model_is_one_that_there_is() {
    let place = Place::new().await;
    let models = place.get("/agents/models").await;
    assert_eq!((models.status, models.body), (200, json!({"models": [{"id": "gpt-4o"}, {"id": "claude 3"}]})));
    let id = place.made("/agents", &json!({"name": "Ada", "model": "gpt-4o"})).await;
    let path = format!("/agents/{id}");
    for answer in [
        place.post("/agents", &json!({"name": "Ada", "model": "gpt-5"})).await,
        place.patch(&path, &json!({"model": "gpt-5"})).await,
        place.put(&path, &json!({"name": "Ada", "model": "gpt-5"})).await,
        place.post(&path, &json!({"name": "Ada", "model": "gpt-5"})).await,
    ] {
        assert_eq!((answer.status, answer.message()), (400, "The model `gpt-5` is not available"));
    }
    assert_eq!(place.patch(&path, &json!({"model": ""})).await.body["model"], "");
}

#[tokio::test]
async fn a_project_is_one_that_there_is() {
    let place = Place::new().await;
    let made = place.post("/projects", &json!({"name": "Moon shot", "metadata": {"x": 1}})).await;
    let name = made.body["canonical_name"].as_str().expect("a made name").to_owned();
    assert_eq!((made.status, &made.body["metadata"]), (201, &json!({"x": 1})));
    assert!(name.starts_with("moon_shot_"), "{name}");
    assert_eq!(place.made("/projects", &json!({"name": "Mars", "canonical_name": "mars"})).await.len(), 36);
    assert_eq!(place.post("/projects", &json!({"name": "Mars", "canonical_name": "mars"})).await.status, 409);
    assert_eq!(place.post("/projects", &json!({})).await.mistakes(), [("missing", "name")]);
    let listed = place.get("/projects?direction=asc").await;
    assert_eq!(
        (listed.status, &listed.body["total"], &listed.body["items"][0]["canonical_name"]),
        (200, &json!(3), &json!("default"))
    );

    for path in ["/agents", "/users"] {
        let id = place.made(path, &json!({"name": "Ada", "project": "mars"})).await;
        let item = format!("{path}/{id}");
        assert_eq!(place.patch(&item, &json!({"about": "x"})).await.body["project"], "mars");
        assert_eq!(place.patch(&item, &json!({"project": null})).await.body["project"], "default");
        assert_eq!(place.patch(&item, &json!({"project": "venus"})).await.status, 404);
        assert_eq!(place.post(path, &json!({"name": "Ada", "project": "venus"})).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_time_are_all_kept() {
    let place = Place::new().await;
    let path = format!("/agents/{}", place.agent().await);
    let patches = (0..8).map(|key| {
        let (router, path) = (place.router.clone(), path.clone());
        tokio::spawn(async move {
            let body = json!({"metadata": {key.to_string(): key}}).to_string();
            let request = axum::http::Request::builder().method("PATCH").uri(path).header("host", "localhost");
            let request = request
                .header("x-auth-key", crate::support::KEY)
                .body(axum::body::Body::from(body))
                .expect("a request");
            tower::ServiceExt::oneshot(router, request).await.expect("an answer").status().as_u16()
        })
    });
    for patch in patches.collect::<Vec<_>>() {
        assert_eq!(patch.await.expect("an answer"), 200);
    }
    assert_eq!(place.get(&path).await.body["metadata"].as_object().map(serde_json::Map::len), Some(8));
}
