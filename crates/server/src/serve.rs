//! The server from its start to its end.

use std::{sync::Arc, time::Duration};

use handspike_core::Sandboxes;
use handspike_store::{Store, StoreError};
use handspike_web::{ApiKey, Listening, Origin};
use tokio_util::sync::CancellationToken;

use crate::{
    ModelSource, router,
    server::{Access, Defaults, Server, ServerParts},
};

/// How many connections there may be at once. More wait to be accepted.
const CONNECTIONS_LIMIT: usize = 4096;

/// How long a client may hold up the end.
const END_LIMIT: Duration = Duration::from_secs(5);

/// What a server needs.
pub struct Config {
    /// The socket.
    pub listening: Listening,
    /// The key that clients must give.
    pub key: ApiKey,
    /// Host names by which it may be called beside the loopback's.
    pub hosts: Vec<String>,
    /// Web pages that may use it beside those of its own address.
    pub origins: Vec<Origin>,
    /// Where everything is kept. The caller closes it.
    pub store: Store,
    /// The models that agents may use.
    pub models: Arc<dyn ModelSource>,
    /// Where the tools of sessions run.
    pub sandboxes: Arc<dyn Sandboxes>,
    /// What holds where neither a request nor its session or agent say anything.
    pub defaults: Defaults,
    /// How long running turns may take to come to their end after the stop. What has not by then is gone on with after the
    /// next start.
    pub turns_grace: Duration,
}

/// Serves until the stop.
pub async fn serve(config: Config, stop: CancellationToken) -> Result<(), StoreError> {
    let Config { listening, key, hosts, origins, store, models, sandboxes, defaults, turns_grace } = config;
    let access = Access::new(key, hosts, origins, listening.address().port());
    let server = Server::new(ServerParts { store, access, models, sandboxes, defaults }).await?;
    let stop_serving = CancellationToken::new();
    let tending = tokio::spawn(Arc::clone(&server).tend(stop.clone()));
    let stopping = tokio::spawn({
        let (server, stop_serving) = (Arc::clone(&server), stop_serving.clone());
        async move {
            stop.cancelled().await;
            // Their clients are still there to be answered.
            server.stop(turns_grace).await;
            stop_serving.cancel();
        }
    });
    listening.serve(router(server), CONNECTIONS_LIMIT, stop_serving, END_LIMIT).await;
    for task in [tending, stopping] {
        if let Err(panic) = task.await {
            tracing::error!(%panic, "a task of the server has panicked");
        }
    }
    Ok(())
}
