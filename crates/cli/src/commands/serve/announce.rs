//! What a server tells of itself: plain lines for a person, or entries of the log where a program reads standard error.

use crate::{config::LogFormat, exit::tell, interrupt::Stage};

/// Tells things.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announcer {
    format: LogFormat,
}

impl Announcer {
    /// One that speaks as the log is written.
    pub(super) fn of(format: LogFormat) -> Self {
        Self { format }
    }

    /// Tells something that is no secret.
    pub(super) fn say(self, text: &str) {
        match self.format {
            LogFormat::Text => tell(text),
            LogFormat::Json => tracing::info!("{}", text.trim()),
        }
    }

    /// Tells how far an interrupt goes.
    pub(super) fn stage(self, stage: Stage) {
        self.say(match stage {
            Stage::Polite => "stopping: running turns come to their end; a second signal stops waiting for them",
            Stage::AtOnce => "stopped at once; what was under way is gone on with at the next start",
        });
    }

    /// Whether a person reads it, to whom a secret may be told once. A log is kept, and read by others.
    pub(super) fn is_for_a_person(self) -> bool {
        self.format == LogFormat::Text
    }
}
