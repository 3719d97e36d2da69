//! The calls of a turn: each is stored as started before it runs, and as finished before the model sees its result. A
//! call that was started is never started again.

use serde_json::Value;
use sqlx::{AnyConnection, any::AnyRow};
use uuid::Uuid;

use crate::{
    CallFinish, CallStart, PAGE_LIMIT, Store, StoreError,
    error::is_duplicate,
    row::{Columns, json, now, plain},
};

/// A call, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The model's id of it, unique within the turn.
    pub id: String,
    /// What was asked for.
    pub request: Value,
    /// Microseconds since the Unix epoch.
    pub started_at: i64,
    /// Microseconds since the Unix epoch; none while it runs.
    pub finished_at: Option<i64>,
    /// What came of it; none while it runs.
    pub result: Option<Value>,
}

impl Store {
    /// The calls of a turn, in the order of their starts; no more than the last [`PAGE_LIMIT`].
    pub async fn calls(&self, turn: Uuid) -> Result<Vec<Call>, StoreError> {
        let rows = sqlx::query("SELECT * FROM calls WHERE turn = $1 ORDER BY position DESC LIMIT $2")
            .bind(turn.to_string())
            .bind(i64::from(PAGE_LIMIT))
            .fetch_all(&self.read)
            .await?;
        rows.iter().rev().map(call).collect()
    }
}

/// Within a step's transaction, which holds the turn's row: nobody else counts the turn's calls meanwhile.
pub(crate) async fn start(connection: &mut AnyConnection, turn: Uuid, calls: &[CallStart]) -> Result<(), StoreError> {
    for call in calls {
        sqlx::query(
            "INSERT INTO calls (turn, id, position, request, started_at) \
             SELECT $1, $2, COUNT(*), $3, $4 FROM calls WHERE turn = $1",
        )
        .bind(turn.to_string())
        .bind(plain(&call.id, "a call's id")?)
        .bind(json(&call.request))
        .bind(now())
        .execute(&mut *connection)
        .await
        .map_err(|error| {
            let again = StoreError::CallStartedBefore { turn, call: call.id.clone() };
            if is_duplicate(&error) { again } else { error.into() }
        })?;
    }
    Ok(())
}

pub(crate) async fn finish(connection: &mut AnyConnection, turn: Uuid, calls: &[CallFinish]) -> Result<(), StoreError> {
    for call in calls {
        let done = sqlx::query(
            "UPDATE calls SET finished_at = $1, result = $2 WHERE turn = $3 AND id = $4 AND finished_at IS NULL",
        )
        .bind(now())
        .bind(json(&call.result))
        .bind(turn.to_string())
        .bind(plain(&call.id, "a call's id")?)
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NoSuchCall { turn, call: call.id.clone() });
        }
    }
    Ok(())
}

fn call(row: &AnyRow) -> Result<Call, StoreError> {
    let columns = Columns::new("calls", row);
    Ok(Call {
        id: columns.text("id")?.to_owned(),
        request: columns.json("request")?,
        started_at: columns.int("started_at")?,
        finished_at: columns.optional_int("finished_at")?,
        result: columns.optional_json("result")?,
    })
}
