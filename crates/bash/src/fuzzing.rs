//! What the fuzz targets reach that is otherwise private.
#![allow(missing_docs, reason = "nobody else sees it")]

use handspike_command::View;

use crate::{BashConfig, capture::Capture, driver::Report, pipes::Stream};

/// The page of a call, the same of standard error alone, and the lines that it wrote to.
pub fn page(config: &BashConfig, chunks: &[(bool, &[u8])]) -> (View, String, Vec<(u64, u64)>) {
    let mut capture = Capture::new(config);
    for (is_err, bytes) in chunks {
        capture.push(if *is_err { Stream::Err } else { Stream::Out }, bytes);
    }
    let captured = capture.finish();
    (captured.view, captured.stderr, captured.err_lines.runs)
}

/// The status and the folder that a call's report tells.
pub fn report(call: u64, bytes: &[u8]) -> Option<(i32, String)> {
    Report::parse(call, bytes).map(|report| (report.number, report.cwd))
}
