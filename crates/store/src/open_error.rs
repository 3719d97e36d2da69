//! Why a store could not be opened.

use std::{io, path::PathBuf};

use thiserror::Error;

/// The store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the store `{}` is in use by process {process}\nhint: stop that server, or give this one another file", file.display())]
    InUse {
        /// The database.
        file: PathBuf,
        /// The process's number, or `unknown`.
        process: String,
    },
    /// A folder or a file can't be made or read.
    #[error("the store's `{}` cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A newer program has migrated it.
    #[error(
        "the store has schema version {found}, and this program knows {known}\n\
         hint: use the newer program that it was last opened with, or restore a backup from before"
    )]
    SchemaTooNew {
        /// The database's version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is something else.
    #[error("`{}` is no SQLite database\nhint: give the path of a new file", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// The database can't be reached.
    #[error("the database cannot be reached\nhint: check that it runs, its address and the user's rights")]
    Connect(#[source] sqlx::Error),
    /// The schema could not be brought up to date; the step that failed has changed nothing.
    #[error("the store's schema cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// What names the store can't be read or given.
    #[error("the store's id cannot be read")]
    Identity(#[source] sqlx::Error),
}
