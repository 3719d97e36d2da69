use std::time::{Duration, Instant};

use handspike_store::{
    EntriesOfTurn, FailedTurns, HistoryPage, Kind, NewEntry, StepWrites, StoreError, TurnEnd, Window,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Place, done, map, on_both, said, session};

on_both! {
    async fn entries_come_in_order_and_page_by_page_from_either_end(place: &Place) {
        let store = place.open().await;
        let (session, other) = (session(&store).await, session(&store).await);
        let texts: Vec<_> = (1..=25).map(|number| said(&number.to_string())).collect();
        assert_eq!(store.append_entries(session, &texts[..10]).await.expect("appended"), 1);
        store.append_entries(other, &[said("other")]).await.expect("appended");
        assert_eq!(store.append_entries(session, &texts[10..]).await.expect("appended"), 11);
        let numbers = async |page: HistoryPage| {
            let entries = store.entries(session, &page).await.expect("a page");
            entries.iter().map(|entry| entry.seq).collect::<Vec<_>>()
        };
        assert_eq!(numbers(HistoryPage::last(100)).await, (1..=25).collect::<Vec<_>>());
        assert_eq!(numbers(HistoryPage::last(3)).await, [23, 24, 25]);
        assert_eq!(numbers(HistoryPage { window: Window::Before(23), ..HistoryPage::last(3) }).await, [20, 21, 22]);
        assert_eq!(numbers(HistoryPage::first(2)).await, [1, 2]);
        assert_eq!(numbers(HistoryPage { window: Window::After(24), ..HistoryPage::first(9) }).await, [25]);
        assert_eq!(store.count_entries(session).await.expect("counted"), 25);
        let unknown = store.append_entries(Uuid::now_v7(), &[said("x")]).await.expect_err("no session");
        assert!(matches!(unknown, StoreError::NotFound { kind: Kind::Session, .. }), "{unknown}");
    }

    async fn an_entry_is_read_as_it_was_stored(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let new = NewEntry {
            token_count: Some(7),
            ..NewEntry::new("api_response", "assistant", map(json!({"content": "\u{0}\"\\ü", "a": {"z": 1, "b": 2}})))
        };
        store.append_entries(session, &[new.clone(), said("x")]).await.expect("appended");
        let read = store.entries(session, &HistoryPage::last(2)).await.expect("a page");
        assert_eq!((read[0].id, &read[0].body, read[0].token_count), (new.id, &new.body, Some(7)));
        assert_eq!((read[0].source.as_str(), read[0].role.as_str()), ("api_response", "assistant"));
        assert_eq!((read[0].turn, read[0].failed, read[1].token_count), (None, false, None));
    }

    async fn all_entries_of_a_batch_are_appended_or_none(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let twice = said("twice");
        store.append_entries(session, &[said("a"), twice.clone(), twice]).await.expect_err("the same id");
        assert_eq!(store.count_entries(session).await.expect("counted"), 0);
        assert_eq!(store.append_entries(session, &[said("b")]).await.expect("appended"), 1, "no gap is left");
    }

    async fn a_failed_turn_is_left_out_unless_asked_for(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        for (text, entries) in [("kept", EntriesOfTurn::Kept), ("failed", EntriesOfTurn::Failed)] {
            let turn = store.begin_turn(session, &Value::Null).await.expect("begun");
            let writes = StepWrites { entries: vec![said(text)], ..StepWrites::default() };
            store.commit(session, turn, &writes).await.expect("committed");
            store.end_turn(session, turn, TurnEnd { entries, ..done() }).await.expect("ended");
        }
        store.append_entries(session, &[NewEntry::new("meta", "system", map(json!({})))]).await.expect("appended");
        let numbers = async |page: HistoryPage| {
            let entries = store.entries(session, &page).await.expect("a page");
            entries.iter().map(|entry| (entry.seq, entry.failed)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(HistoryPage::last(9)).await, [(1, false), (3, false)]);
        let all = HistoryPage { failed: FailedTurns::Included, ..HistoryPage::last(9) };
        assert_eq!(numbers(all.clone()).await, [(1, false), (2, true), (3, false)]);
        let sources = vec!["api_request".to_owned(), "api_response".to_owned()];
        assert_eq!(numbers(HistoryPage { sources, ..all }).await, [(1, false), (2, true)]);
    }

    async fn a_cleared_history_is_numbered_on(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        store.append_entries(session, &[said("a"), said("b")]).await.expect("appended");
        assert_eq!(store.clear_history(session).await.expect("cleared"), 2);
        assert_eq!(store.count_entries(session).await.expect("counted"), 0);
        assert_eq!(store.append_entries(session, &[said("c")]).await.expect("appended"), 3);
        assert!(matches!(store.clear_history(Uuid::now_v7()).await, Err(StoreError::NotFound { .. })));
    }

    async fn the_last_page_of_ten_thousand_costs_what_that_of_a_hundred_does(place: &Place) {
        let store = place.open().await;
        let (short, long) = (session(&store).await, session(&store).await);
        let batch: Vec<_> = (0..10_000).map(|number| said(&number.to_string())).collect();
        store.append_entries(long, &batch).await.expect("appended");
        let fresh: Vec<_> = (0..100).map(|number| said(&number.to_string())).collect();
        store.append_entries(short, &fresh).await.expect("appended");
        let page = HistoryPage::last(50);
        let (mut cheap, mut same) = (Vec::new(), Vec::new());
        for _ in 0..41 {
            for (session, times) in [(short, &mut cheap), (long, &mut same)] {
                let start = Instant::now();
                assert_eq!(store.entries(session, &page).await.expect("a page").len(), 50);
                times.push(start.elapsed());
            }
        }
        cheap.sort();
        same.sort();
        // Looking at all of it takes some milliseconds more, reading it a hundred.
        assert!(same[20] < cheap[20] * 2 + Duration::from_millis(1), "{:?} and {:?}", cheap[20], same[20]);
        let whole = store.entries(long, &HistoryPage::last(u32::MAX)).await.expect("a page");
        assert_eq!(whole.len(), handspike_store::PAGE_LIMIT as usize);
        assert_eq!(whole.last().map(|entry| entry.seq), Some(10_000));
    }
}
