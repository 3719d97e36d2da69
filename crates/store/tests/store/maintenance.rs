use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use handspike_store::{BackupError, HistoryPage, Kind, Location, NewEntry, NewRecord, OpenError, Store};

use crate::support::{Place, named, on_both, said, session};

on_both! {
    async fn an_empty_place_becomes_a_store_that_opens_again(place: &Place) {
        let store = place.open().await;
        assert_eq!(store.schema_version().await.expect("read"), Store::SCHEMA_VERSION);
        assert_eq!(store.check().await.expect("checked"), Vec::<String>::new());
        let agent = store.create(named(Kind::Agent, "a")).await.expect("stored");
        store.close().await;
        let again = place.open().await;
        assert_ne!(again.instance(), store.instance());
        assert_eq!(again.id(), store.id());
        assert_eq!(again.get(Kind::Agent, agent.id).await.expect("there"), agent);
    }

    async fn a_newer_schema_is_refused_with_a_remedy(place: &Place) {
        place.open().await.close().await;
        let url = match &place.location {
            Location::Sqlite { file } => format!("sqlite://{}", file.to_str().expect("UTF-8").replace(' ', "%20")),
            Location::Postgres { url, .. } => url.clone(),
        };
        let pool = sqlx::AnyPool::connect(&url).await.expect("a connection");
        let text = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 99, 'from later', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
        sqlx::query(text).execute(&pool).await.expect("inserted");
        pool.close().await;
        let error = Store::open(&place.location).await.err().expect("too new");
        assert!(matches!(error, OpenError::SchemaTooNew { found: 99, known: Store::SCHEMA_VERSION }), "{error}");
        assert!(error.to_string().contains("\nhint: use the newer program"), "{error}");
    }

    async fn servers_that_open_an_empty_database_at_once_agree(place: &Place) {
        if place.is_sqlite() {
            // Only one gets it, and the others are told; what becomes of it is another test's.
            let opened = tokio::join!(Store::open(&place.location), Store::open(&place.location));
            assert!(matches!(
                opened,
                (Ok(_), Err(OpenError::InUse { .. })) | (Err(OpenError::InUse { .. }), Ok(_))
            ));
        } else {
            let opened = tokio::join!(place.open(), place.open(), place.open());
            assert_eq!(opened.2.schema_version().await.expect("read"), Store::SCHEMA_VERSION);
            assert_eq!((opened.0.id(), opened.1.id()), (opened.2.id(), opened.2.id()));
        }
    }
}

#[tokio::test]
async fn a_second_opening_of_a_file_is_told_who_has_it() {
    let place = Place::sqlite();
    let store = place.open().await;
    let error = Store::open(&place.location).await.err().expect("in use");
    let said = error.to_string();
    assert!(said.contains(&format!("in use by process {}\nhint: ", std::process::id())), "{said}");
    store.close().await;
    place.open().await;
}

#[tokio::test]
async fn a_file_of_something_else_is_left_as_it_is() {
    let place = Place::sqlite();
    let Location::Sqlite { file } = &place.location else { panic!("a file") };
    fs::write(file, "Dear diary,\n").expect("written");
    let error = Store::open(&place.location).await.err().expect("no database");
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    assert_eq!(fs::read(file).expect("read"), b"Dear diary,\n");
}

#[tokio::test]
async fn conversations_are_their_owners_only() {
    let place = Place::sqlite();
    let store = place.open().await;
    store.put_blob(b"a".to_vec()).await.expect("stored");
    let backup = place.folder.path().join("backup");
    store.backup(&backup).await.expect("backed up");
    Store::restore(&backup, &Location::file(place.folder.path().join("restored.db"))).await.expect("restored");
    for file in fs::read_dir(place.folder.path()).expect("a folder") {
        let file = file.expect("readable");
        let mode = file.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.path());
    }
}

#[tokio::test]
async fn an_address_that_nobody_answers_at_is_an_error_with_a_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("postgres:///x?user=x&password=hunter2&host={}", folder.path().display());
    let location = Location::Postgres { url, blobs: folder.path().join("blobs") };
    let opening = tokio::time::timeout(Duration::from_secs(60), Store::open(&location)).await.expect("in time");
    let error = opening.err().expect("nobody");
    assert!(matches!(error, OpenError::Connect(_)), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_backup_is_restored_elsewhere_and_only_where_nothing_is() {
    let place = Place::sqlite();
    let store = place.open().await;
    let session = session(&store).await;
    let hash = store.put_blob(b"a picture".to_vec()).await.expect("stored");
    let entry = NewEntry { blobs: vec![hash], ..said("see") };
    store.append_entries(session, &[entry, said("and read")]).await.expect("appended");
    let turn = store.begin_turn(session, &serde_json::Value::Null).await.expect("begun");

    let backup = place.folder.path().join("backup");
    store.backup(&backup).await.expect("backed up while it is open");
    assert!(matches!(store.backup(&backup).await, Err(BackupError::NotEmpty(_))));
    store.create(NewRecord::new(Kind::Agent)).await.expect("after the backup");

    let over = Store::restore(&backup, &place.location).await.expect_err("in use");
    assert!(matches!(over, BackupError::Target(OpenError::InUse { .. })), "{over}");
    let before = store.entries(session, &HistoryPage::last(9)).await.expect("read");
    store.close().await;
    let over = Store::restore(&backup, &place.location).await.expect_err("not empty");
    assert!(matches!(over, BackupError::NotEmpty(_)), "{over}");

    let elsewhere = Location::file(place.folder.path().join("new/store.db"));
    Store::restore(&backup, &elsewhere).await.expect("restored");
    let restored = Store::open(&elsewhere).await.expect("opens");
    assert_eq!(restored.check().await.expect("checked"), Vec::<String>::new());
    assert_ne!(restored.id(), store.id(), "both may be used");
    assert_eq!(restored.entries(session, &HistoryPage::last(9)).await.expect("read"), before);
    assert_eq!(restored.blob(hash).await.expect("there"), b"a picture");
    assert_eq!(restored.open_turns().await.expect("read")[0].turn.id, turn);
    let agents = restored.list(&handspike_store::List::of(Kind::Agent)).await.expect("read");
    assert_eq!(agents.total, 0, "as of the backup");
    let nothing = Store::restore(place.folder.path(), &elsewhere).await.expect_err("no backup");
    assert!(matches!(nothing, BackupError::NoBackup(_)), "{nothing}");
}

#[tokio::test]
async fn a_postgres_store_is_backed_up_by_its_own_tools() {
    let place = Place::postgres().await;
    let error = place.open().await.backup(&place.folder.path().join("backup")).await.expect_err("not from here");
    assert!(error.to_string().contains("pg_dump"), "{error}");
    place.remove().await;
}
