//! Checking, backing up and restoring. A backup is a folder with the database in one file, as of one moment, and the
//! blobs that it speaks of; it appears under its name when it is whole.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sqlx::{Connection as _, Row as _};
use thiserror::Error;

use crate::{
    BlobHash, Location, OpenError, Store, StoreError,
    location::{beside, sqlite_url},
    lock::{Lock, private_folder, touch},
    open::Database,
    row::Columns,
};

/// What the database is called in a backup.
pub const DATABASE_FILE: &str = "handspike.db";

/// What the folder of blobs is called in a backup.
const BLOBS: &str = "blobs";

/// No backup was made or restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// PostgreSQL has its own way.
    #[error(
        "a PostgreSQL store is not backed up from here\nhint: use pg_dump and pg_restore, and copy the folder of blobs"
    )]
    Postgres,
    /// Nothing is overwritten.
    #[error("`{}` is not empty\nhint: give a path where nothing is", .0.display())]
    NotEmpty(PathBuf),
    /// It has no database in it.
    #[error("`{}` is no backup\nhint: give the folder that a backup was made to, with `{DATABASE_FILE}` in it", .0.display())]
    NoBackup(PathBuf),
    /// The file to restore to belongs to a running server, or can't be locked.
    #[error(transparent)]
    Target(#[from] OpenError),
    /// A file can't be copied.
    #[error("the files cannot be copied")]
    Files(#[from] io::Error),
    /// The database can't be copied.
    #[error("the database cannot be copied")]
    Database(#[from] sqlx::Error),
}

impl Store {
    /// The version of the schema in the database.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT MAX(version) AS version FROM _sqlx_migrations").fetch_one(&self.read).await?;
        Columns::new("_sqlx_migrations", &row).int("version")
    }

    /// Looks for damage and says in words what it finds: in the database's own structure (SQLite's), between its tables,
    /// and in the blobs, all of which it reads. An empty answer is a sound store.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut problems = Vec::new();
        if self.database == Database::Sqlite {
            for row in sqlx::query("PRAGMA integrity_check(100)").fetch_all(&self.read).await? {
                let word: &str = row.try_get(0)?;
                if word != "ok" {
                    problems.push(format!("the database: {word}"));
                }
            }
            for row in sqlx::query("PRAGMA foreign_key_check").fetch_all(&self.read).await?.iter().take(100) {
                let table: &str = row.try_get(0)?;
                problems.push(format!("table `{table}`: a row refers to one that is not there"));
            }
        }
        for (table, last) in [("entries", "last_entry"), ("events", "last_event")] {
            let text = format!(
                "SELECT s.id AS id FROM sessions s JOIN {table} e ON e.session = s.id WHERE e.seq > s.{last} LIMIT 100"
            );
            for row in sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&self.read).await? {
                let session = Columns::new("sessions", &row).uuid("id")?;
                problems.push(format!("session `{session}`: its {table} are numbered beyond its count"));
            }
        }
        self.check_blobs(&mut problems).await?;
        Ok(problems)
    }

    async fn check_blobs(&self, problems: &mut Vec<String>) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let text = "SELECT hash FROM blobs WHERE hash > $1 ORDER BY hash LIMIT 500";
            let rows = sqlx::query(text).bind(&after).fetch_all(&self.read).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Columns::new("blobs", last).text("hash")?.to_owned();
            for row in &rows {
                let text = Columns::new("blobs", row).text("hash")?;
                match text.parse::<BlobHash>() {
                    Ok(hash) => match self.blob(hash).await {
                        Ok(_) => {}
                        Err(StoreError::NoSuchBlob(_)) => problems.push(format!("blob `{hash}`: its file is missing")),
                        Err(StoreError::DamagedBlob(_)) => problems.push(format!("blob `{hash}`: its file is damaged")),
                        Err(error) => return Err(error),
                    },
                    Err(error) => problems.push(format!("table `blobs`: {error}")),
                }
            }
        }
    }

    /// Copies the store to a folder that is not there yet, or empty, while it goes on being used.
    pub async fn backup(&self, to: &Path) -> Result<(), BackupError> {
        if self.database == Database::Postgres {
            return Err(BackupError::Postgres);
        }
        if !is_vacant(to)? {
            return Err(BackupError::NotEmpty(to.to_owned()));
        }
        let _sweeping = self.sweeping.lock().await;
        let unfinished = beside(to, ".unfinished");
        let database = unfinished.join(DATABASE_FILE);
        start_afresh(&unfinished)?;
        let path = database.to_str().ok_or_else(|| io::Error::other("the path is not UTF-8"))?;
        sqlx::query("VACUUM INTO $1").bind(path).execute(&self.read).await?;
        // Both may be used from now on, each with what belongs to it outside of the store.
        let mut copy = sqlx::AnyConnection::connect(&sqlite_url(&database)?).await?;
        sqlx::query("DELETE FROM identity").execute(&mut copy).await?;
        copy.close().await?;
        // The blobs after the database: they are stored before what speaks of them.
        let (blobs, to) = (self.blobs.clone(), to.to_owned());
        run_blocking(move || {
            File::open(&database)?.sync_all()?;
            copy_folder(&blobs, &unfinished.join(BLOBS))?;
            fs::rename(&unfinished, &to)?;
            sync_parent(&to)
        })
        .await?;
        Ok(())
    }

    /// Puts a backup where no store is: neither the file nor its blobs may be there.
    pub async fn restore(from: &Path, to: &Location) -> Result<(), BackupError> {
        let Location::Sqlite { file } = to else { return Err(BackupError::Postgres) };
        if !from.join(DATABASE_FILE).is_file() {
            return Err(BackupError::NoBackup(from.to_owned()));
        }
        let (from, file, blobs) = (from.to_owned(), file.clone(), to.blobs());
        if let Some(folder) = file.parent() {
            private_folder(folder)?;
        }
        let _lock = Lock::take(&file)?;
        for path in [&file, &beside(&file, "-wal"), &blobs] {
            if !is_vacant(path)? {
                return Err(BackupError::NotEmpty(path.clone()));
            }
        }
        run_blocking(move || {
            let (new_file, new_blobs) = (beside(&file, ".unfinished"), beside(&blobs, ".unfinished"));
            start_afresh(&new_blobs)?;
            copy_folder(&from.join(BLOBS), &new_blobs)?;
            copy_file(&from.join(DATABASE_FILE), &new_file)?;
            // The database last: without it there is no store, and with it all of the store is there.
            fs::rename(&new_blobs, &blobs)?;
            fs::rename(&new_file, &file)?;
            sync_parent(&file)
        })
        .await?;
        Ok(())
    }
}

/// Whether nothing is at a path, or an empty folder.
fn is_vacant(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => Ok(fs::read_dir(path)?.next().is_none()),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Makes a folder of our own, without what an earlier attempt has left.
fn start_afresh(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    private_folder(folder)
}

/// Copies a folder of blobs' folders, without what is unfinished or not a blob.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    private_folder(to)?;
    for shard in fs::read_dir(from)? {
        let shard = shard?;
        if !shard.file_type()?.is_dir() {
            continue;
        }
        let to = to.join(shard.file_name());
        private_folder(&to)?;
        for file in fs::read_dir(shard.path())? {
            let file = file?;
            if file.file_name().to_string_lossy().parse::<BlobHash>().is_ok() {
                copy_file(&file.path(), &to.join(file.file_name()))?;
            }
        }
        File::open(&to)?.sync_all()?;
    }
    File::open(to)?.sync_all()
}

/// The copy is its owner's only, whatever the original was.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    touch(to)?;
    let mut to = File::options().write(true).truncate(true).open(to)?;
    io::copy(&mut File::open(from)?, &mut to)?;
    to.sync_all()
}

/// Makes a new name last.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

async fn run_blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten()
}
