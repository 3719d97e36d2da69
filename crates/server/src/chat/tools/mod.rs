//! The tools of a turn, made of their definitions: what the model is offered, and who runs a call.
//!
//! Functions are the client's. Shell, editor and computer run in the session's sandbox (`bench`). What this server does
//! not run yet is offered all the same, and a call to it is answered with that (`outside`).

mod bench;
mod kit;
mod outside;

pub(crate) use bench::wishes;
pub(crate) use kit::{Kinds, Kit, Runs, joined};
