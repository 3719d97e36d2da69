//! One suite for both databases. PostgreSQL's tests want a server: its address in `HANDSPIKE_TEST_POSTGRES`, or else the
//! one that `scripts/postgres up` starts.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod approvals;
mod blobs;
mod crash;
mod docs;
mod events;
mod history;
mod maintenance;
mod resources;
mod sandboxes;
mod support;
mod turns;
