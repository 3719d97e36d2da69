//! Making a session from its parts.

use std::path::PathBuf;

use handspike_core::{EventSink, Limits, Model, Policy, RecordError, Recorder, Session, SessionParts, Transcript};
use handspike_tools::Router;
use handspike_types::{ModelSettings, SessionId};
use thiserror::Error;

use crate::{place::Workbench, prompt::system_prompt};

/// Everything that a session is put together from.
pub struct Assembly {
    /// The session's id.
    pub session: SessionId,
    /// Who continues the conversation.
    pub model: Box<dyn Model>,
    /// Which tools there are, and where they run.
    pub workbench: Workbench,
    /// Who may say no to a call.
    pub policy: Box<dyn Policy>,
    /// What a turn may use up.
    pub limits: Limits,
    /// The folder of transcript and screenshots.
    pub record: PathBuf,
    /// Who is told of events.
    pub sinks: Vec<Box<dyn EventSink>>,
}

/// Why a session could not begin.
#[derive(Debug, Error)]
pub enum BeginError {
    /// The folder for the record can't be written.
    #[error("the record's folder `{folder}` cannot be written\nhint: --out chooses another")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The first event could not be stored.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Assembly {
    /// Puts the session together and begins it. Its sandbox is made at the first call that needs it.
    pub async fn begin(self) -> Result<Session, BeginError> {
        let transcript = Transcript::create(&self.record)
            .map_err(|source| BeginError::Folder { folder: self.record.clone(), source })?;
        let system_prompt = system_prompt(&self.workbench.place);
        let parts = SessionParts {
            model: self.model,
            tools: Box::new(Router::new().with(Box::new(self.workbench.into_tools(self.session)))),
            policy: self.policy,
            recorder: Recorder::new(self.session, Some(Box::new(transcript)), self.sinks),
            limits: self.limits,
            system_prompt,
            settings: ModelSettings::default(),
        };
        Ok(Session::begin(parts).await?)
    }
}
