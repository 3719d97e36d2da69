use handspike_api::{DocOwner, OwnerRole, RecallOptions, check};
use handspike_store::{Kind, NewRecord};
use serde_json::{Value, json};

use crate::support::{NOBODY, Place, same_keys};

async fn doc(place: &Place, docs: &str, title: &str, content: Value) -> String {
    place.made(docs, &json!({"title": title, "content": content})).await
}

fn titles(found: &Value) -> Vec<&str> {
    found["docs"].as_array().expect("docs").iter().map(|doc| doc["title"].as_str().expect("a title")).collect()
}

#[tokio::test]
async fn a_document_is_created_read_listed_and_deleted() {
    let place = Place::new().await;
    let (agent, user) = (place.agent().await, place.user().await);
    for owner in [format!("/agents/{agent}"), format!("/users/{user}")] {
        let docs = format!("{owner}/docs");
        let form = json!({"title": "Tea", "content": "Boil water.", "metadata": {"a": 1}, "embed_instruction": "x"});
        let created = place.post(&docs, &form).await;
        assert_eq!(created.status, 201, "{}", created.body);
        let expected = json!({
            "title": "Tea", "content": ["Boil water."], "metadata": {"a": 1}, "modality": "text", "language": null,
            "embeddings": null, "embedding_model": null, "embedding_dimensions": null,
        });
        assert_eq!(same_keys(&expected, &created.body), expected);
        assert!(created.body.get("embed_instruction").is_none());
        let read = place.get(&format!("/docs/{}", created.id())).await;
        assert_eq!((read.status, &read.body), (200, &created.body));
        let other = doc(&place, &docs, "Coffee", json!(["Grind.", "Pour."])).await;
        let listed = place.get(&format!("{docs}?sort_by=created_at&direction=asc")).await;
        assert_eq!((listed.status, &listed.body["total"]), (200, &json!(2)));
        assert_eq!(listed.body["items"][0], created.body);
        assert_eq!(listed.body["items"][1]["content"], json!(["Grind.", "Pour."]));
        let filtered = place.get(&format!("{docs}?metadata_filter.a=1")).await;
        assert_eq!(filtered.body["total"], 1);
        let deleted = place.delete(&format!("{docs}/{other}")).await;
        assert_eq!((deleted.status, &deleted.body["id"], &deleted.body["jobs"]), (202, &json!(other), &json!([])));
        assert_eq!(place.get(&format!("/docs/{other}")).await.status, 404);
        assert_eq!(place.delete(&format!("{docs}/{other}")).await.status, 404);
    }
}

#[tokio::test]
async fn the_same_document_twice_is_a_conflict_but_for_another_owner() {
    let place = Place::new().await;
    let docs = format!("/agents/{}/docs", place.agent().await);
    let form = json!({"title": "Tea", "content": ["a", "b"]});
    place.made(&docs, &form).await;
    let again = place.post(&docs, &form).await;
    assert_eq!((again.status, again.message()), (409, "There is another doc with this title and content"));
    assert_eq!(again.headers["x-should-retry"], "false");
    for other in [json!({"title": "Tea", "content": ["ab"]}), json!({"title": "Teaa", "content": ["b"]})] {
        place.made(&docs, &other).await;
    }
    place.made(&format!("/agents/{}/docs", place.agent().await), &form).await;
    place.made(&format!("/users/{}/docs", place.user().await), &form).await;
}

#[tokio::test]
async fn owners_and_documents_that_are_not_there_are_404() {
    let place = Place::new().await;
    let (agent, user) = (place.agent().await, place.user().await);
    let its = doc(&place, &format!("/agents/{agent}/docs"), "Tea", json!("Boil.")).await;
    let form = json!({"title": "Tea", "content": "Boil."});
    for owner in
        [format!("/agents/{NOBODY}"), format!("/users/{NOBODY}"), format!("/agents/{user}"), format!("/users/{agent}")]
    {
        assert_eq!(place.get(&format!("{owner}/docs")).await.status, 404, "{owner}");
        assert_eq!(place.post(&format!("{owner}/docs"), &form).await.status, 404, "{owner}");
        assert_eq!(place.post(&format!("{owner}/search"), &json!({"text": "tea"})).await.status, 404, "{owner}");
        assert_eq!(place.delete(&format!("{owner}/docs/{its}")).await.status, 404, "{owner}");
        let all = json!({"delete_all": true}).to_string();
        assert_eq!(place.send("DELETE", &format!("{owner}/docs"), all).await.status, 404, "{owner}");
    }
    assert_eq!(place.get(&format!("/docs/{NOBODY}")).await.status, 404);
    assert_eq!(place.get("/docs/x").await.mistakes(), [("uuid_parsing", "path.doc_id")]);
    let wrong = place.post(&format!("/agents/{agent}/docs"), &json!({"title": 5, "content": [5]})).await;
    assert_eq!(wrong.mistakes(), [("string_type", "title"), ("string_type", "content[0]")]);
    let nul = place.post(&format!("/agents/{agent}/docs"), &json!({"title": "t", "content": "\0"})).await;
    assert_eq!((nul.status, nul.message()), (400, "A NUL character can't be kept in a document"));
}

