//! What a server asks of whoever knows the models.

use thiserror::Error;

use crate::Model;

/// The models that agents may use.
pub trait ModelSource: Send + Sync {
    /// Their names, as agents and requests have them, for example `openai:gpt-6`.
    fn names(&self) -> Vec<String>;

    /// Whether a name leads to a model. There may be more of them than are listed.
    fn knows(&self, name: &str) -> bool;

    /// A model by its name, with a key of the client's in place of the server's own. Nothing is sent yet.
    fn open(&self, name: &str, key: Option<&str>) -> Result<Box<dyn Model>, ModelUnavailable>;

    /// How many tokens its prompt may have, where that is known.
    fn window(&self, name: &str) -> Option<u64>;
}

/// A name that leads to no model. Its text is for the client.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ModelUnavailable(pub String);
