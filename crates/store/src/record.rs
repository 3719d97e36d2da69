//! Resources as records: what all kinds have in common. What a body means is its reader's affair.

use serde_json::{Map, Value};
use sqlx::{AnyConnection, any::AnyRow};
use uuid::Uuid;

use crate::{
    Kind, Store, StoreError,
    error::{is_dangling, is_duplicate},
    metadata::leaves,
    row::{Columns, json, now, plain},
};

/// A resource, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Its id, a UUID of version 7.
    pub id: Uuid,
    /// The record that it belongs to, and with which it is deleted.
    pub parent: Option<Uuid>,
    /// A name that no other record of the kind has beside the same parent.
    pub name: Option<String>,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
    /// Microseconds since the Unix epoch; later with every change.
    pub updated_at: i64,
    /// What lists are filtered by.
    pub metadata: Map<String, Value>,
    /// Everything else.
    pub body: Map<String, Value>,
}

/// A resource to store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// The record that it belongs to; a replacement leaves it as it is.
    pub parent: Option<Uuid>,
    /// A name that no other record of the kind has beside the same parent.
    pub name: Option<String>,
    /// What lists are filtered by.
    pub metadata: Map<String, Value>,
    /// Everything else.
    pub body: Map<String, Value>,
}

impl NewRecord {
    /// An empty record with a fresh id.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, id: Uuid::now_v7(), parent: None, name: None, metadata: Map::new(), body: Map::new() }
    }

    fn stored(self, created_at: i64, updated_at: i64) -> Record {
        let Self { kind, id, parent, name, metadata, body } = self;
        Record { kind, id, parent, name, created_at, updated_at, metadata, body }
    }
}

/// What a record must be like to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything.
    Any,
    /// Last changed at this time: nobody has changed it since it was read.
    UpdatedAt(i64),
}

impl Store {
    /// Stores a new record.
    ///
    /// Fails with [`StoreError::Duplicate`], or [`StoreError::NoSuchParent`] where its parent is not there. A session has
    /// no participants then; [`create_session`](Self::create_session) gives it some.
    pub async fn create(&self, record: NewRecord) -> Result<Record, StoreError> {
        let mut transaction = self.write.begin().await?;
        let record = insert(&mut transaction, record).await?;
        transaction.commit().await?;
        Ok(record)
    }

    /// Reads a record.
    pub async fn get(&self, kind: Kind, id: Uuid) -> Result<Record, StoreError> {
        let row = sqlx::query("SELECT * FROM resources WHERE id = $1 AND kind = $2")
            .bind(id.to_string())
            .bind(kind.as_str())
            .fetch_optional(&self.read)
            .await?;
        from_row(kind, &row.ok_or(StoreError::NotFound { kind, id })?)
    }

    /// Reads the record of a name.
    pub async fn get_by_name(
        &self,
        kind: Kind,
        parent: Option<Uuid>,
        name: &str,
    ) -> Result<Option<Record>, StoreError> {
        let row = sqlx::query("SELECT * FROM resources WHERE kind = $1 AND COALESCE(parent, '') = $2 AND name = $3")
            .bind(kind.as_str())
            .bind(parent.map(|id| id.to_string()).unwrap_or_default())
            .bind(plain(name, "a name")?)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| from_row(kind, &row)).transpose()
    }

    /// Puts name, metadata and body of an existing record in the place of the old ones.
    ///
    /// Fails with [`StoreError::Changed`] where the record is not as expected.
    pub async fn replace(&self, record: NewRecord, expected: Expected) -> Result<Record, StoreError> {
        let mut transaction = self.write.begin().await?;
        let (kind, id) = (record.kind, record.id);
        let Some(record) = update(&mut transaction, record, expected).await? else {
            drop(transaction);
            self.get(kind, id).await?;
            return Err(StoreError::Changed { kind, id });
        };
        transaction.commit().await?;
        Ok(record)
    }

    /// Replaces the record of this id, or stores a new one.
    pub async fn create_or_replace(&self, record: NewRecord) -> Result<Record, StoreError> {
        let mut transaction = self.write.begin().await?;
        let replaced = update(&mut transaction, record.clone(), Expected::Any).await?;
        let record = match replaced {
            Some(replaced) => replaced,
            None => insert(&mut transaction, record).await?,
        };
        transaction.commit().await?;
        Ok(record)
    }

    /// Deletes a record and all that belongs to it: what has it as its parent, a session's history, turns and events.
    /// Blobs stay until they are [collected](Self::collect_blobs), sandboxes until they are
    /// [forgotten](Self::forget_sandbox).
    pub async fn delete(&self, kind: Kind, id: Uuid) -> Result<(), StoreError> {
        let mut transaction = self.write.begin().await?;
        if kind == Kind::Session {
            // The row that steps are committed under is taken first, as they do, so that neither waits for the other.
            let lock = "UPDATE sessions SET last_entry = last_entry WHERE id = $1";
            sqlx::query(lock).bind(id.to_string()).execute(&mut *transaction).await?;
        }
        let done = sqlx::query("DELETE FROM resources WHERE id = $1 AND kind = $2")
            .bind(id.to_string())
            .bind(kind.as_str())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind, id });
        }
        transaction.commit().await?;
        Ok(())
    }
}

