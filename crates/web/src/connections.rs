//! The connections of HTTP clients: how many there may be, how long one may take to say what it wants, and their end.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::{
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    pin,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::waiting::{HeldBody, UntilEnd, Waiter, Waiting};

/// How long a client may take for a request's head, from the connection's start or the answer before.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

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
    let waiting = Arc::new(Waiting::default());
    let open = TaskTracker::new();
    loop {
        let next = async {
            let accepted = listener.accept().await;
            (accepted, place(&places, &waiting).await)
        };
        let (accepted, place) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let served = serve_connection(stream, routes.clone(), waiting.join(), stop.clone(), grace);
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

/// A place for a connection, if need be that of the one that has waited longest. None only when nobody serves any more.
async fn place(places: &Arc<Semaphore>, waiting: &Waiting) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    let freed = Arc::clone(places).acquire_owned();
    pin!(freed);
    tokio::select! {
        biased;
        place = freed.as_mut() => return place.ok(),
        () = waiting.dismiss_one() => {}
    }
    freed.await.ok()
}

async fn serve_connection(
    stream: TcpStream,
    routes: Router,
    waiter: Arc<Waiter>,
    stop: CancellationToken,
    grace: Duration,
) {
    let _until_end = UntilEnd(Arc::clone(&waiter));
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(|request| {
        let answering = waiter.asked();
        let answer = routes.call(request);
        async { answer.await.map(|answer| answer.map(|body| HeldBody::new(body, answering))) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = waiter.dismissed() => {
            tracing::debug!("a connection without a request gave way to another");
            return;
        }
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

#[cfg(test)]
#[path = "connections_tests.rs"]
mod tests;
