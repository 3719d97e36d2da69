use handspike_store::{Prune, StoreError};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Place, on_both, session};

on_both! {
    async fn the_last_event_is_known_by_its_number(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        assert_eq!(store.last_event(session).await.expect("read"), 0);
        store.append_events(session, &[json!(1), json!(2)]).await.expect("appended");
        assert_eq!(store.last_event(session).await.expect("read"), 2);
        assert!(store.last_event(Uuid::now_v7()).await.is_err());
    }

    async fn events_are_numbered_without_gaps_whoever_appends(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in 0..25 {
                        let event = json!({"writer": writer, "number": number});
                        store.append_events(session, &[event.clone(), event]).await.expect("appended");
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("no panic");
        }
        let (mut after, mut read) = (0, Vec::new());
        loop {
            let page = store.events_after(session, after, 150).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = last.seq;
            read.extend(page);
        }
        assert_eq!(read.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=400).collect::<Vec<_>>());
        assert!(read.chunks(2).all(|pair| pair[0].body == pair[1].body), "a batch stays together");
        let unknown = store.append_events(Uuid::now_v7(), &[json!(1)]).await.expect_err("no session");
        assert!(matches!(unknown, StoreError::NotFound { .. }), "{unknown}");
    }

    async fn pruned_events_are_gone_and_those_after_are_numbered_on(place: &Place) {
        let store = place.open().await;
        let (session, other) = (session(&store).await, session(&store).await);
        let batch: Vec<_> = (0..10).map(|number| json!(number)).collect();
        store.append_events(session, &batch).await.expect("appended");
        store.append_events(other, &batch).await.expect("appended");
        assert_eq!(store.prune_events(Prune::UpTo { session, seq: 7 }).await.expect("pruned"), 7);
        let left = store.events_after(session, 0, 100).await.expect("read");
        assert_eq!(left.iter().map(|event| event.seq).collect::<Vec<_>>(), [8, 9, 10]);
        assert_eq!(store.prune_events(Prune::Before(left[0].at)).await.expect("pruned"), 0);
        assert_eq!(store.prune_events(Prune::Before(i64::MAX)).await.expect("pruned"), 13);
        assert_eq!(store.append_events(session, &batch).await.expect("appended"), 11);
    }
}
