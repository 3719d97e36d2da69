//! Turns for those who speak another API than that of the sessions: asked for in the words of this one, and answered in
//! them, whole or piece by piece.

use std::sync::Arc;

use handspike_api::{ChatInput, ChatResponse};
use handspike_telemetry::TraceParent;
use handspike_types::ToolChoice;
use uuid::Uuid;

use super::{
    ask::{Asked, Planned},
    chunks::{Chunks, Next},
    plan::KeyOf,
    prefer::Prefer,
    turn::Begun,
};
use crate::{error::ApiError, routes::models, server::Server};

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The session's agent, with its instructions, tools and settings.
    Agent(Uuid),
    /// A model by its name. The session has no agent.
    Model(String),
}

/// Whether the model must call a tool before it says anything, which a `ChatInput` can't ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstStep {
    AsAsked,
    MustCall,
}

/// A turn that runs.
pub(crate) struct Aside {
    begun: Begun,
    chunks: Option<Arc<Chunks>>,
}

impl Server {
    /// Begins a turn. `key` is the client's own for the model's provider, `parent` the trace that the request belongs to.
    pub(crate) async fn aside(
        self: &Arc<Self>,
        session: Uuid,
        (speaker, first_step): (&Speaker, FirstStep),
        input: ChatInput,
        (key, parent): (Option<&str>, Option<TraceParent>),
    ) -> Result<Aside, ApiError> {
        let chunks: Option<Arc<Chunks>> = input.stream.then(Arc::default);
        let whose = KeyOf::given(key);
        let Planned { mut plan, input, docs } = match speaker {
            Speaker::Agent(_) => self.planned(session, input, whose).await?,
            Speaker::Model(name) => self.planned_for_model(session, name.clone(), input, whose).await?,
        };
        match first_step {
            FirstStep::AsAsked => {}
            FirstStep::MustCall => plan.settings.tool_choice = Some(ToolChoice::Required),
        }
        let model = self.models.open(&plan.model, key).map_err(|error| models::unavailable(&error.to_string()))?;
        let asked =
            Asked { session, plan: Arc::new(plan), input, docs: docs.into(), model, chunks: chunks.clone(), parent };
        let begun = self.begin(asked, Prefer::default()).await?;
        Ok(Aside { begun, chunks })
    }
}

impl Aside {
    /// The turn's id.
    pub(crate) fn turn(&self) -> Uuid {
        self.begun.turn
    }

    /// The whole answer of a turn that is not streamed.
    pub(crate) async fn answer(self) -> Result<ChatResponse, ApiError> {
        self.begun.answer.await.unwrap_or_else(|_| Err(ApiError::internal()))
    }

    /// Waits until a streamed turn has something to say, for a while; one that failed before is its error.
    pub(crate) async fn first(&self) -> Result<(), ApiError> {
        match &self.chunks {
            Some(chunks) => chunks.first().await,
            None => Ok(()),
        }
    }

    /// What a streamed turn says next.
    pub(crate) async fn next(&self) -> Next {
        match &self.chunks {
            Some(chunks) => chunks.next().await,
            None => Next::End(Err(ApiError::internal())),
        }
    }
}
