//! What a turn has come to so far: its journal writes it, and the answer is made of it.

use handspike_api::{FinishReason, LogProbs, MessageOut, StopDetails, TokenLogProb, TopLogProb, Usage, Warning};
use handspike_types as types;
use serde::Deserialize;
use serde_json::Value;

use super::{
    entry::Said,
    failure::{ModelFailure, TurnFailure},
};

/// What a turn has come to so far.
#[derive(Default)]
pub(super) struct Record {
    /// What models and tools have said, in order.
    pub(super) said: Vec<Said>,
    /// The last answers of the model, of which the first is also among the above.
    pub(super) answers: Vec<Answer>,
    pub(super) warnings: Vec<Warning>,
    /// Tokens beside those of the loop.
    pub(super) beside: types::Usage,
    /// Why the model gave no answer, where it gave none.
    pub(super) model_failure: Option<ModelFailure>,
    /// Set at the end.
    pub(super) end: Option<End>,
}

/// One of several answers.
pub(super) struct Answer {
    pub(super) said: Said,
    pub(super) finish_reason: FinishReason,
    pub(super) logprobs: Option<LogProbs>,
}

/// How a turn has ended.
#[derive(Clone)]
pub(super) struct End {
    pub(super) finish_reason: FinishReason,
    pub(super) pending: Vec<String>,
    pub(super) stop_details: Option<StopDetails>,
    pub(super) usage: Usage,
    pub(super) failure: Option<TurnFailure>,
    pub(super) is_cancelled: bool,
}

impl Record {
    /// The messages that the turn has produced.
    pub(super) fn messages(&self) -> Vec<MessageOut> {
        self.said.iter().map(Said::to_message).collect()
    }

    /// Adds the model's sentences about what it could not honour, each once.
    pub(super) fn warn(&mut self, sentences: &[String]) {
        for sentence in sentences {
            // They begin with the field, or name it in passing.
            let field = sentence.split('`').nth(1).unwrap_or_default().to_owned();
            let warning = Warning { field, message: sentence.clone() };
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// Tokens in the words of the API.
pub(super) fn usage(usage: types::Usage) -> Usage {
    Usage {
        prompt_tokens: Some(usage.input_tokens),
        completion_tokens: Some(usage.output_tokens),
        total_tokens: Some(usage.total()),
    }
}

pub(super) fn finish_reason(reason: types::FinishReason) -> FinishReason {
    match reason {
        types::FinishReason::Stop => FinishReason::Stop,
        types::FinishReason::ToolCalls => FinishReason::ToolCalls,
        types::FinishReason::Length => FinishReason::Length,
        types::FinishReason::ContentFilter => FinishReason::ContentFilter,
    }
}

/// How likely tokens were, as a provider tells it. What is told in another way is left out.
pub(super) fn logprobs(told: Option<&Value>) -> Option<LogProbs> {
    #[derive(Deserialize)]
    struct Told {
        content: Option<Vec<Token>>,
    }
    #[derive(Deserialize)]
    struct Token {
        token: String,
        logprob: f64,
        bytes: Option<Vec<u8>>,
        #[serde(default)]
        top_logprobs: Vec<Token>,
    }
    let told: Told = serde_json::from_value(told?.clone()).ok()?;
    let top = |Token { token, logprob, bytes, .. }: Token| TopLogProb { token, logprob, bytes };
    let token = |told: Token| {
        let itself = TopLogProb { token: told.token.clone(), logprob: told.logprob, bytes: told.bytes.clone() };
        let mut top_logprobs: Vec<_> = told.top_logprobs.into_iter().map(top).collect();
        // There is one at least: the token that it was.
        if top_logprobs.is_empty() {
            top_logprobs.push(itself);
        }
        TokenLogProb { token: told.token, logprob: told.logprob, bytes: told.bytes, top_logprobs }
    };
    Some(LogProbs { content: told.content.map(|tokens| tokens.into_iter().map(token).collect()) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn log_probabilities_are_read_as_a_provider_tells_them() {
        let told = json!({"content": [
            {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2, "bytes": null}]},
            {"token": "c", "logprob": -0.2},
        ]});
        let read = serde_json::to_value(logprobs(Some(&told))).expect("JSON");
        assert_eq!(read["content"][0]["top_logprobs"], json!([{"token": "b", "logprob": -2.0, "bytes": null}]));
        assert_eq!(read["content"][1]["top_logprobs"][0]["token"], "c");
        assert_eq!(logprobs(Some(&json!({"content": 5}))), None);
        assert_eq!(logprobs(Some(&json!({"content": null}))), Some(LogProbs { content: None }));
    }

    #[test]
    fn a_warning_names_the_field_that_its_sentence_names() {
        let mut record = Record::default();
        let sentences = ["`top_p` 3 was sent as 1".to_owned(), "only the first 4 texts in `stop` were sent".to_owned()];
        record.warn(&sentences);
        record.warn(&sentences);
        let fields: Vec<_> = record.warnings.iter().map(|warning| warning.field.as_str()).collect();
        assert_eq!(fields, ["top_p", "stop"]);
    }
}
