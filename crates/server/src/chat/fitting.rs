//! A model that is sent no more than fits. A turn begins with a conversation that does; with every step it grows, and what
//! is too much is left out for the model alone.

use async_trait::async_trait;
use handspike_core::{Model, ModelDelta, ModelError, ModelReply, ModelRequest};
use handspike_prompt::{Entry, Overflow, TooLong, Window, tokens_of_message};
use handspike_types::Message;
use tokio::sync::mpsc;

/// A model with a bound.
pub(super) struct Fitting {
    pub(super) model: Box<dyn Model>,
    /// Tokens that there are for messages.
    pub(super) room: u64,
}

#[async_trait]
impl Model for Fitting {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn answer(
        &self,
        request: ModelRequest<'_>,
        deltas: &mpsc::Sender<ModelDelta>,
    ) -> Result<ModelReply, ModelError> {
        if request.messages.iter().map(tokens_of_message).sum::<u64>() <= self.room {
            return self.model.answer(request, deltas).await;
        }
        // The words are those of a provider that finds a prompt too long.
        let messages = fitted(request.messages, self.room)
            .map_err(|error| ModelError::Refused { status: 400, message: error.to_string() })?;
        self.model.answer(ModelRequest { messages: &messages, ..request }, deltas).await
    }
}

/// The newest messages for which there is room, and what they are an answer to.
fn fitted(messages: &[Message], room: u64) -> Result<Vec<Message>, TooLong> {
    let mut window = Window::new(room, Overflow::Truncate);
    for (index, message) in messages.iter().enumerate().rev() {
        if !window.wants_older() {
            break;
        }
        window.add_older(Entry::new(1 + index as u64, message.clone()));
    }
    window.fit().map(handspike_prompt::Fitted::into_messages)
}

#[cfg(test)]
mod tests {
    use handspike_types::{ToolCall, ToolOutput, ToolResult};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_turn_that_grows_keeps_its_question_and_its_last_steps() {
        let mut messages = vec![Message::user("what is to be done")];
        for step in 0..100 {
            let (id, name) = (step.to_string(), "bash".to_owned());
            let call = ToolCall { id: id.clone(), name: name.clone(), arguments: json!({}), toolset: None };
            messages.push(Message::assistant("", vec![call]));
            let output = ToolOutput::text("word ".repeat(50));
            messages.push(Message::Tools { results: vec![ToolResult { call_id: id, name, output, toolset: None }] });
        }
        let fitted = fitted(&messages, 2000).expect("it fits");
        assert!(fitted.iter().map(tokens_of_message).sum::<u64>() <= 2000);
        assert_eq!(fitted[0], messages[0]);
        assert_eq!(fitted.last(), messages.last());
        assert!(fitted.len() > 10 && fitted.len() < messages.len());
    }

    #[test]
    fn what_is_too_long_by_itself_is_told_in_a_providers_words() {
        let error = fitted(&[Message::user("word ".repeat(5000))], 100).expect_err("too long");
        assert!(error.to_string().starts_with("the prompt is too long"));
    }
}
