//! From a model's name, as people write it, to the model.

use std::env;

use handspike_core::Model;
use handspike_models::{
    openai::{ApiKey, OpenAi, OpenAiConfig},
    scripted::{Script, ScriptedModel},
};
use thiserror::Error;

const OPENAI_URL: &str = "https://api.openai.com/v1";

/// A model that can be made.
#[derive(Debug)]
pub enum ModelChoice {
    /// Turns from a scenario file.
    Scripted(Script),
    /// Any server that speaks OpenAI's Chat Completions.
    OpenAi(OpenAiConfig),
}

/// A name or address that leads to no model.
#[derive(Debug, Error)]
pub enum ModelChoiceError {
    /// No such provider.
    #[error(
        "model `{0}` is unknown\nhint: name it as PROVIDER:NAME; the provider is openai, for any server that speaks Chat Completions"
    )]
    Unknown(String),
    /// A base URL that is none.
    #[error("base URL `{0}` is no http or https address\nhint: for example --base-url http://127.0.0.1:8080/v1")]
    BaseUrl(String),
    /// The public endpoint wants a key.
    #[error("model `{0}` needs an API key\nhint: set OPENAI_API_KEY, or give --base-url for a server that needs none")]
    NoKey(String),
}

impl ModelChoice {
    /// The model of a name such as `openai:gpt-6`. Key and base URL come from `OPENAI_API_KEY` and `OPENAI_BASE_URL`
    /// where they are not given.
    pub fn named(name: &str, base_url: Option<&str>) -> Result<Self, ModelChoiceError> {
        let unknown = || ModelChoiceError::Unknown(name.to_owned());
        let (provider, model) = name.split_once(':').ok_or_else(unknown)?;
        if provider != "openai" || model.is_empty() {
            return Err(unknown());
        }
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let base_url = base_url.map(str::to_owned).or_else(|| variable("OPENAI_BASE_URL"));
        let api_key = variable("OPENAI_API_KEY").map(ApiKey::new);
        if base_url.is_none() && api_key.is_none() {
            return Err(ModelChoiceError::NoKey(name.to_owned()));
        }
        let base_url = base_url.unwrap_or_else(|| OPENAI_URL.to_owned());
        if !["http://", "https://"].iter().any(|scheme| base_url.starts_with(scheme)) {
            return Err(ModelChoiceError::BaseUrl(base_url));
        }
        Ok(Self::OpenAi(OpenAiConfig::new(model, base_url, api_key)))
    }

    /// Makes the model.
    pub(crate) fn make(self) -> Result<Box<dyn Model>, handspike_models::openai::ClientError> {
        Ok(match self {
            Self::Scripted(script) => Box::new(ScriptedModel::new(script)),
            Self::OpenAi(config) => Box::new(OpenAi::new(config)?),
        })
    }
}
