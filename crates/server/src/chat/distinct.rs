//! A model whose calls have ids of their own. Some servers number the calls of each answer anew, and then two calls of a
//! conversation would have one id: nobody could tell whose answer is whose, nor whether a call has run.

use std::collections::HashSet;

use async_trait::async_trait;
use handspike_core::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
use handspike_types::Message;
use tokio::sync::mpsc;

/// Pieces that may wait while one is passed on.
const PIECES: usize = 16;

/// A model whose calls have ids of their own.
pub(super) struct Distinct(pub(super) Box<dyn Model>);

#[async_trait]
impl Model for Distinct {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        let ids = Ids::used_in(request.messages);
        let (sender, mut pieces) = mpsc::channel::<ModelDelta>(PIECES);
        let answer = async {
            let answer = self.0.answer(request, &sender).await;
            drop(sender);
            answer
        };
        let pass_on = async {
            while let Some(mut delta) = pieces.recv().await {
                if let Some(id) = delta.tool_call.as_mut().and_then(|call| call.id.as_mut()) {
                    *id = ids.own(id);
                }
                // Whoever asked may be content with the whole answer.
                let _ = deltas.send(delta).await;
            }
        };
        let (answer, ()) = tokio::join!(answer, pass_on);
        answer.map(|mut reply| {
            let calls = reply.tool_calls.iter_mut();
            let calls = calls.chain(reply.alternatives.iter_mut().flat_map(|choice| &mut choice.tool_calls));
            for call in calls {
                call.id = ids.own(&call.id);
            }
            reply
        })
    }
}

/// The ids that a conversation has used.
struct Ids {
    used: HashSet<String>,
    /// Sets the ids of this answer apart from all before it.
    place: usize,
}

impl Ids {
    fn used_in(messages: &[Message]) -> Self {
        let calls = messages.iter().flat_map(|message| match message {
            Message::Assistant { tool_calls, .. } => tool_calls.as_slice(),
            Message::System { .. } | Message::User { .. } | Message::Tools { .. } => &[],
        });
        Self { used: calls.map(|call| call.id.clone()).collect(), place: messages.len() }
    }

    fn own(&self, id: &str) -> String {
        let mut own = id.to_owned();
        while own.is_empty() || self.used.contains(&own) {
            own = format!("{own}_{}", self.place);
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use handspike_types::ToolCall;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_that_was_used_before_becomes_another() {
        let call = |id: &str| ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments: json!({}), toolset: None };
        let messages = [Message::user("hi"), Message::assistant("", vec![call("a"), call("a_2")])];
        let ids = Ids::used_in(&messages);
        assert_eq!([ids.own("b"), ids.own("a"), ids.own("")], ["b", "a_2_2", "_2"]);
    }
}
