use handspike_store::Kind;
use uuid::Uuid;

use crate::support::{Place, on_both, session};

on_both! {
    async fn a_sandbox_is_remembered_beyond_its_session(place: &Place) {
        let store = place.open().await;
        let (first, second) = (session(&store).await, session(&store).await);
        store.remember_sandbox(first, "one", "starting").await.expect("remembered");
        store.remember_sandbox(second, "two", "running").await.expect("remembered");
        store.remember_sandbox(first, "one", "running").await.expect("used again");
        let one = store.sandbox(first).await.expect("read").expect("known");
        assert_eq!((one.container.as_str(), one.state.as_str(), one.is_orphan), ("one", "running", false));
        let idle = store.sandboxes_unused_since(i64::MAX).await.expect("read");
        assert_eq!(idle.iter().map(|row| row.session).collect::<Vec<_>>(), [second, first]);
        assert_eq!(store.sandboxes_unused_since(one.last_used).await.expect("read").len(), 1);
        let third = session(&store).await;
        store.remember_sandbox(third, "", "removed").await.expect("remembered");
        let to_remove = async |unused_since| {
            let rows = store.sandboxes_to_remove(unused_since).await.expect("read");
            rows.iter().map(|row| row.session).collect::<Vec<_>>()
        };
        assert_eq!(to_remove(one.last_used).await, [second]);
        assert_eq!(to_remove(i64::MAX).await, [second, first]);
        store.delete(Kind::Session, first).await.expect("deleted");
        store.delete(Kind::Session, third).await.expect("deleted");
        assert_eq!(to_remove(0).await, [first, third]);
        store.forget_sandbox(third).await.expect("forgotten");
        assert!(store.sandbox(first).await.expect("read").expect("known").is_orphan);
        store.forget_sandbox(first).await.expect("forgotten");
        assert_eq!(store.sandbox(first).await.expect("read"), None);
        store.forget_sandbox(Uuid::now_v7()).await.expect("nothing to forget");
    }
}
