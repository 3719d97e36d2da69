use std::{fs, path::PathBuf, time::Duration};

use handspike_store::{BlobHash, HistoryPage, Kind, NewEntry, NewRecord, StoreError};

use crate::support::{Place, on_both, said, session};

/// The files in the folder of blobs, whatever they are.
fn files(place: &Place) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for shard in fs::read_dir(place.location.blobs()).expect("a folder") {
        let shard = shard.expect("readable").path();
        found.extend(fs::read_dir(shard).expect("a folder").map(|file| file.expect("readable").path()));
    }
    found
}

on_both! {
    async fn a_blob_is_kept_once(place: &Place) {
        let store = place.open().await;
        let bytes = [0, 255, 7].repeat(1000);
        let hash = store.put_blob(bytes.clone()).await.expect("stored");
        assert_eq!(hash, BlobHash::of(&bytes));
        assert_eq!(store.put_blob(bytes.clone()).await.expect("stored again"), hash);
        assert_eq!(files(place).len(), 1);
        assert_eq!(store.blob(hash).await.expect("there"), bytes);
        let unknown = BlobHash::of(b"unknown");
        assert!(matches!(store.blob(unknown).await, Err(StoreError::NoSuchBlob(hash)) if hash == unknown));
        assert_eq!(store.put_blob(Vec::new()).await.expect("stored"), BlobHash::of(b""));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "..", &hash.to_string().to_uppercase(), &format!("{}é", "a".repeat(62))] {
            wrong.parse::<BlobHash>().expect_err(wrong);
        }
    }

    async fn blobs_stay_as_long_as_something_uses_them(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let mut hashes = Vec::new();
        for text in ["entry", "file", "nobody's"] {
            hashes.push(store.put_blob(text.as_bytes().to_vec()).await.expect("stored"));
        }
        let entry = NewEntry { blobs: vec![hashes[0], hashes[0]], ..said("a picture") };
        store.append_entries(session, &[entry]).await.expect("appended");
        let file = store.create(NewRecord::new(Kind::File)).await.expect("stored").id;
        store.keep_blob(hashes[1], Kind::File, file).await.expect("kept");
        store.keep_blob(hashes[1], Kind::File, file).await.expect("kept already");
        let wrong = store.keep_blob(hashes[1], Kind::Doc, file).await.expect_err("a file");
        assert!(matches!(wrong, StoreError::NotFound { kind: Kind::Doc, .. }), "{wrong}");
        let unknown = store.keep_blob(BlobHash::of(b"unknown"), Kind::File, file).await.expect_err("no such blob");
        assert!(matches!(unknown, StoreError::NoSuchBlob(_)), "{unknown}");

        assert_eq!(store.collect_blobs(Duration::from_secs(3600)).await.expect("collected"), 0, "it may be used yet");
        assert_eq!(store.collect_blobs(Duration::ZERO).await.expect("collected"), 1);
        assert!(matches!(store.blob(hashes[2]).await, Err(StoreError::NoSuchBlob(_))));
        store.blob(hashes[0]).await.expect("used by an entry");
        store.clear_history(session).await.expect("cleared");
        store.delete(Kind::File, file).await.expect("deleted");
        assert_eq!(store.collect_blobs(Duration::ZERO).await.expect("collected"), 2);
        assert_eq!(files(place), Vec::<PathBuf>::new());
    }

    async fn what_a_dead_process_left_is_collected(place: &Place) {
        let store = place.open().await;
        let shard = place.location.blobs().join("ab");
        fs::create_dir_all(&shard).expect("a folder");
        fs::write(shard.join(".unfinished-x"), "half").expect("written");
        fs::write(shard.join("ab".repeat(32)), "without a row").expect("written");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(store.collect_blobs(Duration::from_secs(3600)).await.expect("collected"), 0);
        assert_eq!(files(place).len(), 2);
        assert_eq!(store.collect_blobs(Duration::ZERO).await.expect("collected"), 1);
        assert_eq!(files(place), Vec::<PathBuf>::new());
    }

    async fn a_damaged_blob_is_not_passed_on(place: &Place) {
        let store = place.open().await;
        let (damaged, lost) = (b"damaged".to_vec(), b"lost".to_vec());
        let damaged = store.put_blob(damaged).await.expect("stored");
        let file = files(place).pop().expect("a file");
        fs::write(&file, "another").expect("written");
        let lost = store.put_blob(lost).await.expect("stored");
        let file = files(place).into_iter().find(|path| path.ends_with(lost.to_string())).expect("a file");
        fs::remove_file(file).expect("removed");
        assert!(matches!(store.blob(damaged).await, Err(StoreError::DamagedBlob(hash)) if hash == damaged));
        let mut problems = store.check().await.expect("checked");
        problems.sort();
        let mut expected = [
            format!("blob `{damaged}`: its file is damaged"),
            format!("blob `{lost}`: its file is missing"),
        ];
        expected.sort();
        assert_eq!(problems, expected);
        store.put_blob(b"lost".to_vec()).await.expect("stored again");
        store.blob(lost).await.expect("there again");
    }

    async fn storing_and_collecting_at_once_loses_nothing(place: &Place) {
        let store = place.open().await;
        let session = session(&store).await;
        let collector = store.clone();
        let collecting = tokio::spawn(async move {
            for _ in 0..60 {
                // What is stored is used at once, or was stored by another just now.
                collector.collect_blobs(Duration::from_millis(200)).await.expect("collected");
            }
        });
        for number in 0..60 {
            let hash = store.put_blob(format!("{}", number % 3).into_bytes()).await.expect("stored");
            let entry = NewEntry { blobs: vec![hash], ..said("a picture") };
            store.append_entries(session, &[entry]).await.expect("appended");
            store.blob(hash).await.expect("there");
            store.clear_history(session).await.expect("cleared");
        }
        collecting.await.expect("no panic");
        assert_eq!(store.entries(session, &HistoryPage::last(9)).await.expect("read"), []);
        assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
    }
}
