//! Calls that somebody has to allow. That one waits is stored before anybody is asked, and what was decided before
//! anything follows from it; the first decision stands.

use serde_json::Value;
use sqlx::{AnyConnection, any::AnyRow};
use uuid::Uuid;

use crate::{
    PAGE_LIMIT, Store, StoreError,
    row::{Columns, json, plain},
};

/// A call that somebody has to allow, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalRow {
    /// Its id.
    pub id: Uuid,
    /// The turn.
    pub turn: Uuid,
    /// The model's id of the call.
    pub call: String,
    /// Whether it waits: nobody has decided, and the turn has not ended.
    pub is_waiting: bool,
    /// What is told of it.
    pub body: Value,
}

/// A call begins to wait.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalAsked {
    /// The approval's id.
    pub id: Uuid,
    /// The model's id of the call.
    pub call: String,
    /// What is told of it.
    pub body: Value,
}

/// A call waits no more.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalDecided {
    /// The approval's id.
    pub id: Uuid,
    /// What is told of it from now on.
    pub body: Value,
}

const SELECT: &str =
    "SELECT a.id, a.turn, a.call_id, a.waits, a.body, t.ended_at FROM approvals a JOIN turns t ON t.id = a.turn";

impl Store {
    /// What waits in a session, the longest waiting first; no more than [`PAGE_LIMIT`].
    pub async fn waiting_approvals(&self, session: Uuid) -> Result<Vec<ApprovalRow>, StoreError> {
        let text =
            format!("{SELECT} WHERE a.session = $1 AND a.waits = 1 AND t.ended_at IS NULL ORDER BY a.id LIMIT $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(session.to_string()).bind(i64::from(PAGE_LIMIT));
        query.fetch_all(&self.read).await?.iter().map(row).collect()
    }

    /// Those of a turn, the first first; no more than [`PAGE_LIMIT`].
    pub async fn approvals_of_turn(&self, turn: Uuid) -> Result<Vec<ApprovalRow>, StoreError> {
        let text = format!("{SELECT} WHERE a.turn = $1 ORDER BY a.id LIMIT $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(turn.to_string()).bind(i64::from(PAGE_LIMIT));
        query.fetch_all(&self.read).await?.iter().map(row).collect()
    }

    /// Finds one of a session by its id, by that of its call, or by both. Of several for one call that is the one which
    /// waits, or the last.
    pub async fn find_approval(
        &self,
        session: Uuid,
        id: Option<Uuid>,
        call: Option<&str>,
    ) -> Result<Option<ApprovalRow>, StoreError> {
        let text = format!(
            "{SELECT} WHERE a.session = $1 AND (CAST($2 AS TEXT) IS NULL OR a.id = $2) \
             AND (CAST($3 AS TEXT) IS NULL OR a.call_id = $3) ORDER BY a.waits DESC, a.id DESC LIMIT 1"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(session.to_string())
            .bind(id.map(|id| id.to_string()))
            .bind(call.map(|call| plain(call, "a call's id")).transpose()?);
        query.fetch_optional(&self.read).await?.as_ref().map(row).transpose()
    }
}

pub(crate) async fn ask(
    connection: &mut AnyConnection,
    session: Uuid,
    turn: Uuid,
    asked: &[ApprovalAsked],
) -> Result<(), StoreError> {
    for approval in asked {
        sqlx::query("INSERT INTO approvals (id, session, turn, call_id, waits, body) VALUES ($1, $2, $3, $4, 1, $5)")
            .bind(approval.id.to_string())
            .bind(session.to_string())
            .bind(turn.to_string())
            .bind(plain(&approval.call, "a call's id")?)
            .bind(json(&approval.body))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(crate) async fn decide(
    connection: &mut AnyConnection,
    turn: Uuid,
    decided: &[ApprovalDecided],
) -> Result<(), StoreError> {
    for approval in decided {
        let done = sqlx::query("UPDATE approvals SET waits = 0, body = $1 WHERE id = $2 AND turn = $3 AND waits = 1")
            .bind(json(&approval.body))
            .bind(approval.id.to_string())
            .bind(turn.to_string())
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NoSuchApproval { id: approval.id });
        }
    }
    Ok(())
}

fn row(row: &AnyRow) -> Result<ApprovalRow, StoreError> {
    let columns = Columns::new("approvals", row);
    Ok(ApprovalRow {
        id: columns.uuid("id")?,
        turn: columns.uuid("turn")?,
        call: columns.text("call_id")?.to_owned(),
        is_waiting: columns.int("waits")? == 1 && columns.optional_int("ended_at")?.is_none(),
        body: columns.json("body")?,
    })
}
