use serde_json::json;

use crate::support::{NOBODY, Place};

#[tokio::test]
async fn a_user_lives_from_creation_to_deletion() {
    let place = Place::new().await;
    let created = place.post("/users", &json!({})).await;
    assert_eq!((created.status, &created.body["name"], &created.body["project"]), (201, &json!(""), &json!("default")));
    let path = format!("/users/{}", created.id());
    assert_eq!(place.get(&path).await.body, created.body);
    let patched = place.patch(&path, &json!({"name": "Bob", "metadata": {"a": [1, {"b": null}]}})).await;
    assert_eq!((patched.status, &patched.body["metadata"]), (200, &json!({"a": [1, {"b": null}]})));
    let put = place.put(&path, &json!({"about": "new"})).await;
    assert_eq!((put.status, &put.body["name"], &put.body["about"]), (200, &json!(""), &json!("new")));
    let deleted = place.delete(&path).await;
    assert_eq!((deleted.status, &deleted.body["id"]), (202, &created.body["id"]));
    assert_eq!(place.get(&path).await.status, 404);
    let made = place.post(&format!("/users/{NOBODY}"), &json!({"name": "Eve"})).await;
    assert_eq!((made.status, &made.body["id"]), (201, &json!(NOBODY)));
}

#[tokio::test]
async fn names_have_a_form_and_texts_a_length() {
    let place = Place::new().await;
    for (body, mistake) in [
        (json!({"name": "4tune"}), ("string_pattern_mismatch", "name")),
        (json!({"name": "x".repeat(121)}), ("string_too_long", "name")),
        (json!({"name": null}), ("string_type", "name")),
        (json!({"about": "x".repeat(16_001)}), ("string_too_long", "about")),
        (json!({"metadata": []}), ("dict_type", "metadata")),
        (json!({"project": ""}), ("string_too_short", "project")),
    ] {
        assert_eq!(place.post("/users", &body).await.mistakes(), [mistake], "{body}");
    }
    for body in [json!({"name": "x".repeat(120)}), json!({"about": "é".repeat(16_000)}), json!({"metadata": null})] {
        place.made("/users", &body).await;
    }
}
