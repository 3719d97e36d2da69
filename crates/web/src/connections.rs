//! The connections of HTTP clients: how many there may be, how long one may take to say what it wants, and their end.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    pin,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a client may take for a request's head, from the connection's start or the answer before.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait after a connection could not be accepted, usually for want of a descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until the stop, and then gives what is under way a moment to come to its end.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    connections: usize,
    stop: CancellationToken,
    grace: Duration,
) {
    let places = Arc::new(Semaphore::new(connections));
    let open = TaskTracker::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let served = serve_connection(stream, routes.clone(), stop.clone(), grace);
                open.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Nobody is to be accepted and forgotten.
    drop(listener);
    open.close();
    open.wait().await;
}

async fn serve_connection(stream: TcpStream, routes: Router, stop: CancellationToken, grace: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A client that does not take its answer must not hold up the end.
            timeout(grace, connection.as_mut()).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended badly");
    }
}
