//! Renderings of a session's events: for a person at a terminal, for machines, and as a report to keep.

mod activity;
mod json_lines;
mod report;
mod summary;
mod terminal;

pub(crate) use activity::Activity;
pub(crate) use json_lines::JsonLines;
pub(crate) use report::Report;
pub(crate) use summary::printable;
pub(crate) use terminal::Terminal;
