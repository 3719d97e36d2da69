//! The clipboard, by the conventions of the ICCCM: there is no store, only a program that answers those who ask.
//!
//! Reading asks the owner, over the desktop's connection. Owning means to answer at any time, also between calls, so it
//! is done by a thread with a connection of its own. Texts that are too long for one property travel in pieces (`INCR`)
//! in both directions.

mod owner;
mod read;
mod transfer;

pub(super) use owner::Owner;
pub(super) use read::read;
