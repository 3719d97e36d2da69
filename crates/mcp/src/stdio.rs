//! One client over a pair of streams, usually standard input and output.

use std::{io, sync::Arc, time::Duration};

use rmcp::service::{QuitReason, ServerInitializeError, serve_server_with_ct};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    ServeError, Server,
    connection::{Connection, Watched},
    lines::Lines,
    service::Service,
};

/// The longest message that is taken from a client: a file of some megabytes fits.
pub(crate) const MESSAGE_LIMIT: usize = 32 << 20;

/// How long the end of a connection may take, with answers that nobody may be reading. The tools end meanwhile.
pub(crate) const END_LIMIT: Duration = Duration::from_secs(2);

/// Serves the client at standard input and output until it closes its end or the server is stopped.
///
/// Nothing else may write to standard output meanwhile.
pub async fn serve_stdio(server: Arc<Server>) -> Result<(), ServeError> {
    serve_streams(server, tokio::io::stdin(), tokio::io::stdout()).await
}

/// Serves one client over any two streams, then cancels what it left running and closes the executor.
pub async fn serve_streams(
    server: Arc<Server>,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), ServeError> {
    let gone = server.stop.child_token();
    let serving = async {
        let served = serve_client(&server, gone.clone(), read, write).await;
        gone.cancel();
        served
    };
    // What the tools hold is given back whether or not the client takes its last answers.
    let closing = async {
        gone.cancelled().await;
        server.close().await
    };
    let (served, closed) = tokio::join!(serving, closing);
    served?;
    closed
}

async fn serve_client(
    server: &Arc<Server>,
    gone: CancellationToken,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    let transport = Lines::new(read, write, MESSAGE_LIMIT);
    let transport = Watched::new(transport, Connection { gone: gone.clone(), presence: None });
    let running = match serve_server_with_ct(Service(Arc::clone(server)), transport, gone.child_token()).await {
        Ok(running) => running,
        // A client that goes before it has said anything has not been failed.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => return Ok(()),
        Err(error) => return Err(io::Error::other(error)),
    };
    let mut ended = Box::pin(running.waiting());
    let ended = tokio::select! {
        ended = &mut ended => ended,
        () = gone.cancelled() => timeout(END_LIMIT, &mut ended).await.unwrap_or(Ok(QuitReason::Closed)),
    };
    ended.map(drop).map_err(io::Error::other)
}
