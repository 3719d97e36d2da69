use handspike_store::{Direction, Expected, Kind, List, NewRecord, Participants, SortBy, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Place, map, named, on_both};

on_both! {
    async fn a_record_is_read_as_it_was_stored(place: &Place) {
        let store = place.open().await;
        let body = map(json!({"z": 1, "a": [null, true, "ü\u{0}\u{1F980}", 1.5, u64::MAX, f64::MAX], "m": {}}));
        let mut body = body;
        // Whole families of floats, as some parsers lose the last digit of one in a few.
        let floats = (1..2000_u64).map(|n| f64::from_bits(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        body.insert("floats".to_owned(), floats.filter(|float| float.is_finite()).collect());
        let new = NewRecord { metadata: map(json!({"b": 1, "a": "\u{0}"})), body, ..named(Kind::Agent, "Zoë") };
        let stored = store.create(new.clone()).await.expect("stored");
        assert_eq!(stored.created_at, stored.updated_at);
        assert!(stored.created_at > 1_700_000_000_000_000, "{}", stored.created_at);
        let read = store.get(Kind::Agent, new.id).await.expect("there");
        assert_eq!(read, stored);
        let (before, after) = (Value::Object(new.body), Value::Object(read.body));
        assert_eq!(before.to_string(), after.to_string(), "in the order of writing, too");
        assert_eq!(store.get_by_name(Kind::Agent, None, "Zoë").await.expect("read"), Some(stored));
        assert_eq!(store.get_by_name(Kind::User, None, "Zoë").await.expect("read"), None);
    }

    async fn a_record_is_found_as_what_it_is_only(place: &Place) {
        let store = place.open().await;
        let id = store.create(NewRecord::new(Kind::Agent)).await.expect("stored").id;
        let wrong = store.get(Kind::User, id).await.expect_err("an agent");
        assert!(matches!(wrong, StoreError::NotFound { kind: Kind::User, id: named } if named == id), "{wrong}");
        assert!(matches!(store.delete(Kind::User, id).await, Err(StoreError::NotFound { .. })));
        let unknown = NewRecord::new(Kind::Agent);
        assert!(matches!(store.replace(unknown, Expected::Any).await, Err(StoreError::NotFound { .. })));
        store.get(Kind::Agent, id).await.expect("still there");
    }

    async fn a_name_is_given_once_beside_the_same_parent(place: &Place) {
        let store = place.open().await;
        let mut parents = Vec::new();
        for _ in 0..2 {
            parents.push(store.create(NewRecord::new(Kind::Agent)).await.expect("an agent, without a name").id);
        }
        let tool = |parent| NewRecord { parent: Some(parent), ..named(Kind::Tool, "bash") };
        let first = store.create(tool(parents[0])).await.expect("stored");
        store.create(tool(parents[1])).await.expect("another parent");
        let again = store.create(tool(parents[0])).await.expect_err("a second");
        assert!(matches!(again, StoreError::Duplicate { kind: Kind::Tool }), "{again}");
        store.create(named(Kind::Project, "p")).await.expect("no parent");
        assert!(matches!(store.create(named(Kind::Project, "p")).await, Err(StoreError::Duplicate { .. })));
        store.create(named(Kind::Agent, "p")).await.expect("another kind");
        let same_id = NewRecord { id: first.id, ..NewRecord::new(Kind::User) };
        assert!(matches!(store.create(same_id).await, Err(StoreError::Duplicate { .. })));
        let other = store.create(NewRecord { name: Some("sh".to_owned()), ..tool(parents[0]) }).await.expect("stored");
        let renamed = NewRecord { id: other.id, ..tool(parents[0]) };
        assert!(matches!(store.replace(renamed, Expected::Any).await, Err(StoreError::Duplicate { .. })));
        let orphan = store.create(tool(Uuid::now_v7())).await.expect_err("no such agent");
        assert!(matches!(orphan, StoreError::NoSuchParent { kind: Kind::Tool, .. }), "{orphan}");
        assert!(matches!(store.create(named(Kind::Agent, "a\0")).await, Err(StoreError::Nul("a name"))));
    }

    async fn a_change_that_came_between_is_not_overwritten(place: &Place) {
        let store = place.open().await;
        let new = NewRecord::new(Kind::User);
        let read = store.create(new.clone()).await.expect("stored");
        let change = |value: i32| NewRecord { metadata: map(json!({"v": value})), ..new.clone() };
        let expected = Expected::UpdatedAt(read.updated_at);
        let changed = store.replace(change(1), expected).await.expect("unchanged before");
        assert!(changed.updated_at > read.updated_at);
        assert_eq!(changed.created_at, read.created_at);
        let late = store.replace(change(2), expected).await.expect_err("changed meanwhile");
        assert!(matches!(late, StoreError::Changed { .. }), "{late}");
        assert_eq!(store.get(Kind::User, new.id).await.expect("there"), changed);
        store.replace(change(3), Expected::Any).await.expect("whatever it is");
    }

    async fn create_or_replace_does_either(place: &Place) {
        let store = place.open().await;
        let new = NewRecord { body: map(json!({"v": 1})), ..named(Kind::Agent, "a") };
        let first = store.create_or_replace(new.clone()).await.expect("created");
        let second = NewRecord { body: map(json!({"v": 2})), ..new };
        let second = store.create_or_replace(second).await.expect("replaced");
        assert_eq!((second.id, second.created_at), (first.id, first.created_at));
        assert_eq!(store.list(&List::of(Kind::Agent)).await.expect("a list").items, [second]);
    }

    async fn an_agent_takes_its_tools_along(place: &Place) {
        let store = place.open().await;
        let agent = store.create(NewRecord::new(Kind::Agent)).await.expect("stored").id;
        let tool = NewRecord { parent: Some(agent), ..NewRecord::new(Kind::Tool) };
        let tool = store.create(tool).await.expect("stored").id;
        store.delete(Kind::Agent, agent).await.expect("deleted");
        assert!(matches!(store.get(Kind::Tool, tool).await, Err(StoreError::NotFound { .. })));
    }

    async fn a_list_is_read_in_pages_from_either_end(place: &Place) {
        let store = place.open().await;
        let agent = store.create(NewRecord::new(Kind::Agent)).await.expect("stored").id;
        let mut ids = Vec::new();
        for _ in 0..5 {
            let tool = NewRecord { parent: Some(agent), ..NewRecord::new(Kind::Tool) };
            ids.push(store.create(tool).await.expect("stored").id);
        }
        let of_agent = List { parent: Some(agent), limit: 2, offset: 1, ..List::of(Kind::Tool) };
        let page = store.list(&of_agent).await.expect("a page");
        assert_eq!(page.total, 5);
        assert_eq!(page.items.iter().map(|item| item.id).collect::<Vec<_>>(), [ids[3], ids[2]]);
        let ascending = List { direction: Direction::Ascending, ..of_agent.clone() };
        let page = store.list(&ascending).await.expect("a page");
        assert_eq!(page.items.iter().map(|item| item.id).collect::<Vec<_>>(), [ids[1], ids[2]]);
        store.replace(NewRecord { id: ids[0], ..NewRecord::new(Kind::Tool) }, Expected::Any).await.expect("changed");
        let changed = List { sort_by: SortBy::UpdatedAt, offset: 0, ..of_agent.clone() };
        assert_eq!(store.list(&changed).await.expect("a page").items[0].id, ids[0]);
        let beyond = store.list(&List { offset: 100, ..of_agent }).await.expect("a page");
        assert_eq!((beyond.items.len(), beyond.total), (0, 5));
        let of_nobody = List { parent: Some(Uuid::now_v7()), ..List::of(Kind::Tool) };
        assert_eq!(store.list(&of_nobody).await.expect("a page").total, 0);
    }

    async fn metadata_is_compared_by_json_value(place: &Place) {
        let store = place.open().await;
        let all = [
            ("number", json!({"a": {"b": 1}})),
            ("float", json!({"a": {"b": 1.5}})),
            ("text", json!({"a": {"b": "1"}})),
            ("true", json!({"a": {"b": true}, "c": "x"})),
            ("null", json!({"a": {"b": null}})),
            ("nul", json!({"a": {"b": "\u{0}"}})),
            ("array", json!({"a": {"b": [1, {"y": 1, "x": 2}]}})),
        ];
        for (name, metadata) in &all {
            let user = NewRecord { metadata: map(metadata.clone()), ..named(Kind::User, name) };
            store.create(user).await.expect("stored");
        }
        for (filter, found) in [
            (vec![("a.b", json!(1))], vec!["number"]),
            (vec![("a.b", json!(1.0))], vec!["number"]),
            (vec![("a.b", json!(1.5))], vec!["float"]),
            (vec![("a.b", json!("1"))], vec!["text"]),
            (vec![("a.b", json!(true))], vec!["true"]),
            (vec![("a.b", json!(false))], vec![]),
            (vec![("a.b", json!(null))], vec!["null"]),
            (vec![("a.b", json!("\u{0}"))], vec!["nul"]),
            (vec![("a.b", json!([1.0, {"x": 2, "y": 1}]))], vec!["array"]),
            (vec![("a", json!({"b": 1}))], vec!["number"]),
            (vec![("a.b", json!(true)), ("c", json!("x"))], vec!["true"]),
            (vec![("a.b", json!(1)), ("c", json!("x"))], vec![]),
            (vec![("a' OR '1'='1", json!(1))], vec![]),
        ] {
            let metadata = filter.into_iter().map(|(path, value)| (path.to_owned(), value)).collect();
            let list = List { metadata, ..List::of(Kind::User) };
            let listed = store.list(&list).await.expect("a list");
            let names: Vec<_> = listed.items.iter().filter_map(|item| item.name.as_deref()).collect();
            assert_eq!(names, found, "{:?}", list.metadata);
            assert_eq!(listed.total, found.len() as u64);
        }
        let user = store.get_by_name(Kind::User, None, "number").await.expect("read").expect("there");
        let changed = NewRecord { id: user.id, metadata: map(json!({"a": 2})), ..named(Kind::User, "number") };
        store.replace(changed, Expected::Any).await.expect("changed");
        let old = List { metadata: vec![("a.b".to_owned(), json!(1))], ..List::of(Kind::User) };
        assert_eq!(store.list(&old).await.expect("a list").total, 0);
    }

    async fn a_session_has_its_participants_in_order_or_is_not_made(place: &Place) {
        let store = place.open().await;
        let mut agents = Vec::new();
        for _ in 0..3 {
            agents.insert(0, store.create(NewRecord::new(Kind::Agent)).await.expect("stored").id);
        }
        let user = store.create(NewRecord::new(Kind::User)).await.expect("stored").id;
        let participants = Participants { agents: agents.clone(), users: vec![user] };
        let session = store.create_session(NewRecord::new(Kind::Session), &participants).await.expect("made").id;
        assert_eq!(store.participants(session).await.expect("read"), participants);

        let new = NewRecord::new(Kind::Session);
        let swapped = Participants { agents: vec![agents[0], user], users: Vec::new() };
        let missing = store.create_session(new.clone(), &swapped).await.expect_err("a user is no agent");
        assert!(matches!(missing, StoreError::NoSuchParticipant { kind: Kind::Agent, id } if id == user), "{missing}");
        assert!(matches!(store.get(Kind::Session, new.id).await, Err(StoreError::NotFound { .. })));

        store.delete(Kind::Agent, agents[1]).await.expect("deleted");
        let left = Participants { agents: vec![agents[0], agents[2]], users: vec![user] };
        assert_eq!(store.participants(session).await.expect("read"), left);
        assert!(matches!(store.participants(new.id).await, Err(StoreError::NotFound { .. })));
        let nobody = store.create(NewRecord::new(Kind::Session)).await.expect("made").id;
        assert_eq!(store.participants(nobody).await.expect("read"), Participants::default());
    }
}
