//! What all handlers share.

use std::sync::Arc;

use handspike_store::{Store, StoreError};
use handspike_web::{ApiKey, Door, Origin};

use crate::routes::projects;

/// The state of the server.
#[derive(Clone)]
pub struct Server {
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) models: Vec<String>,
}

/// Who may use the server.
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) door: Door,
    pub(crate) key: ApiKey,
}

impl Access {
    /// Whoever has the key and calls the server by a name of the loopback or one of `hosts`; of web pages those that are
    /// from `port` of this machine or from one of `origins`.
    #[must_use]
    pub fn new(key: ApiKey, hosts: Vec<String>, origins: Vec<Origin>, port: u16) -> Self {
        Self { door: Door::new(key.clone(), hosts, origins, port), key }
    }
}

impl Server {
    /// A server of a store, in which there is a project `default` afterwards. Agents may use `models`.
    pub async fn new(store: Store, access: Access, models: Vec<String>) -> Result<Arc<Self>, StoreError> {
        match store.create(projects::usual()).await {
            Ok(_) | Err(StoreError::Duplicate { .. }) => Ok(Arc::new(Self { store, access, models })),
            Err(error) => Err(error),
        }
    }
}
