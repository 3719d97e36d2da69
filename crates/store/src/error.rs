//! What can go wrong, apart from opening, which has an [`OpenError`](crate::OpenError) of its own.

use std::io;

use thiserror::Error;
use uuid::Uuid;

use crate::{BlobHash, Kind};

/// An operation could not be done. Nothing of it has happened then, unless a variant says otherwise.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such record.
    #[error("there is no {kind} `{id}`")]
    NotFound {
        /// What was asked for.
        kind: Kind,
        /// By which id.
        id: Uuid,
    },
    /// A record was to belong to one that is not there.
    #[error("there is no `{id}` for the {kind} to belong to")]
    NoSuchParent {
        /// What was to be stored.
        kind: Kind,
        /// The parent's id.
        id: Uuid,
    },
    /// There is no such turn, or no such call in it that is started and not yet finished.
    #[error("turn `{turn}` has no call `{call}` that is running")]
    NoSuchCall {
        /// The turn.
        turn: Uuid,
        /// The call's id.
        call: String,
    },
    /// A call is started only once.
    #[error("call `{call}` of turn `{turn}` was started before")]
    CallStartedBefore {
        /// The turn.
        turn: Uuid,
        /// The call's id.
        call: String,
    },
    /// Of the turn's approvals none has this id and waits.
    #[error("no approval `{id}` waits")]
    NoSuchApproval {
        /// The approval's id.
        id: Uuid,
    },
    /// Another record has this id, or this name beside the same parent.
    #[error("there is another {kind} with this id or name")]
    Duplicate {
        /// What was to be stored.
        kind: Kind,
    },
    /// The record was changed since it was read.
    #[error("{kind} `{id}` was changed meanwhile\nhint: read it again and repeat the change")]
    Changed {
        /// The record's kind.
        kind: Kind,
        /// Its id.
        id: Uuid,
    },
    /// A session was to be made of somebody who is not there.
    #[error("there is no {kind} `{id}` to take part in the session")]
    NoSuchParticipant {
        /// Agent or user.
        kind: Kind,
        /// By which id.
        id: Uuid,
    },
    /// The session has an open turn.
    #[error("the session is busy with turn `{turn}`\nhint: wait for its end, or cancel it")]
    Busy {
        /// The open turn.
        turn: Uuid,
    },
    /// The turn has ended, another server has it, or its session is gone.
    #[error("turn `{turn}` is not open")]
    TurnNotOpen {
        /// The turn.
        turn: Uuid,
    },
    /// Names and ids are kept as text, in which PostgreSQL allows no NUL.
    #[error("a NUL character can't be stored in {0}")]
    Nul(&'static str),
    /// Too large to be a blob.
    #[error("{size} bytes are too many for a blob, which holds {limit} at most")]
    BlobTooLarge {
        /// How many bytes came.
        size: u64,
        /// How many may come.
        limit: u64,
    },
    /// Nobody has stored this blob, or it was removed since.
    #[error("there is no blob `{0}`")]
    NoSuchBlob(BlobHash),
    /// The file is not what was stored.
    #[error("blob `{0}` is damaged\nhint: restore it from a backup")]
    DamagedBlob(BlobHash),
    /// The folder of blobs failed.
    #[error("the blobs cannot be reached")]
    Blobs(#[source] io::Error),
    /// What is in the database can't be read: another program wrote it, or a disk failed.
    #[error("the store holds something unreadable in {place}\nhint: check the store, and restore a backup")]
    Unreadable {
        /// Table and column.
        place: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database failed. Whether a write has happened is then unknown.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

/// Whether the database refused a row because another one is there.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Whether the database refused a row because one that it refers to is not there.
pub(crate) fn is_dangling(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}