pub(crate) async fn insert(connection: &mut AnyConnection, record: NewRecord) -> Result<Record, StoreError> {
    let (kind, at) = (record.kind, now());
    sqlx::query(
        "INSERT INTO resources (id, kind, parent, name, created_at, updated_at, metadata, body) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7)",
    )
    .bind(record.id.to_string())
    .bind(kind.as_str())
    .bind(record.parent.map(|id| id.to_string()))
    .bind(record.name.as_deref().map(|name| plain(name, "a name")).transpose()?)
    .bind(at)
    .bind(json(&record.metadata))
    .bind(json(&record.body))
    .execute(&mut *connection)
    .await
    .map_err(|error| match record.parent {
        _ if is_duplicate(&error) => StoreError::Duplicate { kind },
        Some(id) if is_dangling(&error) => StoreError::NoSuchParent { kind, id },
        _ => error.into(),
    })?;
    if kind == Kind::Session {
        sqlx::query("INSERT INTO sessions (id) VALUES ($1)")
            .bind(record.id.to_string())
            .execute(&mut *connection)
            .await?;
    }
    insert_leaves(connection, &record).await?;
    Ok(record.stored(at, at))
}

/// Nothing where no such record is as expected.
async fn update(
    connection: &mut AnyConnection,
    record: NewRecord,
    expected: Expected,
) -> Result<Option<Record>, StoreError> {
    let kind = record.kind;
    let expected = match expected {
        Expected::Any => None,
        Expected::UpdatedAt(at) => Some(at),
    };
    // Two changes within a microsecond, or a clock that was set back, still have different times.
    let row = sqlx::query(
        "UPDATE resources SET name = $1, metadata = $2, body = $3, \
             updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE updated_at + 1 END \
         WHERE id = $5 AND kind = $6 AND updated_at = COALESCE($7, updated_at) RETURNING *",
    )
    .bind(record.name.as_deref().map(|name| plain(name, "a name")).transpose()?)
    .bind(json(&record.metadata))
    .bind(json(&record.body))
    .bind(now())
    .bind(record.id.to_string())
    .bind(kind.as_str())
    .bind(expected)
    .fetch_optional(&mut *connection)
    .await
    .map_err(|error| if is_duplicate(&error) { StoreError::Duplicate { kind } } else { error.into() })?;
    let Some(row) = row else { return Ok(None) };
    sqlx::query("DELETE FROM metadata_leaves WHERE resource = $1")
        .bind(record.id.to_string())
        .execute(&mut *connection)
        .await?;
    insert_leaves(connection, &record).await?;
    from_row(kind, &row).map(Some)
}

async fn insert_leaves(connection: &mut AnyConnection, record: &NewRecord) -> Result<(), StoreError> {
    let id = record.id.to_string();
    for (path, value) in leaves(&record.metadata) {
        sqlx::query("INSERT INTO metadata_leaves (resource, path, value) VALUES ($1, $2, $3)")
            .bind(&id)
            .bind(path)
            .bind(value)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(crate) fn from_row(kind: Kind, row: &AnyRow) -> Result<Record, StoreError> {
    let columns = Columns::new("resources", row);
    Ok(Record {
        kind,
        id: columns.uuid("id")?,
        parent: columns.optional_uuid("parent")?,
        name: columns.optional_text("name")?.map(str::to_owned),
        created_at: columns.int("created_at")?,
        updated_at: columns.int("updated_at")?,
        metadata: columns.json("metadata")?,
        body: columns.json("body")?,
    })
}