#[tokio::test]
async fn several_documents_are_deleted_by_their_metadata_or_all() {
    let place = Place::new().await;
    let docs = format!("/agents/{}/docs", place.agent().await);
    for (title, metadata) in [("a", json!({"n": 1})), ("b", json!({"n": 2, "x": {"y": "z"}})), ("c", json!({"n": 2}))] {
        place.made(&docs, &json!({"title": title, "content": "tea", "metadata": metadata})).await;
    }
    let delete = async |body: Value| {
        let answer = place.send("DELETE", &docs, body.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.body["items"].as_array().expect("items").len()
    };
    assert_eq!(delete(json!({})).await, 0);
    assert_eq!(delete(json!({"metadata_filter": {"n": 3}})).await, 0);
    assert_eq!(delete(json!({"metadata_filter": {"n": 2, "x": {"y": "z"}}})).await, 1);
    assert_eq!(place.get(&docs).await.body["total"], 2);
    assert_eq!(delete(json!({"delete_all": true})).await, 2);
    assert_eq!(place.get(&docs).await.body["total"], 0);
}

#[tokio::test]
async fn a_search_by_words_finds_what_an_owner_has() {
    let place = Place::new().await;
    let (agent, user) = (place.agent().await, place.user().await);
    let (of_agent, of_user) = (format!("/agents/{agent}/docs"), format!("/users/{user}/docs"));
    let tea = doc(&place, &of_agent, "Tea", json!(["Of kettles.", "Green tea wants 70 degrees."])).await;
    doc(&place, &of_agent, "Sheep", json!("They graze.")).await;
    doc(&place, &of_user, "Likes", json!("Bob likes tea.")).await;
    let found = place.post(&format!("/agents/{agent}/search"), &json!({"text": "Which teas are there?"})).await;
    assert_eq!(found.status, 200, "{}", found.body);
    assert!(found.body["time"].as_f64().expect("a time") > 0.0);
    let [only] = &found.body["docs"].as_array().expect("docs")[..] else { panic!("{}", found.body) };
    let expected = json!({
        "id": tea, "owner": {"id": agent, "role": "agent"}, "title": "Tea",
        "snippet": {"index": 1, "content": "Green tea wants 70 degrees.", "embedding": null}, "metadata": {},
    });
    assert_eq!(same_keys(&expected, only), expected);
    assert!(only["distance"].as_f64().is_some_and(|distance| (0.0..1.0).contains(&distance)));
    let path = format!("/users/{user}/search");
    let found = place.post(&path, &json!({"text": "tea", "limit": 1, "lang": "en"})).await;
    assert_eq!((titles(&found.body), &found.body["docs"][0]["owner"]["role"]), (vec!["Likes"], &json!("user")));
    for (text, threshold, expected) in [("liikes", json!(0.4), vec!["Likes"]), ("liikes", json!(null), vec![])] {
        let asked = json!({"text": text, "trigram_similarity_threshold": threshold});
        assert_eq!(titles(&place.post(&path, &asked).await.body), expected);
    }
    let none = place.post(&path, &json!({"text": "tea", "metadata_filter": {"a": 1}})).await;
    assert_eq!(titles(&none.body), Vec::<&str>::new());
}

#[tokio::test]
async fn a_search_by_meaning_says_that_it_is_not_there() {
    let place = Place::new().await;
    let path = format!("/agents/{}/search", place.agent().await);
    for asked in [json!({"vector": [0.5, 0.5]}), json!({"text": "tea", "vector": [0.5], "alpha": 0.2})] {
        let answer = place.post(&path, &asked).await;
        assert_eq!((answer.status, answer.message()), (400, "Vector search is not available yet"));
        assert_eq!(answer.body["error"]["fix"], "Give a `text` and no `vector`.");
    }
    assert_eq!(
        place.post(&path, &json!({"text": "tea", "lang": "english!"})).await.mistakes(),
        [("string_pattern_mismatch", "lang")]
    );
    assert_eq!(place.post(&path, &json!({})).await.mistakes(), [("missing", "text")]);
}

#[tokio::test]
async fn what_is_said_last_recalls_documents_of_all_owners() {
    let place = Place::new().await;
    let (server, store) = (&place.server, &place.store);
    let mut owners = Vec::new();
    for (kind, role) in [(Kind::Agent, OwnerRole::Agent), (Kind::User, OwnerRole::User)] {
        let id = store.create(NewRecord::new(kind)).await.expect("stored").id;
        owners.push(DocOwner { id, role });
    }
    let options = |options: Value| check::read_value::<RecallOptions>(options).expect("fits");
    let text = options(json!({"mode": "text", "num_search_messages": 2, "max_query_length": 100}));
    let said = ["Tell me of sheep.", "They graze.", "And how hot is green tea?"];
    let none = server.recall(&owners, &said, &options(json!({}))).await.expect("recalled");
    assert!(none.docs.is_empty() && none.warning.is_none());
    for (owner, title, content) in [
        (&owners[0], "Tea", "Green tea wants 70 degrees."),
        (&owners[1], "Likes", "Bob likes green tea, and hot."),
        (&owners[1], "Sheep", "Sheep eat grass."),
        (&owners[0], "Grazing", "It is green there, and on and on: ".repeat(50).leak()),
    ] {
        let record = NewRecord { parent: Some(owner.id), ..NewRecord::new(Kind::Doc) };
        store.create_doc(record, title, &[content.to_owned()]).await.expect("stored");
    }
    let recalled = server.recall(&owners, &said, &text).await.expect("recalled");
    let found: Vec<_> =
        recalled.docs.iter().map(|doc| (doc.title.as_deref().expect("a title"), doc.owner.role)).collect();
    assert_eq!(found, [("Likes", OwnerRole::User), ("Tea", OwnerRole::Agent)]);
    assert!(recalled.warning.is_none());
    let expected = json!({"title": "Likes", "content": ["Bob likes green tea, and hot."], "metadata": {}});
    assert_eq!(recalled.for_templates()[0], expected);
    let by_meaning = server.recall(&owners, &said, &options(json!({}))).await.expect("recalled");
    assert!(by_meaning.docs.len() >= 2);
    assert_eq!(by_meaning.warning.expect("a warning").field, "recall_options.mode");
    assert!(server.recall(&owners, &[], &text).await.expect("recalled").docs.is_empty());
}
