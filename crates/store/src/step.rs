//! What a step of a turn writes, as one: entries, calls, events and usage are all there afterwards, or none is.

use serde_json::Value;
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::{
    ApprovalAsked, ApprovalDecided, Kind, NewEntry, Store, StoreError, approvals, calls, events,
    history::{insert_entries, take_numbers},
    row::{count, json, now, plain},
};

/// What is written together, all optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepWrites {
    /// What to append to the history.
    pub entries: Vec<NewEntry>,
    /// Calls that are about to run.
    pub started: Vec<CallStart>,
    /// Calls that have run, started by this commit or an earlier one.
    pub finished: Vec<CallFinish>,
    /// Calls that somebody has to allow.
    pub asked: Vec<ApprovalAsked>,
    /// Calls about which it was decided.
    pub decided: Vec<ApprovalDecided>,
    /// What to append to the events.
    pub events: Vec<Value>,
    /// What to add to the turn's usage.
    pub usage: StepUsage,
    /// The turn's end, where this is the last of it.
    pub end: Option<TurnEnd>,
}

/// A call that is about to run.
#[derive(Clone, Debug, PartialEq)]
pub struct CallStart {
    /// The model's id of it, unique within the turn.
    pub id: String,
    /// What is asked for.
    pub request: Value,
}

/// A call that has run.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFinish {
    /// The model's id of it.
    pub id: String,
    /// What came of it.
    pub result: Value,
}

/// What has been used since the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepUsage {
    /// Requests to the model.
    pub steps: u64,
    /// Tokens into it.
    pub input_tokens: u64,
    /// Tokens out of it.
    pub output_tokens: u64,
}

/// How a turn ends.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnEnd {
    /// A word for it.
    pub outcome: String,
    /// What more there is to say.
    pub detail: Value,
    /// What becomes of what the turn has added to the history.
    pub entries: EntriesOfTurn,
}

/// What becomes of the entries of a turn that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntriesOfTurn {
    /// They stay part of the conversation.
    Kept,
    /// They are marked as failed: kept for the record, and left out of later prompts.
    Failed,
}

/// The numbers that a commit has given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// That of the first entry; the others follow it.
    pub first_entry: u64,
    /// That of the first event; the others follow it.
    pub first_event: u64,
}

impl Store {
    /// Writes what a step of an open turn has to say, in one transaction.
    ///
    /// Fails with [`StoreError::TurnNotOpen`] where the turn has ended, is another's, or its session was deleted,
    /// [`StoreError::CallStartedBefore`], [`StoreError::NoSuchCall`] and [`StoreError::NoSuchApproval`] where a call is not
    /// in the state for it, and
    /// [`StoreError::NoSuchBlob`] where an entry speaks of an unknown blob.
    pub async fn commit(&self, session: Uuid, turn: Uuid, writes: &StepWrites) -> Result<Committed, StoreError> {
        let mut transaction = self.write.begin().await?;
        let connection: &mut AnyConnection = &mut transaction;
        // The session's row first, whoever writes: then no two of them wait for each other.
        let taken = take_numbers(connection, session, writes.entries.len(), writes.events.len()).await;
        let (first_entry, first_event) = taken.map_err(|error| match error {
            StoreError::NotFound { kind: Kind::Session, .. } => StoreError::TurnNotOpen { turn },
            other => other,
        })?;
        touch(connection, self.instance(), session, turn, writes).await?;
        insert_entries(connection, session, Some(turn), first_entry, &writes.entries).await?;
        calls::start(connection, turn, &writes.started).await?;
        calls::finish(connection, turn, &writes.finished).await?;
        approvals::ask(connection, session, turn, &writes.asked).await?;
        approvals::decide(connection, turn, &writes.decided).await?;
        events::insert(connection, session, first_event, &writes.events).await?;
        if writes.end.as_ref().is_some_and(|end| end.entries == EntriesOfTurn::Failed) {
            fail_entries(connection, session, turn).await?;
        }
        transaction.commit().await?;
        Ok(Committed { first_entry, first_event })
    }

    /// Ends a turn, with nothing else to write.
    pub async fn end_turn(&self, session: Uuid, turn: Uuid, end: TurnEnd) -> Result<(), StoreError> {
        let writes = StepWrites { end: Some(end), ..StepWrites::default() };
        self.commit(session, turn, &writes).await.map(drop)
    }
}

/// Adds to the open turn's usage, and ends it where that is due.
async fn touch(
    connection: &mut AnyConnection,
    instance: Uuid,
    session: Uuid,
    turn: Uuid,
    writes: &StepWrites,
) -> Result<(), StoreError> {
    let (usage, end, at) = (writes.usage, &writes.end, now());
    let done = sqlx::query(
        "UPDATE turns SET steps = steps + $1, input_tokens = input_tokens + $2, output_tokens = output_tokens + $3, \
             updated_at = $4, ended_at = $5, outcome = $6, detail = $7, \
             plan = CASE WHEN CAST($5 AS BIGINT) IS NULL THEN plan END \
         WHERE id = $8 AND session = $9 AND opened_by = $10 AND ended_at IS NULL",
    )
    .bind(count(usage.steps))
    .bind(count(usage.input_tokens))
    .bind(count(usage.output_tokens))
    .bind(at)
    .bind(end.as_ref().map(|_| at))
    .bind(end.as_ref().map(|end| plain(&end.outcome, "an outcome")).transpose()?)
    .bind(end.as_ref().map(|end| json(&end.detail)))
    .bind(turn.to_string())
    .bind(session.to_string())
    .bind(instance.to_string())
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 { Err(StoreError::TurnNotOpen { turn }) } else { Ok(()) }
}

/// Looks at no more of the history than the turn has added.
async fn fail_entries(connection: &mut AnyConnection, session: Uuid, turn: Uuid) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE entries SET failed = 1 WHERE session = $1 AND turn = $2 \
             AND seq > (SELECT after_entry FROM turns WHERE id = $2)",
    )
    .bind(session.to_string())
    .bind(turn.to_string())
    .execute(connection)
    .await?;
    Ok(())
}
