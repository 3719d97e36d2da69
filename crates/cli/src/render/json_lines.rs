//! Events as JSON lines on standard output. Images are named by their files, not repeated.

use std::io::{self, Write as _};

use async_trait::async_trait;
use handspike_core::{EventSink, transcript_line};
use handspike_types::Event;

use super::unless_unread;

pub(crate) struct JsonLines;

#[async_trait]
impl EventSink for JsonLines {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        let mut out = io::stdout().lock();
        unless_unread(writeln!(out, "{}", transcript_line(event)).and_then(|()| out.flush()))
    }
}
