//! From a model's name, as people write it, to the model.

use std::env;

use handspike_core::Model;
use handspike_models::openai::{ApiKey, ClientError, OpenAi, OpenAiConfig};
use thiserror::Error;

pub(crate) const OPENAI_URL: &str = "https://api.openai.com/v1";

/// A name or address that leads to no model.
#[derive(Debug, Error)]
pub enum ModelChoiceError {
    /// No such provider.
    #[error(
        "model `{0}` is unknown\nhint: name it as PROVIDER:NAME; the provider is openai, for any server that speaks Chat Completions"
    )]
    Unknown(String),
    /// The public endpoint wants a key.
    #[error("model `{0}` needs an API key\nhint: set OPENAI_API_KEY, or give --base-url for a server that needs none")]
    NoKey(String),
    /// The client can't be made of this address and key.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The model of a name such as `openai:gpt-6`. Key and base URL come from `OPENAI_API_KEY` and `OPENAI_BASE_URL` where
/// they are not given. Nothing is sent yet.
pub fn model_named(name: &str, base_url: Option<&str>) -> Result<Box<dyn Model>, ModelChoiceError> {
    let model = openai_name(name)?;
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let base_url = base_url.map(str::to_owned).or_else(|| variable("OPENAI_BASE_URL"));
    let api_key = variable("OPENAI_API_KEY").map(ApiKey::new);
    if base_url.is_none() && api_key.is_none() {
        return Err(ModelChoiceError::NoKey(name.to_owned()));
    }
    let base_url = base_url.unwrap_or_else(|| OPENAI_URL.to_owned());
    Ok(Box::new(OpenAi::new(OpenAiConfig::new(model, base_url, api_key))?))
}

/// Whether a name is one of a provider's models, as far as that can be seen from it.
pub fn check_model_name(name: &str) -> Result<(), ModelChoiceError> {
    openai_name(name).map(drop)
}

/// What a model is called at its provider, which is any server that speaks Chat Completions.
pub(crate) fn openai_name(name: &str) -> Result<&str, ModelChoiceError> {
    let model = name.strip_prefix("openai:").filter(|model| !model.is_empty());
    model.ok_or_else(|| ModelChoiceError::Unknown(name.to_owned()))
}
