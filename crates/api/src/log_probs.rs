//! How likely the tokens of an answer were.

use serde::Serialize;
use utoipa::ToSchema;

/// The tokens of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LogProbs {
    /// One by one; null where the provider does not tell.
    pub content: Option<Vec<TokenLogProb>>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TokenLogProb {
    /// Its text.
    pub token: String,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// Its bytes, where it is no whole text.
    pub bytes: Option<Vec<u8>>,
    /// What else was likely, itself included.
    #[schema(min_items = 1)]
    pub top_logprobs: Vec<TopLogProb>,
}

/// A token that could have been.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TopLogProb {
    /// Its text.
    pub token: String,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// Its bytes, where it is no whole text.
    pub bytes: Option<Vec<u8>>,
}
