//! What all handlers share.

use std::{sync::Arc, time::Duration};

use handspike_api::{Limits, Policy};
use handspike_core::Sandboxes;
use handspike_prompt::Templates;
use handspike_store::{Store, StoreError};
use handspike_telemetry::Telemetry;
use handspike_web::{ApiKey, Door, Origin};

use crate::{
    ModelSource,
    chat::{approvals::Approvals, hub::Hub, turns::Turns},
    openai::Awaiting,
    routes::projects,
};

/// The state of the server.
pub struct Server {
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) models: Arc<dyn ModelSource>,
    pub(crate) sandboxes: Arc<dyn Sandboxes>,
    pub(crate) defaults: Defaults,
    pub(crate) telemetry: Telemetry,
    pub(crate) templates: Templates,
    pub(crate) approvals: Arc<Approvals>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) awaiting: Awaiting,
}

/// What a server is made of.
pub struct ServerParts {
    /// Where everything is kept.
    pub store: Store,
    /// Who may use it.
    pub access: Access,
    /// The models that agents may use.
    pub models: Arc<dyn ModelSource>,
    /// Where the tools of sessions run.
    pub sandboxes: Arc<dyn Sandboxes>,
    /// What holds where neither a request nor its session or agent say anything.
    pub defaults: Defaults,
    /// Who watches it.
    pub telemetry: Telemetry,
}

/// What holds where nobody says anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults {
    /// Whether calls are run here rather than returned to the client.
    pub auto_run_tools: bool,
    /// What a turn may use.
    pub limits: Limits,
    /// Which calls may run, and which somebody has to allow first.
    pub policy: Policy,
    /// The model of agents that name none; otherwise the first that is listed.
    pub model: Option<String>,
}

impl Default for Defaults {
    /// Tools run here, all of them, for 50 steps and half an hour at most.
    fn default() -> Self {
        let limits = Limits { max_steps: Some(50), max_seconds: Some(1800.0), ..Limits::default() };
        Self { auto_run_tools: true, limits, policy: Policy::default(), model: None }
    }
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
    /// A server of these parts, in whose store there is a project `default` afterwards.
    pub async fn new(parts: ServerParts) -> Result<Arc<Self>, StoreError> {
        let ServerParts { store, access, models, sandboxes, defaults, telemetry } = parts;
        match store.create(projects::usual()).await {
            Ok(_) | Err(StoreError::Duplicate { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Arc::new(Self {
            store,
            access,
            models,
            sandboxes,
            defaults,
            telemetry,
            templates: Templates::new(),
            approvals: Arc::default(),
            turns: Arc::default(),
            hub: Arc::default(),
            awaiting: Awaiting::default(),
        }))
    }

    /// Begins no more turns, and gives those that run so long to come to their end. What has not by then stays open in the
    /// store, and is gone on with after the next start.
    pub async fn stop(&self, grace: Duration) {
        self.turns.end(grace).await;
    }
}
