//! One file per command.

mod raw_terminal;
pub(crate) mod run;
pub(crate) mod sandbox;
