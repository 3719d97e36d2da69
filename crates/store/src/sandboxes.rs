//! Which container belongs to which session, so that a server that comes back finds it, or removes it.

use uuid::Uuid;

use crate::{
    PAGE_LIMIT, Store, StoreError,
    row::{Columns, now, plain},
};

/// What is known of a session's sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxRow {
    /// The session.
    pub session: Uuid,
    /// The container's name; empty where it was removed and its session is still there.
    pub container: String,
    /// A word for its state.
    pub state: String,
    /// Microseconds since the Unix epoch.
    pub last_used: i64,
    /// Whether its session was deleted.
    pub is_orphan: bool,
}

/// What every reader of sandboxes selects.
const SELECT: &str = "SELECT b.*, CASE WHEN s.id IS NULL THEN 1 ELSE 0 END AS orphan \
     FROM sandboxes b LEFT JOIN sessions s ON s.id = b.session";

impl Store {
    /// Remembers a session's sandbox as used now, in the place of what was known of it.
    pub async fn remember_sandbox(&self, session: Uuid, container: &str, state: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sandboxes (session, container, state, last_used) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (session) DO UPDATE SET container = excluded.container, state = excluded.state, \
                 last_used = excluded.last_used",
        )
        .bind(session.to_string())
        .bind(plain(container, "a container's name")?)
        .bind(plain(state, "a state")?)
        .bind(now())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The sandbox of a session, if it has one.
    pub async fn sandbox(&self, session: Uuid) -> Result<Option<SandboxRow>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE b.session = $1")))
            .bind(session.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(sandbox).transpose()
    }

    /// Sandboxes that were last used before a time in microseconds since the Unix epoch, the longest idle first; no more
    /// than [`PAGE_LIMIT`].
    pub async fn sandboxes_unused_since(&self, before: i64) -> Result<Vec<SandboxRow>, StoreError> {
        let text = format!("{SELECT} WHERE b.last_used < $1 ORDER BY b.last_used, b.session LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(before)
            .bind(i64::from(PAGE_LIMIT))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(sandbox).collect()
    }

    /// Sandboxes to be removed: those whose session was deleted, and those with a container that were last used before a
    /// time in microseconds since the Unix epoch. No more than [`PAGE_LIMIT`].
    pub async fn sandboxes_to_remove(&self, unused_since: i64) -> Result<Vec<SandboxRow>, StoreError> {
        let text = format!(
            "{SELECT} WHERE s.id IS NULL OR (b.last_used < $1 AND b.container <> '') ORDER BY b.last_used, b.session \
             LIMIT $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(unused_since)
            .bind(i64::from(PAGE_LIMIT))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(sandbox).collect()
    }

    /// Forgets a session's sandbox, after its container is gone. One that is not known needs no forgetting.
    pub async fn forget_sandbox(&self, session: Uuid) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sandboxes WHERE session = $1").bind(session.to_string()).execute(&self.write).await?;
        Ok(())
    }
}

fn sandbox(row: &sqlx::any::AnyRow) -> Result<SandboxRow, StoreError> {
    let columns = Columns::new("sandboxes", row);
    Ok(SandboxRow {
        session: columns.uuid("session")?,
        container: columns.text("container")?.to_owned(),
        state: columns.text("state")?.to_owned(),
        last_used: columns.int("last_used")?,
        is_orphan: columns.int("orphan")? != 0,
    })
}
