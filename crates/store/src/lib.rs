//! The durable store of a server, in a SQLite file or a PostgreSQL database, which it makes and migrates when it opens.
//!
//! [`Store`] has one set of operations for both. A resource is a [`Record`]: a kind, a name, metadata to filter by and a
//! body that the store does not look into. A session is a record with [entries](Entry), [turns](Turn) and events;
//! whatever one step of a turn has to say is [committed](Store::commit) as a whole. Bytes are kept once, as
//! [blobs](BlobHash), in a folder.
//!
//! The two databases share every statement: both are reached through sqlx's `Any`, the schema has columns of text and of
//! integers only, and what the databases do differently is done without (JSON is compared by its leaves, which are
//! kept as text). The exceptions stand in `open` and `maintenance`, and in `search::statement`: what finds documents by their
//! words is each database's own index, and its migration the one that each has for itself.
//!
//! A write that has returned survives the death of the process. Of SQLite's, the last ones before a loss of power may be
//! missing, never half there.

mod approvals;
mod blobs;
mod calls;
mod error;
mod events;
mod history;
mod kind;
mod list;
mod location;
mod lock;
mod maintenance;
mod metadata;
mod open;
mod open_error;
mod participants;
mod record;
mod row;
mod sandboxes;
mod search;
mod step;
mod turns;

pub use approvals::{ApprovalAsked, ApprovalDecided, ApprovalRow};
pub use blobs::{BLOB_LIMIT, BlobHash, InvalidHash};
pub use calls::Call;
pub use error::StoreError;
pub use events::{Prune, StoredEvent};
pub use history::{Entry, FailedTurns, HistoryPage, NewEntry, Window};
pub use kind::Kind;
pub use list::{Direction, List, Listed, SortBy};
pub use location::{InvalidLocation, Location};
pub use maintenance::{BackupError, DATABASE_FILE};
pub use open::Store;
pub use open_error::OpenError;
pub use participants::Participants;
pub use record::{Expected, NewRecord, Record};
pub use sandboxes::SandboxRow;
pub use search::{Found, Search};
pub use step::{CallFinish, CallStart, Committed, EntriesOfTurn, StepUsage, StepWrites, TurnEnd};
pub use turns::{OpenTurn, Turn};

/// How many rows any one read returns at most; more are asked for in pages.
pub const PAGE_LIMIT: u32 = 1000;
