//! The sandboxes of a server's sessions.
//!
//! A [`Pool`] makes a session's sandbox at the first call that needs one (`opening`) and keeps it with its connection
//! between turns: what a turn has is a handle (`handle`). One that nobody uses is stopped, which frees its memory and keeps
//! its files, and removed after its time (`sweep`). So many run at once (`gate`); whoever comes later waits in order, while
//! the longest idle are stopped for them. Clients put files in, take them out and see the screen (`access`).
//!
//! What is known of a sandbox stands in a slot of its session (`slot`), and as much of it as a later process needs in the
//! store: a sandbox is remembered there before it is made, and forgotten after it is gone. A server that comes back, also
//! after a `kill -9`, counts what runs and connects when it is needed. That works because a sandbox carries the id of the
//! server's store on its container, and belongs to whatever process has that store.

mod access;
mod config;
mod gate;
mod handle;
mod opening;
mod pool;
mod slot;
mod sweep;

pub use config::PoolConfig;
pub use pool::{Counts, Pool};
