//! The log of a server, on standard error: for people, or an object a line for programs. What is logged names sessions,
//! turns, steps and calls by their ids, as fields of the spans that they happen in; no key and nothing that was said.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// Begins to log.
pub(super) fn begin(settings: &Settings) {
    let filter = EnvFilter::new(&settings.log_level);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).init(),
    }
}
