//! A model that notes in the turn's record why it gave no answer: an outcome has only the words.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use handspike_core::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
use tokio::sync::mpsc;

use super::{failure::ModelFailure, record::Record};

/// A model under watch.
pub(super) struct Watched {
    pub(super) model: Box<dyn Model>,
    pub(super) record: Arc<Mutex<Record>>,
}

#[async_trait]
impl Model for Watched {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let answer = self.model.answer(request, deltas).await;
        let failure = answer.as_ref().err().map(ModelFailure::of);
        self.record.lock().unwrap_or_else(PoisonError::into_inner).model_failure = failure;
        answer
    }
}
