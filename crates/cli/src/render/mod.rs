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

/// What came of writing to standard output. Nobody may read there any more, as after `| head`, and that changes nothing:
/// the work is done to its end, and the record has all of it.
pub(crate) fn unless_unread(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
