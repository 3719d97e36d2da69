//! A place for each test alone: a file in a folder of its own, or a schema of its own.

use std::{path::Path, process::Command, sync::OnceLock};

use handspike_store::{EntriesOfTurn, Kind, Location, NewEntry, NewRecord, Store, TurnEnd};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// Makes a test of each function, on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($(async fn $name:ident($place:ident: &Place) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn test($place: &Place) $body

                #[tokio::test(flavor = "multi_thread")]
                async fn on_sqlite() {
                    test(&Place::sqlite()).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn on_postgres() {
                    let place = Place::postgres().await;
                    test(&place).await;
                    place.remove().await;
                }
            }
        )*
    };
}
pub(crate) use on_both;

pub(crate) struct Place {
    pub(crate) location: Location,
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { location: Location::file(folder.path().join("a store.db")), folder }
    }

    pub(crate) async fn postgres() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let schema = format!("test_{}", Uuid::now_v7().simple());
        let url = postgres_url();
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(url).await.expect("a PostgreSQL server answers; see scripts/postgres");
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::query(create).execute(&pool).await.expect("a schema");
        pool.close().await;
        let mark = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{mark}options[search_path]={schema}");
        Self { location: Location::Postgres { url, blobs: folder.path().join("blobs") }, folder }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.location).await.expect("a store")
    }

    /// Drops a schema whose test has passed; that of one that failed is there to be looked at.
    pub(crate) async fn remove(&self) {
        let Location::Postgres { url, .. } = &self.location else { return };
        let (_, schema) = url.rsplit_once('=').expect("a schema");
        let pool = sqlx::AnyPool::connect(url).await.expect("a connection");
        let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
        sqlx::query(drop).execute(&pool).await.expect("dropped");
        pool.close().await;
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::Sqlite { .. })
    }
}

/// The server's address, looked for once.
fn postgres_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        if let Ok(url) = std::env::var("HANDSPIKE_TEST_POSTGRES") {
            return url;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let output = Command::new(&script).arg("up").output().expect("scripts/postgres runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no PostgreSQL to test with; scripts/setup tests installs it\n{said}");
        String::from_utf8(output.stdout).expect("an address").trim().to_owned()
    })
}

pub(crate) fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("{value} is no object") };
    map
}

pub(crate) fn named(kind: Kind, name: &str) -> NewRecord {
    NewRecord { name: Some(name.to_owned()), ..NewRecord::new(kind) }
}

pub(crate) async fn session(store: &Store) -> Uuid {
    store.create(NewRecord::new(Kind::Session)).await.expect("a session").id
}

pub(crate) fn said(text: &str) -> NewEntry {
    NewEntry::new("api_request", "user", map(json!({"content": text})))
}

pub(crate) fn done() -> TurnEnd {
    TurnEnd { outcome: "done".to_owned(), detail: Value::Null, entries: EntriesOfTurn::Kept }
}
