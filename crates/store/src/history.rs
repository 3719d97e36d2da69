//! A session's history: entries in the order of their numbers, which count from 1 and are never given twice.

use serde_json::{Map, Value};
use sqlx::{AnyConnection, AssertSqlSafe, any::AnyRow};
use uuid::Uuid;

use crate::{
    BlobHash, Kind, PAGE_LIMIT, Store, StoreError,
    error::is_dangling,
    row::{Columns, count, json, now, plain},
};

/// An entry, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// The session whose history it is in.
    pub session: Uuid,
    /// Its number in the session.
    pub seq: u64,
    /// The turn that it was stored in, if in one.
    pub turn: Option<Uuid>,
    /// Where it comes from, in the words of the API.
    pub source: String,
    /// Who speaks, in the words of the API.
    pub role: String,
    /// What is said.
    pub body: Map<String, Value>,
    /// How many tokens it takes, where somebody has counted.
    pub token_count: Option<u64>,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
    /// Whether its turn failed, so that later prompts leave it out.
    pub failed: bool,
}

/// An entry to store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// Its id.
    pub id: Uuid,
    /// Where it comes from, in the words of the API.
    pub source: String,
    /// Who speaks, in the words of the API.
    pub role: String,
    /// What is said.
    pub body: Map<String, Value>,
    /// How many tokens it takes, where somebody has counted.
    pub token_count: Option<u64>,
    /// The blobs that the body speaks of, which are kept as long as the entry. They are stored before it.
    pub blobs: Vec<BlobHash>,
}

impl NewEntry {
    /// An entry with a fresh id, uncounted and without blobs.
    pub fn new(source: impl Into<String>, role: impl Into<String>, body: Map<String, Value>) -> Self {
        let (source, role) = (source.into(), role.into());
        Self { id: Uuid::now_v7(), source, role, body, token_count: None, blobs: Vec::new() }
    }
}

/// Which entries to read. They come in the order of their numbers, whichever end is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Only those from these sources; empty for all.
    pub sources: Vec<String>,
    /// Those of failed turns.
    pub failed: FailedTurns,
    /// Which part of the history.
    pub window: Window,
    /// How many at most; no more than [`PAGE_LIMIT`] come.
    pub limit: u32,
}

impl HistoryPage {
    /// The last entries of turns that did not fail.
    #[must_use]
    pub fn last(limit: u32) -> Self {
        Self { sources: Vec::new(), failed: FailedTurns::LeftOut, window: Window::Before(u64::MAX), limit }
    }

    /// The first entries of turns that did not fail.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { window: Window::After(0), ..Self::last(limit) }
    }
}

/// What is done with entries of turns that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedTurns {
    /// They are not read.
    LeftOut,
    /// They are read like others.
    Included,
}

/// A part of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The first ones with a larger number.
    After(u64),
    /// The last ones with a smaller number.
    Before(u64),
}

impl Store {
    /// Appends entries outside a turn, all or none, and gives back their numbers' first; the others follow it.
    pub async fn append_entries(&self, session: Uuid, entries: &[NewEntry]) -> Result<u64, StoreError> {
        let mut transaction = self.write.begin().await?;
        let (first, _) = take_numbers(&mut transaction, session, entries.len(), 0).await?;
        insert_entries(&mut transaction, session, None, first, entries).await?;
        transaction.commit().await?;
        Ok(first)
    }

    /// Reads entries of a session. A session that is not there has none.
    pub async fn entries(&self, session: Uuid, page: &HistoryPage) -> Result<Vec<Entry>, StoreError> {
        let (side, bound, direction) = match page.window {
            Window::After(seq) => (">", seq, "ASC"),
            Window::Before(seq) => ("<", seq, "DESC"),
        };
        let mut which = format!("session = $1 AND seq {side} $2");
        if page.failed == FailedTurns::LeftOut {
            which.push_str(" AND failed = 0");
        }
        if !page.sources.is_empty() {
            let places: Vec<_> = (0..page.sources.len()).map(|index| format!("${}", index + 4)).collect();
            which.push_str(&format!(" AND source IN ({})", places.join(", ")));
        }
        // Nothing of a caller's is in the text, only the numbers of what is bound.
        let text = format!("SELECT * FROM entries WHERE {which} ORDER BY seq {direction} LIMIT $3");
        let mut query = sqlx::query(AssertSqlSafe(text))
            .bind(session.to_string())
            .bind(count(bound))
            .bind(i64::from(page.limit.min(PAGE_LIMIT)));
        for source in &page.sources {
            query = query.bind(plain(source, "a source")?.to_owned());
        }
        let rows = query.fetch_all(&self.read).await?;
        let mut entries = rows.iter().map(|row| entry(session, row)).collect::<Result<Vec<_>, _>>()?;
        if let Window::Before(_) = page.window {
            entries.reverse();
        }
        Ok(entries)
    }

