use handspike_store::{Found, Kind, NewRecord, Search, Store, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Place, map, named, on_both};

async fn owner(store: &Store, kind: Kind) -> Uuid {
    store.create(NewRecord::new(kind)).await.expect("stored").id
}

async fn doc(store: &Store, owner: Uuid, title: &str, pieces: &[&str], metadata: Value) -> Uuid {
    let pieces: Vec<String> = pieces.iter().map(|&piece| piece.to_owned()).collect();
    let record = NewRecord {
        parent: Some(owner),
        metadata: map(metadata),
        body: map(json!({"title": title, "content": pieces})),
        ..named(Kind::Doc, title)
    };
    store.create_doc(record, title, &pieces).await.expect("stored").id
}

fn search(owners: &[Uuid], text: &str) -> Search {
    Search {
        owners: owners.to_vec(),
        text: text.to_owned(),
        lang: "en-US".to_owned(),
        metadata: Vec::new(),
        limit: 10,
        similarity: None,
    }
}

async fn titles(store: &Store, search: &Search) -> Vec<String> {
    let found = store.search(search).await.expect("searched");
    assert!(found.is_sorted_by(|one, other| one.distance <= other.distance));
    found.into_iter().map(|found| found.title).collect()
}

on_both! {
    async fn a_document_is_found_by_words_in_any_form_and_the_best_comes_first(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        doc(&store, agent, "Tea", &["How to boil water.", "Green tea wants 70 degrees. Teas differ."], json!({})).await;
        doc(&store, agent, "Kettles", &["A kettle boils water for tea and for all else that is hot."], json!({})).await;
        doc(&store, agent, "Sheep", &["They graze."], json!({})).await;
        assert_eq!(titles(&store, &search(&[agent], "What about tea?")).await, ["Tea", "Kettles"]);
        assert_eq!(titles(&store, &search(&[agent], "boiling kettle")).await, ["Kettles", "Tea"]);
        assert_eq!(titles(&store, &search(&[agent], "SHEEP'S grazing")).await, ["Sheep"]);
        assert_eq!(titles(&store, &search(&[agent], "nothing of that kind")).await, Vec::<String>::new());
        for nothing in ["", " ?! ", "the"] {
            assert_eq!(store.search(&search(&[agent], nothing)).await.expect("searched"), [], "{nothing}");
        }
        let found = store.search(&search(&[agent], "degrees")).await.expect("searched");
        let [Found { index, snippet, owner, distance, .. }] = &found[..] else { panic!("{found:?}") };
        assert_eq!((*index, snippet.as_str(), *owner), (1, "Green tea wants 70 degrees. Teas differ.", agent));
        assert!((0.0..1.0).contains(distance));
    }

    async fn a_search_sees_the_documents_of_its_owners_only(place: &Place) {
        let store = place.open().await;
        let (agent, user, other) =
            (owner(&store, Kind::Agent).await, owner(&store, Kind::User).await, owner(&store, Kind::Agent).await);
        for (owner, title) in [(agent, "mine"), (user, "yours"), (other, "theirs")] {
            doc(&store, owner, title, &["the same text about tea"], json!({})).await;
        }
        let mut both = titles(&store, &search(&[user, agent], "tea")).await;
        both.sort();
        assert_eq!(both, ["mine", "yours"]);
        assert_eq!(titles(&store, &search(&[other], "tea")).await, ["theirs"]);
        assert_eq!(titles(&store, &search(&[], "tea")).await, Vec::<String>::new());
        assert_eq!(titles(&store, &search(&[Uuid::now_v7()], "tea")).await, Vec::<String>::new());
        // What stands for an owner in the index gives nobody else's documents away.
        assert_eq!(titles(&store, &search(&[agent], &format!("owner{}", other.simple()))).await, Vec::<String>::new());
    }

    async fn a_search_wants_metadata_and_no_more_than_its_limit(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        for number in 0..20 {
            let title = format!("tea {number:02}");
            doc(&store, agent, &title, &["tea"], json!({"n": number, "even": {"yes": number % 2 == 0}})).await;
        }
        let all = search(&[agent], "tea");
        assert_eq!(titles(&store, &Search { limit: 5, ..all.clone() }).await.len(), 5);
        assert_eq!(titles(&store, &Search { limit: 500, ..all.clone() }).await.len(), 20);
        assert_eq!(titles(&store, &Search { limit: 0, ..all.clone() }).await.len(), 0);
        let seven = Search { metadata: vec![("n".to_owned(), json!(7.0))], ..all.clone() };
        assert_eq!(titles(&store, &seven).await, ["tea 07"]);
        let even = Search { metadata: vec![("even".to_owned(), json!({"yes": true}))], limit: 50, ..all };
        assert_eq!(titles(&store, &even).await.len(), 10);
    }

    async fn words_that_are_misspelt_are_found_where_that_is_asked_for(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        doc(&store, agent, "capstan", &["It is turned with a handspike."], json!({})).await;
        let exact = search(&[agent], "where is my handpsike");
        assert_eq!(titles(&store, &exact).await, Vec::<String>::new());
        assert_eq!(titles(&store, &Search { similarity: Some(0.95), ..exact.clone() }).await, Vec::<String>::new());
        assert_eq!(titles(&store, &Search { similarity: Some(0.3), ..exact }).await, ["capstan"]);
    }

    async fn languages_without_spaces_and_with_accents_are_found(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        doc(&store, agent, "大学", &["我在北京大学学习。"], json!({})).await;
        doc(&store, agent, "Häuser", &["Die Gebäude der Straße"], json!({})).await;
        let in_lang = |lang: &str, text: &str| Search { lang: lang.to_owned(), ..search(&[agent], text) };
        assert_eq!(titles(&store, &in_lang("zh", "北京")).await, ["大学"]);
        assert_eq!(titles(&store, &in_lang("de-DE", "ein Haus in der STRASSE")).await, ["Häuser"]);
        assert_eq!(titles(&store, &in_lang("xx-Latn", "gebaude")).await, ["Häuser"]);
    }

    async fn words_of_a_search_are_no_language_of_the_database(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        let hostile = r#"NEAR(a b) OR "x" AND NOT * : ^ title:y 'z' | & ! <-> \ {a} ${1} %"#;
        doc(&store, agent, hostile, &[hostile], json!({})).await;
        for text in [hostile, "\"", "'", "NEAR", "AND OR NOT", "a:*", "\\", "😀", "a\u{301}\u{301}\u{301}", &"x".repeat(100_000)] {
            store.search(&Search { similarity: Some(0.1), ..search(&[agent], text) }).await.expect(text);
        }
        assert_eq!(titles(&store, &search(&[agent], "near title")).await, [hostile]);
        let nul = store.create_doc(NewRecord { parent: Some(agent), ..NewRecord::new(Kind::Doc) }, "t", &["\0".to_owned()]).await;
        assert!(matches!(nul, Err(StoreError::Nul("a document"))));
    }

    async fn a_long_piece_is_shown_in_part(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        let long = format!("{} the handspike stands here {}", "lorem ipsum ".repeat(1200), "dolor sit ".repeat(1200));
        doc(&store, agent, "long", &[&long], json!({})).await;
        let found = store.search(&search(&[agent], "handspike")).await.expect("searched");
        assert!(found[0].snippet.contains("the handspike stands here") && found[0].snippet.len() <= 2000);
    }

    async fn what_is_deleted_is_not_found_any_more(place: &Place) {
        let store = place.open().await;
        let (agent, other) = (owner(&store, Kind::Agent).await, owner(&store, Kind::Agent).await);
        let first = doc(&store, agent, "first", &["tea", "tea again"], json!({})).await;
        doc(&store, agent, "second", &["tea"], json!({"a": 1})).await;
        doc(&store, agent, "third", &["tea"], json!({"a": 1, "b": {"c": 2}})).await;
        doc(&store, other, "fourth", &["tea"], json!({"a": 1})).await;
        store.delete(Kind::Doc, first).await.expect("deleted");
        assert_eq!(titles(&store, &search(&[agent], "tea")).await.len(), 2);
        let gone = store.delete_docs(agent, &[("a".to_owned(), json!(1)), ("b.c".to_owned(), json!(2))]).await.expect("deleted");
        assert_eq!(gone.len(), 1);
        assert_eq!(titles(&store, &search(&[agent], "tea")).await, ["second"]);
        assert_eq!(store.delete_docs(agent, &[]).await.expect("deleted").len(), 1);
        assert_eq!(store.delete_docs(agent, &[]).await.expect("deleted"), Vec::<Uuid>::new());
        assert_eq!(titles(&store, &search(&[agent], "tea")).await, Vec::<String>::new());
        // With its owner goes what it has.
        store.delete(Kind::Agent, other).await.expect("deleted");
        assert_eq!(titles(&store, &search(&[other], "tea")).await, Vec::<String>::new());
        assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
    }

    async fn a_document_needs_an_owner_and_a_name_of_its_own(place: &Place) {
        let store = place.open().await;
        let agent = owner(&store, Kind::Agent).await;
        let record = || NewRecord { parent: Some(agent), ..named(Kind::Doc, "hash") };
        store.create_doc(record(), "t", &["tea".to_owned()]).await.expect("stored");
        let again = store.create_doc(record(), "t", &["tea".to_owned()]).await;
        assert!(matches!(again, Err(StoreError::Duplicate { kind: Kind::Doc })));
        assert_eq!(store.search(&search(&[agent], "tea")).await.expect("searched").len(), 1);
        let nobody = NewRecord { parent: Some(Uuid::now_v7()), ..NewRecord::new(Kind::Doc) };
        assert!(matches!(store.create_doc(nobody, "t", &[]).await, Err(StoreError::NoSuchParent { .. })));
    }
}

#[tokio::test]
async fn a_backup_finds_what_the_store_finds() {
    let place = Place::sqlite();
    let store = place.open().await;
    let agent = owner(&store, Kind::Agent).await;
    let gone = doc(&store, agent, "gone", &["tea"], json!({})).await;
    doc(&store, agent, "kept", &["tea"], json!({})).await;
    store.delete(Kind::Doc, gone).await.expect("deleted");
    let backup = place.folder.path().join("backup");
    store.backup(&backup).await.expect("backed up");
    let to = handspike_store::Location::file(place.folder.path().join("again.db"));
    Store::restore(&backup, &to).await.expect("restored");
    let again = Store::open(&to).await.expect("opened");
    assert_eq!(titles(&again, &search(&[agent], "tea")).await, ["kept"]);
    doc(&again, agent, "new", &["more tea"], json!({})).await;
    assert_eq!(titles(&again, &search(&[agent], "more")).await, ["new"]);
}
