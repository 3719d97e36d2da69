//! The server from its start to its end.

use std::{sync::Arc, time::Duration};

use handspike_core::Sandboxes;
use handspike_store::{Store, StoreError};
use handspike_telemetry::Telemetry;
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
    /// Who watches it.
    pub telemetry: Telemetry,
    /// How long running turns may take to come to their end once the server is to stop.
    pub stop_after: Duration,
}

/// Serves until the stop. From then on no turn begins, and those that run have their time to come to an end; what has not
/// by then is left as it is stored, for the next start to go on with.
pub async fn serve(config: Config, stop: CancellationToken) -> Result<(), StoreError> {
    let Config { listening, key, hosts, origins, store, models, sandboxes, defaults, telemetry, stop_after } = config;
    let access = Access::new(key, hosts, origins, listening.address().port());
    let server = Server::new(ServerParts { store, access, models, sandboxes, defaults, telemetry }).await?;
    let turns_ended = CancellationToken::new();
    let tend = Arc::clone(&server).tend(stop.clone());
    let end_turns = async {
        stop.cancelled().await;
        server.turns.end(stop_after).await;
        turns_ended.cancel();
    };
    // Clients are told that no turn begins, rather than finding nobody, until there is nothing left to wait for.
    let routes = router(Arc::clone(&server));
    tokio::join!(tend, end_turns, listening.serve(routes, CONNECTIONS_LIMIT, turns_ended.clone(), END_LIMIT));
    Ok(())
}
