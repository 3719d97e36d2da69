use handspike_store::{Kind, NewRecord};
use serde_json::{Value, json};

use crate::support::Place;

fn names(body: &Value) -> Vec<&str> {
    body["items"].as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect()
}

#[tokio::test]
async fn a_list_has_pages_an_order_and_a_total() {
    let place = Place::new().await;
    let mut first = String::new();
    for name in ["a", "b", "c", "d", "e"] {
        let id = place.made("/users", &json!({"name": name})).await;
        if name == "a" {
            first = id;
        }
    }
    place.patch(&format!("/users/{first}"), &json!({"about": "changed"})).await;
    for (query, expected) in [
        ("", vec!["e", "d", "c", "b", "a"]),
        ("?direction=asc", vec!["a", "b", "c", "d", "e"]),
        ("?sort_by=updated_at", vec!["a", "e", "d", "c", "b"]),
        ("?limit=2&offset=1&direction=asc", vec!["b", "c"]),
        ("?limit=1", vec!["e"]),
        ("?limit=100&offset=4", vec!["a"]),
        ("?offset=5", vec![]),
        ("?offset=99999999999999", vec![]),
    ] {
        let listed = place.get(&format!("/users{query}")).await;
        assert_eq!((listed.status, names(&listed.body), &listed.body["total"]), (200, expected, &json!(5)), "{query}");
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_metadata() {
    let place = Place::new().await;
    for (name, metadata) in [
        ("number", json!({"a": {"b": 5}})),
        ("text", json!({"a": {"b": "5"}})),
        ("float", json!({"a": {"b": 5.0}})),
        ("other", json!({"a": {"b": 6}, "yes": true})),
        ("list", json!({"a": {"b": [5, "x"]}})),
    ] {
        place.made("/agents", &json!({"name": name, "metadata": metadata})).await;
    }
    for (query, expected) in [
        ("metadata_filter.a.b=5", vec!["list", "float", "text", "number"]),
        ("metadata_filter.a.b=6&metadata_filter.yes=true", vec!["other"]),
        ("metadata_filter.a.b=5&metadata_filter.yes=true", vec![]),
        ("metadata_filter=%7B%22a%22:%7B%22b%22:6%7D%7D", vec!["other"]),
        ("metadata_filter.c=%27%20OR%201=1", vec![]),
    ] {
        let listed = place.get(&format!("/agents?{query}")).await;
        assert_eq!((names(&listed.body), &listed.body["total"]), (expected.clone(), &json!(expected.len())), "{query}");
    }
    let page = place.get("/agents?metadata_filter.a.b=5&limit=2&offset=1").await;
    assert_eq!((names(&page.body), &page.body["total"]), (vec!["float", "text"], &json!(4)));
}

#[tokio::test]
async fn a_filter_looks_through_all_that_there_is() {
    let place = Place::new().await;
    for number in 0..1100 {
        let mut user = NewRecord::new(Kind::User);
        user.metadata.insert("last".to_owned(), json!(number % 550));
        place.store.create(user).await.expect("a user");
    }
    let found = place.get("/users?metadata_filter.last=0&limit=1&offset=1").await.body;
    assert_eq!((found["items"].as_array().map(Vec::len), &found["total"]), (Some(1), &json!(2)));
}

#[tokio::test]
async fn every_list_refuses_what_it_can_not_do() {
    let place = Place::new().await;
    let agent = place.agent().await;
    for path in ["/agents", "/users", "/sessions", "/projects", &format!("/agents/{agent}/tools")] {
        for query in ["limit=0", "limit=101", "limit=-1"] {
            let answer = place.get(&format!("{path}?{query}")).await;
            assert_eq!((answer.status, answer.message()), (400, "Limit must be between 1 and 100"), "{path}?{query}");
        }
        assert_eq!(place.get(&format!("{path}?offset=-1")).await.status, 400);
        for (query, mistake) in [
            ("limit=ten", ("int_parsing", "query.limit")),
            ("sort_by=name", ("literal_error", "query.sort_by")),
            ("direction=up", ("literal_error", "query.direction")),
        ] {
            assert_eq!(place.get(&format!("{path}?{query}")).await.mistakes(), [mistake], "{path}");
        }
        for query in ["limit=1", "limit=100&offset=0&nobody=1", "%00=%ff", "&&==&"] {
            assert_eq!(place.get(&format!("{path}?{query}")).await.status, 200, "{path}?{query}");
        }
    }
}
