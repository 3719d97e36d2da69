//! Bytes by the hash of their content, each kept once as a file. The database says which there are and who needs them; a
//! file is removed within the transaction that removes its row, and put in its place within the one that adds it, so
//! that storing and collecting the same blob at the same time leaves it there.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sha2::{Digest as _, Sha256};
use sqlx::AnyConnection;
use tempfile::NamedTempFile;
use thiserror::Error;
use uuid::Uuid;

use crate::{
    Kind, Store, StoreError,
    error::is_dangling,
    lock::private_folder,
    row::{Columns, count, now},
};

/// The largest blob: 64 MiB.
pub const BLOB_LIMIT: u64 = 64 << 20;

/// What a blob's file is called before it is whole.
const UNFINISHED: &str = ".unfinished-";

/// A blob's name: the SHA-256 of its bytes, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobHash([u8; 32]);

/// The text is not 64 hexadecimal digits in lower case.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no blob's hash, which is 64 hexadecimal digits in lower case")]
pub struct InvalidHash(String);

impl BlobHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl std::fmt::Display for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let invalid = || InvalidHash(text.chars().take(80).collect());
        if text.len() != 64 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(invalid());
        }
        let mut hash = [0; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(hash))
    }
}

impl Store {
    /// Stores bytes, once however often they come. Until something uses them they are kept for as long as
    /// [`collect_blobs`](Self::collect_blobs) is told to.
    pub async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobHash, StoreError> {
        let size = bytes.len() as u64;
        if size > BLOB_LIMIT {
            return Err(StoreError::BlobTooLarge { size, limit: BLOB_LIMIT });
        }
        let folder = self.blobs.clone();
        let (hash, known) = blocking(move || {
            let hash = BlobHash::of(&bytes);
            let path = path_of(&folder, hash);
            let is_there = path.metadata().is_ok_and(|file| file.len() == size);
            Ok((hash, if is_there { Err(bytes) } else { Ok(write_unfinished(&path, &bytes)?) }))
        })
        .await?;
        let path = path_of(&self.blobs, hash);
        let unfinished = match known {
            Ok(unfinished) => unfinished,
            Err(bytes) => {
                let mut transaction = self.write.begin().await?;
                remember(&mut transaction, hash, size).await?;
                if path.exists() {
                    transaction.commit().await?;
                    return Ok(hash);
                }
                // Collected in this moment.
                drop(transaction);
                let path = path.clone();
                blocking(move || write_unfinished(&path, &bytes)).await?
            }
        };
        let mut transaction = self.write.begin().await?;
        remember(&mut transaction, hash, size).await?;
        unfinished.persist(&path).map_err(|error| StoreError::Blobs(error.error))?;
        transaction.commit().await?;
        // What refers to the blob is stored after this, and so never without it.
        blocking(move || path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())).await?;
        Ok(hash)
    }

    /// Reads a blob, and makes sure that it is what was stored.
    pub async fn blob(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        let path = path_of(&self.blobs, hash);
        let bytes = blocking(move || match File::open(&path) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(BLOB_LIMIT + 1).read_to_end(&mut bytes)?;
                Ok(Some((BlobHash::of(&bytes) == hash).then_some(bytes)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await?;
        bytes.ok_or(StoreError::NoSuchBlob(hash))?.ok_or(StoreError::DamagedBlob(hash))
    }

    /// Keeps a blob for as long as a record is there. Entries keep theirs by themselves.
    pub async fn keep_blob(&self, hash: BlobHash, kind: Kind, id: Uuid) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO blob_uses (hash, resource, entry) SELECT $1, id, 0 FROM resources WHERE id = $2 AND kind = $3 \
             ON CONFLICT DO NOTHING",
        )
        .bind(hash.to_string())
        .bind(id.to_string())
        .bind(kind.as_str())
        .execute(&self.write)
        .await
        .map_err(|error| if is_dangling(&error) { StoreError::NoSuchBlob(hash) } else { error.into() })?;
        // No row: it is kept already, or there is no such record.
        if done.rows_affected() == 0 { self.get(kind, id).await.map(drop) } else { Ok(()) }
    }

    /// Removes blobs that nothing uses and that were last stored longer ago than this, and says how many. The time is
    /// for blobs that are stored and whose entry is yet to come: an hour is more than enough.
    pub async fn collect_blobs(&self, unused_for: Duration) -> Result<u64, StoreError> {
        let _sweeping = self.sweeping.lock().await;
        let before = now().saturating_sub(i64::try_from(unused_for.as_micros()).unwrap_or(i64::MAX));
        self.adopt_strays(before).await?;
        let (mut collected, mut after) = (0, String::new());
        loop {
            let rows = sqlx::query(
                "SELECT hash FROM blobs b WHERE stored_at < $1 AND hash > $2 \
                     AND NOT EXISTS (SELECT 1 FROM blob_uses u WHERE u.hash = b.hash) ORDER BY hash LIMIT 500",
            )
            .bind(before)
            .bind(&after)
            .fetch_all(&self.read)
            .await?;
            let Some(last) = rows.last() else { return Ok(collected) };
            after = Columns::new("blobs", last).text("hash")?.to_owned();
            for row in &rows {
                collected += u64::from(self.collect(Columns::new("blobs", row).text("hash")?, before).await?);
            }
        }
    }

    /// Whether the blob was still unused, and so is gone.
    async fn collect(&self, text: &str, before: i64) -> Result<bool, StoreError> {
        let hash = text
            .parse()
            .map_err(|error: InvalidHash| StoreError::Unreadable { place: "blobs", source: error.into() })?;
        let mut transaction = self.write.begin().await?;
        let done = sqlx::query(
            "DELETE FROM blobs WHERE hash = $1 AND stored_at < $2 \
                 AND NOT EXISTS (SELECT 1 FROM blob_uses u WHERE u.hash = $1)",
        )
        .bind(text)
        .bind(before)
        .execute(&mut *transaction)
        .await;
        match done {
            Ok(done) if done.rows_affected() == 1 => {}
            Ok(_) => return Ok(false),
            // Used in this moment.
            Err(error) if is_dangling(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        remove(&path_of(&self.blobs, hash)).map_err(StoreError::Blobs)?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives files without a row, whose process died over storing them, a row to be collected by.
    async fn adopt_strays(&self, before: i64) -> Result<(), StoreError> {
        let folder = self.blobs.clone();
        for (hash, size, stored_at) in blocking(move || old_files(&folder, before)).await? {
            let there = sqlx::query("SELECT hash FROM blobs WHERE hash = $1")
                .bind(hash.to_string())
                .fetch_optional(&self.read)
                .await?;
            if there.is_none() {
                let text = "INSERT INTO blobs (hash, size, stored_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                let row = sqlx::query(text).bind(hash.to_string()).bind(count(size)).bind(stored_at);
                row.execute(&self.write).await?;
            }
        }
        Ok(())
    }
}

async fn remember(connection: &mut AnyConnection, hash: BlobHash, size: u64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO blobs (hash, size, stored_at) VALUES ($1, $2, $3) \
         ON CONFLICT (hash) DO UPDATE SET stored_at = excluded.stored_at",
    )
    .bind(hash.to_string())
    .bind(count(size))
    .bind(now())
    .execute(connection)
    .await?;
    Ok(())
}

/// A blob's file. Folders by the first two digits keep each of them small.
pub(crate) fn path_of(folder: &Path, hash: BlobHash) -> PathBuf {
    let name = hash.to_string();
    folder.join(&name[..2]).join(name)
}

/// Writes bytes to the disk, beside where they are to be.
fn write_unfinished(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a blob has a folder"))?;
    private_folder(folder)?;
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Blobs' files from before a time, with their sizes and times. Unfinished ones of that age are nobody's, and removed.
fn old_files(folder: &Path, before: i64) -> io::Result<Vec<(BlobHash, u64, i64)>> {
    let mut found = Vec::new();
    for shard in fs::read_dir(folder)? {
        let shard = shard?;
        if !shard.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(shard.path())? {
            let file = file?;
            let Ok(about) = file.metadata() else { continue };
            let since = about.modified().unwrap_or(SystemTime::now()).duration_since(UNIX_EPOCH).unwrap_or_default();
            let at = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
            let name = file.file_name().to_string_lossy().into_owned();
            if at >= before {
                continue;
            }
            if name.starts_with(UNFINISHED) {
                remove(&file.path())?;
            } else if let Ok(hash) = name.parse() {
                found.push((hash, about.len(), at));
            }
        }
    }
    Ok(found)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Runs what waits for a disk where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten().map_err(StoreError::Blobs)
}
