//! One file per command.

pub(crate) mod conformance;
pub(crate) mod db;
pub(crate) mod mcp;
mod raw_terminal;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod serve;
