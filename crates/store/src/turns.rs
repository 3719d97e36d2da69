//! Turns: a session has one open at most, which the database itself sees to, also between processes.

use serde_json::Value;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::{
    Call, Kind, PAGE_LIMIT, Store, StoreError,
    error::is_dangling,
    row::{Columns, json, now},
};

/// A turn, open or ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Its id.
    pub id: Uuid,
    /// The session.
    pub session: Uuid,
    /// The [`Store::instance`] that began it. Where it is not this one, that server is another, or gone.
    pub opened_by: Uuid,
    /// Microseconds since the Unix epoch.
    pub started_at: i64,
    /// When something of it was last committed, in microseconds since the Unix epoch.
    pub updated_at: i64,
    /// Microseconds since the Unix epoch; none while it is open.
    pub ended_at: Option<i64>,
    /// What whoever goes on with it needs to know; null once it has ended.
    pub plan: Value,
    /// How it ended, in the word that was given.
    pub outcome: Option<String>,
    /// What more was said about its end.
    pub detail: Option<Value>,
    /// The number of the last entry before it.
    pub after_entry: u64,
    /// Steps that were committed.
    pub steps: u64,
    /// Tokens into the model, of all steps.
    pub input_tokens: u64,
    /// Tokens out of the model, of all steps.
    pub output_tokens: u64,
}

/// A turn that has not ended, with its calls.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenTurn {
    /// The turn.
    pub turn: Turn,
    /// Its calls, in the order of their starts. One without a result was running when the turn's server ended.
    pub calls: Vec<Call>,
}

impl Store {
    /// Begins a turn and gives back its id. The plan is for whoever goes on with the turn where this server can't.
    ///
    /// Fails with [`StoreError::Busy`] where the session has an open one.
    pub async fn begin_turn(&self, session: Uuid, plan: &Value) -> Result<Uuid, StoreError> {
        let id = Uuid::now_v7();
        let missing = StoreError::NotFound { kind: Kind::Session, id: session };
        // Where the open turn ends before it can be named, the session is free and another try is due.
        loop {
            let done = sqlx::query(
                "INSERT INTO turns (id, session, opened_by, started_at, updated_at, after_entry, plan) \
                 SELECT $1, id, $2, $3, $3, last_entry, $5 FROM sessions WHERE id = $4 ON CONFLICT DO NOTHING",
            )
            .bind(id.to_string())
            .bind(self.instance().to_string())
            .bind(now())
            .bind(session.to_string())
            .bind(json(plan))
            .execute(&self.write)
            .await;
            match done {
                Ok(done) if done.rows_affected() == 1 => return Ok(id),
                Ok(_) => {}
                // Deleted in this moment.
                Err(error) if is_dangling(&error) => return Err(missing),
                Err(error) => return Err(error.into()),
            }
            let row = sqlx::query(
                "SELECT s.id AS session, t.id AS turn FROM sessions s \
                 LEFT JOIN turns t ON t.session = s.id AND t.ended_at IS NULL WHERE s.id = $1",
            )
            .bind(session.to_string())
            .fetch_optional(&self.write)
            .await?;
            let Some(row) = row else { return Err(missing) };
            if let Some(turn) = Columns::new("turns", &row).optional_uuid("turn")? {
                return Err(StoreError::Busy { turn });
            }
        }
    }

    /// Reads a turn, open or ended, if there is such a one.
    pub async fn turn(&self, id: Uuid) -> Result<Option<Turn>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM turns WHERE id = $1").bind(id.to_string()).fetch_optional(&self.read).await?;
        row.as_ref().map(turn).transpose()
    }

    /// The session's open turn, if it has one.
    pub async fn open_turn(&self, session: Uuid) -> Result<Option<Turn>, StoreError> {
        let row = sqlx::query("SELECT * FROM turns WHERE session = $1 AND ended_at IS NULL")
            .bind(session.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(turn).transpose()
    }

    /// Takes over a turn of another opening of the store, as it was read: from now on only this one can write to it. Says no
    /// where the other one was at work meanwhile, or the turn has ended.
    pub async fn adopt_turn(&self, turn: &Turn) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE turns SET opened_by = $1, updated_at = $2 \
             WHERE id = $3 AND opened_by = $4 AND updated_at = $5 AND ended_at IS NULL",
        )
        .bind(self.instance().to_string())
        .bind(now())
        .bind(turn.id.to_string())
        .bind(turn.opened_by.to_string())
        .bind(turn.updated_at)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Says of all open turns of this opening that somebody is at work on them.
    pub async fn touch_turns(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE turns SET updated_at = $1 WHERE opened_by = $2 AND ended_at IS NULL")
            .bind(now())
            .bind(self.instance().to_string())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Turns that other openings of the store began and have not ended, the oldest first; no more than [`PAGE_LIMIT`],
    /// so whoever ends them asks again until none is left.
    ///
    /// On SQLite those servers are gone. On PostgreSQL one may be at work: its turns' `updated_at` tells.
    pub async fn open_turns(&self) -> Result<Vec<OpenTurn>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM turns WHERE ended_at IS NULL AND opened_by <> $1 ORDER BY started_at, id LIMIT $2",
        )
        .bind(self.instance().to_string())
        .bind(i64::from(PAGE_LIMIT))
        .fetch_all(&self.read)
        .await?;
        let mut open = Vec::with_capacity(rows.len());
        for row in &rows {
            let turn = turn(row)?;
            open.push(OpenTurn { calls: self.calls(turn.id).await?, turn });
        }
        Ok(open)
    }
}

fn turn(row: &AnyRow) -> Result<Turn, StoreError> {
    let columns = Columns::new("turns", row);
    Ok(Turn {
        id: columns.uuid("id")?,
        session: columns.uuid("session")?,
        opened_by: columns.uuid("opened_by")?,
        started_at: columns.int("started_at")?,
        updated_at: columns.int("updated_at")?,
        ended_at: columns.optional_int("ended_at")?,
        plan: columns.optional_json("plan")?.unwrap_or_default(),
        outcome: columns.optional_text("outcome")?.map(str::to_owned),
        detail: columns.optional_json("detail")?,
        after_entry: columns.count("after_entry")?,
        steps: columns.count("steps")?,
        input_tokens: columns.count("input_tokens")?,
        output_tokens: columns.count("output_tokens")?,
    })
}
