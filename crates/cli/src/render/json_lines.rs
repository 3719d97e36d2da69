//! Events as JSON lines on standard output, the same as in the transcript: images are named by their files, and what a
//! model writes comes as a whole.

use std::io::{self, Write as _};

use async_trait::async_trait;
use handspike_core::{EventSink, transcript_line};
use handspike_types::{Event, EventKind};

use super::unless_unread;

pub(crate) struct JsonLines;

#[async_trait]
impl EventSink for JsonLines {
    async fn announce(&mut self, event: &Event) -> io::Result<()> {
        if matches!(event.kind, EventKind::MessageDelta { .. }) {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        unless_unread(writeln!(out, "{}", transcript_line(event)).and_then(|()| out.flush()))
    }
}
