use handspike_store::{ApprovalAsked, ApprovalDecided, ApprovalRow, StepWrites, Store, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Place, done, on_both, session};

async fn ask(store: &Store, session: Uuid, turn: Uuid, call: &str) -> Uuid {
    let id = Uuid::now_v7();
    let asked = ApprovalAsked { id, call: call.to_owned(), body: json!({"state": "pending"}) };
    let writes = StepWrites { asked: vec![asked], events: vec![json!(1)], ..StepWrites::default() };
    store.commit(session, turn, &writes).await.expect("asked");
    id
}

fn decided(id: Uuid, state: &str) -> StepWrites {
    let decided = ApprovalDecided { id, body: json!({ "state": state }) };
    StepWrites { decided: vec![decided], events: vec![json!(2)], ..StepWrites::default() }
}

fn ids(rows: &[ApprovalRow]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

on_both! {
    async fn the_first_decision_stands_also_after_a_reopening(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
        let (first, second) = (ask(&store, session, turn, "c1").await, ask(&store, session, turn, "c2").await);
        assert_eq!(ids(&store.waiting_approvals(session).await.expect("read")), [first, second]);
        store.commit(session, turn, &decided(first, "allowed")).await.expect("decided");
        let again = store.commit(session, turn, &decided(first, "denied")).await.expect_err("decided before");
        assert!(matches!(again, StoreError::NoSuchApproval { id } if id == first), "{again}");
        assert_eq!(store.last_event(session).await.expect("read"), 3, "and nothing is told of it");
        store.close().await;

        let store = place.open().await;
        assert_eq!(ids(&store.waiting_approvals(session).await.expect("read")), [second]);
        let rows = store.approvals_of_turn(turn).await.expect("read");
        let read: Vec<_> = rows.iter().map(|row| (row.call.as_str(), row.is_waiting, &row.body["state"])).collect();
        assert_eq!(read, [("c1", false, &json!("allowed")), ("c2", true, &json!("pending"))]);
        assert_eq!(rows[0].turn, turn);
    }

    async fn what_waits_is_found_in_its_session_by_its_id_and_its_call(place: &Place) {
        let store = place.open().await;
        let (one, other) = (session(&store).await, session(&store).await);
        let turn = store.begin_turn(one, &Value::Null).await.expect("begun");
        let (first, second) = (ask(&store, one, turn, "c1").await, ask(&store, one, turn, "c2").await);
        let find = async |session, id, call| {
            let found = store.find_approval(session, id, call).await.expect("read");
            found.map(|row| (row.id, row.is_waiting))
        };
        assert_eq!(find(one, Some(first), None).await, Some((first, true)));
        assert_eq!(find(one, None, Some("c2")).await, Some((second, true)));
        assert_eq!(find(one, Some(first), Some("c1")).await, Some((first, true)));
        for (session, id, call) in [(one, Some(first), Some("c2")), (other, Some(first), None), (other, None, Some("c1"))] {
            assert_eq!(find(session, id, call).await, None);
        }
        assert!(matches!(store.find_approval(one, None, Some("\0")).await, Err(StoreError::Nul(_))));
        assert!(store.waiting_approvals(other).await.expect("read").is_empty());

        // The end of the turn is the end of all that waits in it.
        store.end_turn(one, turn, done()).await.expect("ended");
        assert!(store.waiting_approvals(one).await.expect("read").is_empty());
        assert_eq!(find(one, Some(first), None).await, Some((first, false)));
        let next = store.begin_turn(one, &Value::Null).await.expect("begun");
        let third = ask(&store, one, next, "c1").await;
        assert_eq!(find(one, None, Some("c1")).await, Some((third, true)));
        let mixed = store.commit(one, next, &decided(first, "allowed")).await.expect_err("another turn's");
        assert!(matches!(mixed, StoreError::NoSuchApproval { .. }), "{mixed}");
    }
}