    /// How many entries a session has, those of failed turns included.
    pub async fn count_entries(&self, session: Uuid) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS total FROM entries WHERE session = $1")
            .bind(session.to_string())
            .fetch_one(&self.read)
            .await?;
        Columns::new("entries", &row).count("total")
    }

    /// Deletes the entries of a session and says how many there were. Those to come are numbered on.
    pub async fn clear_history(&self, session: Uuid) -> Result<u64, StoreError> {
        let mut transaction = self.write.begin().await?;
        // Takes the session's row, so that a step that is being committed is deleted as a whole, or not at all.
        take_numbers(&mut transaction, session, 0, 0).await?;
        sqlx::query("DELETE FROM blob_uses WHERE resource = $1 AND entry > 0")
            .bind(session.to_string())
            .execute(&mut *transaction)
            .await?;
        let done = sqlx::query("DELETE FROM entries WHERE session = $1")
            .bind(session.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}

/// Takes the next numbers of a session's entries and events, and gives back the first of each. Until the transaction's
/// end nobody else gets any, and what is rolled back gives them back: there are no gaps.
pub(crate) async fn take_numbers(
    connection: &mut AnyConnection,
    session: Uuid,
    entries: usize,
    events: usize,
) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(
        "UPDATE sessions SET last_entry = last_entry + $1, last_event = last_event + $2 WHERE id = $3 \
         RETURNING last_entry - $1 + 1 AS entry, last_event - $2 + 1 AS event",
    )
    .bind(count(entries as u64))
    .bind(count(events as u64))
    .bind(session.to_string())
    .fetch_optional(connection)
    .await?;
    let row = row.ok_or(StoreError::NotFound { kind: Kind::Session, id: session })?;
    let columns = Columns::new("sessions", &row);
    Ok((columns.count("entry")?, columns.count("event")?))
}

pub(crate) async fn insert_entries(
    connection: &mut AnyConnection,
    session: Uuid,
    turn: Option<Uuid>,
    first: u64,
    entries: &[NewEntry],
) -> Result<(), StoreError> {
    let (session, turn, at) = (session.to_string(), turn.map(|turn| turn.to_string()), now());
    for (seq, entry) in (first..).zip(entries) {
        sqlx::query(
            "INSERT INTO entries (session, seq, id, turn, source, role, body, token_count, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&session)
        .bind(count(seq))
        .bind(entry.id.to_string())
        .bind(&turn)
        .bind(plain(&entry.source, "a source")?)
        .bind(plain(&entry.role, "a role")?)
        .bind(json(&entry.body))
        .bind(entry.token_count.map(count))
        .bind(at)
        .execute(&mut *connection)
        .await?;
        for hash in &entry.blobs {
            let using = "INSERT INTO blob_uses (hash, resource, entry) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            sqlx::query(using)
                .bind(hash.to_string())
                .bind(&session)
                .bind(count(seq))
                .execute(&mut *connection)
                .await
                .map_err(|error| if is_dangling(&error) { StoreError::NoSuchBlob(*hash) } else { error.into() })?;
        }
    }
    Ok(())
}

fn entry(session: Uuid, row: &AnyRow) -> Result<Entry, StoreError> {
    let columns = Columns::new("entries", row);
    Ok(Entry {
        id: columns.uuid("id")?,
        session,
        seq: columns.count("seq")?,
        turn: columns.optional_uuid("turn")?,
        source: columns.text("source")?.to_owned(),
        role: columns.text("role")?.to_owned(),
        body: columns.json("body")?,
        token_count: columns.optional_int("token_count")?.and_then(|tokens| u64::try_from(tokens).ok()),
        created_at: columns.int("created_at")?,
        failed: columns.int("failed")? != 0,
    })
}
