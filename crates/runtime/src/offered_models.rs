//! The models of a server: those it lists, behind one address that speaks Chat Completions.

use std::collections::BTreeMap;

use handspike_core::{Model, ModelSource, ModelUnavailable};
use handspike_models::openai::{ApiKey, OpenAi, OpenAiConfig};
use handspike_types::with_causes;

use crate::{
    ModelChoiceError,
    model_choice::{OPENAI_URL, openai_name},
    windows,
};

/// Which models a server offers, and where they are.
#[derive(Clone, Debug, Default)]
pub struct ModelOffer {
    /// Names such as `openai:gpt-6`. Where there are none, any name of a known provider is taken.
    pub names: Vec<String>,
    /// The address of the API; otherwise the provider's own.
    pub base_url: Option<String>,
    /// The server's own key. Without one, at the provider's own address, clients bring theirs.
    pub api_key: Option<ApiKey>,
    /// Windows in tokens by name, of models that are not known or that a server runs with others.
    pub windows: BTreeMap<String, u64>,
}

/// The models, whose connections are shared.
#[derive(Debug)]
pub struct OfferedModels {
    names: Vec<String>,
    windows: BTreeMap<String, u64>,
    api_key: Option<ApiKey>,
    /// Whether somebody has to give a key.
    wants_key: bool,
    /// Any model at the address, of which the others are siblings.
    any: OpenAi,
}

impl OfferedModels {
    /// Checks the offer. Nothing is sent yet.
    pub fn new(offer: ModelOffer) -> Result<Self, ModelChoiceError> {
        let ModelOffer { names, base_url, api_key, windows } = offer;
        for name in names.iter().chain(windows.keys()) {
            openai_name(name)?;
        }
        let wants_key = base_url.is_none();
        let base_url = base_url.unwrap_or_else(|| OPENAI_URL.to_owned());
        let any = OpenAi::new(OpenAiConfig::new("", base_url, api_key.clone()))?;
        Ok(Self { names, windows, api_key, wants_key, any })
    }

    /// Whether every client has to bring a key of its own.
    #[must_use]
    pub fn clients_bring_keys(&self) -> bool {
        self.wants_key && self.api_key.is_none()
    }
}

impl ModelSource for OfferedModels {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn knows(&self, name: &str) -> bool {
        match self.names.as_slice() {
            [] => openai_name(name).is_ok(),
            names => names.iter().any(|known| known == name),
        }
    }

    fn open(&self, name: &str, key: Option<&str>) -> Result<Box<dyn Model>, ModelUnavailable> {
        let unavailable = || ModelUnavailable(format!("The model `{name}` is not available"));
        let model = openai_name(name).ok().filter(|_| self.knows(name)).ok_or_else(unavailable)?;
        let key = key.map(ApiKey::new).or_else(|| self.api_key.clone());
        if self.wants_key && key.is_none() {
            let words = "The server has no key for its models; send one of yours as X-Custom-Api-Key";
            return Err(ModelUnavailable(words.to_owned()));
        }
        match self.any.sibling(model, key) {
            Ok(model) => Ok(Box::new(model)),
            Err(error) => Err(ModelUnavailable(with_causes(&error))),
        }
    }

    fn window(&self, name: &str) -> Option<u64> {
        let known = || windows::known(openai_name(name).ok()?);
        self.windows.get(name).copied().or_else(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(names: &[&str]) -> ModelOffer {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        ModelOffer { names, api_key: Some(ApiKey::new("sk-server")), ..ModelOffer::default() }
    }

    fn models(offer: ModelOffer) -> OfferedModels {
        OfferedModels::new(offer).expect("an offer")
    }

    #[test]
    fn a_list_is_all_that_there_is() {
        let models = models(offer(&["openai:gpt-4o", "openai:a/b"]));
        assert_eq!(models.names(), ["openai:gpt-4o", "openai:a/b"]);
        assert!(models.knows("openai:a/b") && !models.knows("openai:gpt-4") && !models.knows("gpt-4o"));
        assert_eq!(models.open("openai:a/b", None).expect("a model").name(), "openai:a/b");
        let error = models.open("openai:gpt-4", None).err().expect("not offered").to_string();
        assert_eq!(error, "The model `openai:gpt-4` is not available");
    }

    #[test]
    fn without_a_list_any_model_of_the_provider_is_taken() {
        let models = models(offer(&[]));
        assert!(models.names().is_empty());
        assert!(models.knows("openai:gpt-9") && models.open("openai:gpt-9", None).is_ok());
        for name in ["gpt-9", "openai:", "other:gpt-9", ""] {
            assert!(!models.knows(name) && models.open(name, None).is_err(), "{name}");
        }
    }

    #[test]
    fn without_a_key_of_the_server_clients_bring_theirs() {
        let bare = models(ModelOffer::default());
        assert!(bare.clients_bring_keys());
        let error = bare.open("openai:gpt-4o", None).err().expect("no key").to_string();
        assert!(error.contains("X-Custom-Api-Key"), "{error}");
        assert!(bare.open("openai:gpt-4o", Some("sk-client")).is_ok());
        // Servers at other addresses may need none.
        let base_url = Some("http://127.0.0.1:1/v1".to_owned());
        let local = models(ModelOffer { base_url, ..ModelOffer::default() });
        assert!(!local.clients_bring_keys() && local.open("openai:qwen3", None).is_ok());
    }

    #[test]
    fn a_key_that_can_not_be_sent_is_not_repeated() {
        let error = models(offer(&[])).open("openai:gpt-4o", Some("sk-\u{1}x")).err().expect("no key").to_string();
        assert!(!error.contains("sk-"), "{error}");
    }

    #[test]
    fn a_window_that_was_said_is_the_one() {
        let windows = BTreeMap::from([("openai:gpt-4o".to_owned(), 32_000), ("openai:qwen3".to_owned(), 40_960)]);
        let models = models(ModelOffer { windows, ..offer(&[]) });
        assert_eq!(models.window("openai:gpt-4o"), Some(32_000));
        assert_eq!(models.window("openai:qwen3"), Some(40_960));
        assert_eq!(models.window("openai:gpt-4.1-mini"), Some(1_047_576));
        assert_eq!(models.window("openai:other"), None);
    }

    #[test]
    fn an_offer_of_what_leads_nowhere_is_refused() {
        assert!(
            matches!(OfferedModels::new(offer(&["gpt-4o"])), Err(ModelChoiceError::Unknown(name)) if name == "gpt-4o")
        );
        let base_url = Some("ftp://x".to_owned());
        assert!(matches!(OfferedModels::new(ModelOffer { base_url, ..offer(&[]) }), Err(ModelChoiceError::Client(_))));
    }
}
