//! What the editor did, so that it can be taken back, also by another process after this one was killed.
//!
//! An entry holds a splice, and the hash of the file as the edit left it: a hash says for 32 bytes whether
//! somebody else has written since. It is written (`format`, `store`) while the edited file is, before that file
//! takes the old one's place, and is marked as done afterwards. A crash in between leaves an
//! entry without the mark; whether its edit happened is then told from the file alone, see [`Kept::leads_to`].
//!
//! The [`Journal`] is bounded, and the oldest entries go first. It keeps in memory what finds an entry, and on
//! the disk, where it has a folder there, the bytes. An entry that is not as it was written is dropped.

mod entry;
mod format;
mod history;
mod store;

pub(crate) use entry::{Edit, Kept, Standing, Step, digest};
pub(crate) use history::Journal;

#[cfg(test)]
#[path = "../journal_tests.rs"]
mod tests;
