//! A session's events, numbered from 1 without gaps, for readers who come back and ask for what they have missed.

use serde_json::Value;
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::{
    Kind, PAGE_LIMIT, Store, StoreError,
    history::take_numbers,
    row::{Columns, count, json, now},
};

/// An event, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its number in the session.
    pub seq: u64,
    /// Microseconds since the Unix epoch.
    pub at: i64,
    /// What happened.
    pub body: Value,
}

/// Which events to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prune {
    /// A session's, up to this number and with it.
    UpTo {
        /// The session.
        session: Uuid,
        /// The last number to remove.
        seq: u64,
    },
    /// All sessions', from before this time in microseconds since the Unix epoch.
    Before(i64),
}

/// How many events one transaction removes, so that others get their turn.
const CHUNK: u32 = 5000;

impl Store {
    /// Appends events outside a step, all or none, and gives back the first one's number; the others follow it.
    pub async fn append_events(&self, session: Uuid, events: &[Value]) -> Result<u64, StoreError> {
        let mut transaction = self.write.begin().await?;
        let (_, first) = take_numbers(&mut transaction, session, 0, events.len()).await?;
        insert(&mut transaction, session, first, events).await?;
        transaction.commit().await?;
        Ok(first)
    }

    /// Reads the first events after a number, 0 for the start; no more than [`PAGE_LIMIT`]. Where the first one's number
    /// is not the next one, those between were pruned.
    pub async fn events_after(&self, session: Uuid, after: u64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let rows =
            sqlx::query("SELECT seq, at, body FROM events WHERE session = $1 AND seq > $2 ORDER BY seq LIMIT $3")
                .bind(session.to_string())
                .bind(count(after))
                .bind(i64::from(limit.min(PAGE_LIMIT)))
                .fetch_all(&self.read)
                .await?;
        let event = |row| {
            let columns = Columns::new("events", row);
            Ok(StoredEvent { seq: columns.count("seq")?, at: columns.int("at")?, body: columns.json("body")? })
        };
        rows.iter().map(event).collect()
    }

    /// The number of a session's last event, 0 where there was none yet.
    pub async fn last_event(&self, session: Uuid) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT last_event FROM sessions WHERE id = $1")
            .bind(session.to_string())
            .fetch_optional(&self.read)
            .await?;
        let row = row.ok_or(StoreError::NotFound { kind: Kind::Session, id: session })?;
        Columns::new("sessions", &row).count("last_event")
    }

    /// Removes events and says how many. Those to come are numbered on.
    pub async fn prune_events(&self, which: Prune) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let query = match which {
                Prune::UpTo { session, seq } => sqlx::query(
                    "DELETE FROM events WHERE session = $1 AND seq IN \
                         (SELECT seq FROM events WHERE session = $1 AND seq <= $2 ORDER BY seq LIMIT $3)",
                )
                .bind(session.to_string())
                .bind(count(seq)),
                Prune::Before(at) => sqlx::query(
                    "DELETE FROM events WHERE (session, seq) IN \
                         (SELECT session, seq FROM events WHERE at < $1 ORDER BY at LIMIT $2)",
                )
                .bind(at),
            };
            let done = query.bind(i64::from(CHUNK)).execute(&self.write).await?.rows_affected();
            pruned += done;
            if done < u64::from(CHUNK) {
                return Ok(pruned);
            }
        }
    }
}

pub(crate) async fn insert(
    connection: &mut AnyConnection,
    session: Uuid,
    first: u64,
    events: &[Value],
) -> Result<(), StoreError> {
    let (session, at) = (session.to_string(), now());
    for (seq, body) in (first..).zip(events) {
        sqlx::query("INSERT INTO events (session, seq, at, body) VALUES ($1, $2, $3, $4)")
            .bind(&session)
            .bind(count(seq))
            .bind(at)
            .bind(json(body))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
