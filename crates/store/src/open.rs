//! Opening: the lock, the connections, the schema. On SQLite one connection writes and some read beside it, which its
//! write-ahead log allows; on PostgreSQL all are alike.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    AnyPool, Executor as _, Row as _, SqlSafeStr as _,
    any::AnyPoolOptions,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    Location, OpenError,
    location::sqlite_url,
    lock::{Lock, private_folder, touch},
};

/// The schema's versions, in order: number, name, and what each database runs. One that was released is never changed.
const MIGRATIONS: [(i64, &str, Scripts); 3] = [
    (1, "initial", Scripts::shared(include_str!("../migrations/0001_initial.sql"))),
    (
        2,
        "docs",
        Scripts {
            sqlite: include_str!("../migrations/0002_docs_sqlite.sql"),
            postgres: include_str!("../migrations/0002_docs_postgres.sql"),
        },
    ),
    (3, "approvals", Scripts::shared(include_str!("../migrations/0003_approvals.sql"))),
];

/// A migration, for each database.
#[derive(Clone, Copy)]
struct Scripts {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Scripts {
    const fn shared(script: &'static str) -> Self {
        Self { sqlite: script, postgres: script }
    }

    fn of(self, database: Database) -> &'static str {
        match database {
            Database::Sqlite => self.sqlite,
            Database::Postgres => self.postgres,
        }
    }
}

/// What every connection to SQLite is told. Foreign keys are on by sqlx's own setting.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; \
     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000";

/// Connections that read, on SQLite.
const READERS: u32 = 4;

/// Connections in all, on PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 10;

/// What every connection to PostgreSQL is told. Pages are read from an index in its order; a planner that takes a session
/// for a short one, as most are, would rather collect a long one's entries and sort them, for a hundred times the cost.
const POSTGRES_SETTINGS: &str = "SET enable_bitmapscan = off";

/// How long an operation waits for its connection.
const ACQUIRE: Duration = Duration::from_secs(30);

/// The open store. Clones share it; it is closed by [`close`](Self::close), or when the last clone is dropped.
#[derive(Clone)]
pub struct Store {
    pub(crate) read: AnyPool,
    pub(crate) write: AnyPool,
    pub(crate) blobs: PathBuf,
    pub(crate) database: Database,
    /// Removing blobs and copying them exclude each other.
    pub(crate) sweeping: Arc<Mutex<()>>,
    id: Uuid,
    instance: Uuid,
    lock: Arc<std::sync::Mutex<Option<Lock>>>,
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Store {
    /// The schema's version that this program reads and writes.
    pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

    /// Opens the store, making it where there is none and bringing its schema up to date.
    pub async fn open(location: &Location) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let blobs = location.blobs();
        let (database, lock, read, write) = match location {
            Location::Sqlite { file } => {
                if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    private_folder(folder).map_err(|source| OpenError::File { path: folder.to_owned(), source })?;
                }
                let lock = Lock::take(file)?;
                let failed = |source| OpenError::File { path: file.clone(), source };
                touch(file).map_err(failed)?;
                // Another program's file is refused before a setting is written into it.
                if !may_be_sqlite(file).map_err(failed)? {
                    return Err(OpenError::NotADatabase { file: file.clone() });
                }
                let url = sqlite_url(file).map_err(failed)?;
                let write = sqlite_pool(1).connect(&url).await.map_err(OpenError::Connect)?;
                let read = sqlite_pool(READERS).connect_lazy(&url).map_err(OpenError::Connect)?;
                (Database::Sqlite, Some(lock), read, write)
            }
            Location::Postgres { url, .. } => {
                let pool = postgres_pool().connect(url).await.map_err(OpenError::Connect)?;
                (Database::Postgres, None, pool.clone(), pool)
            }
        };
        private_folder(&blobs).map_err(|source| OpenError::File { path: blobs.clone(), source })?;
        migrate(&write, database).await?;
        let id = identity(&write).await?;
        let lock = Arc::new(std::sync::Mutex::new(lock));
        let sweeping = Arc::new(Mutex::new(()));
        Ok(Self { read, write, blobs, database, sweeping, id, instance: Uuid::now_v7(), lock })
    }

    /// Names the store, the same at every opening of it. A backup is another store.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Names this opening of the store; the turns that it begins bear it.
    #[must_use]
    pub fn instance(&self) -> Uuid {
        self.instance
    }

    /// Whether no other process can have the store open, so that whatever others began is left behind.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        match self.database {
            Database::Sqlite => true,
            Database::Postgres => false,
        }
    }

    /// Ends all connections, after what they are doing, and lets go of the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
        if let Ok(mut lock) = self.lock.lock() {
            *lock = None;
        }
    }
}

/// Whether a file is empty or begins as SQLite's do.
fn may_be_sqlite(file: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(file)?.take(16).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == b"SQLite format 3\0")
}

/// Connections to SQLite need no test before use: they can't go away.
fn sqlite_pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SQLITE_SETTINGS).await.map(drop) }))
}

fn postgres_pool() -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(POSTGRES_SETTINGS).await.map(drop) }))
}

/// The store's own name, given at its first opening.
async fn identity(pool: &AnyPool) -> Result<Uuid, OpenError> {
    let given = "INSERT INTO identity (one, id) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";
    sqlx::query(given).bind(Uuid::now_v7().to_string()).execute(pool).await.map_err(OpenError::Identity)?;
    let row = sqlx::query("SELECT id FROM identity").fetch_one(pool).await.map_err(OpenError::Identity)?;
    let id: String = row.try_get("id").map_err(OpenError::Identity)?;
    Uuid::parse_str(&id).map_err(|error| OpenError::Identity(sqlx::Error::Decode(error.into())))
}

async fn migrate(pool: &AnyPool, database: Database) -> Result<(), OpenError> {
    let migrations = MIGRATIONS.map(|(version, name, scripts)| {
        let script = scripts.of(database).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, script, false)
    });
    match Migrator::with_migrations(migrations.to_vec()).run(pool).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) => {
            Err(OpenError::SchemaTooNew { found, known: Store::SCHEMA_VERSION })
        }
        Err(error) => Err(OpenError::Migrate(error)),
    }
}
