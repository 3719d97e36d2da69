//! A client's connection: its end is known here before the protocol's own loop acts on it. That loop waits some seconds
//! for answers before it cancels what runs; nobody reads those answers, and the tools are better told at once.

use rmcp::{
    RoleServer,
    model::GetExtensions as _,
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use tokio_util::sync::CancellationToken;

use crate::http::Presence;

/// What accompanies each request of a connection to its handler.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// Fires when the client is gone.
    pub(crate) gone: CancellationToken,
    /// Is told of the client's calls, where the connection alone does not say whether the client is there.
    pub(crate) presence: Option<Presence>,
}

/// A transport whose end is announced.
pub(crate) struct Watched<T> {
    inner: T,
    connection: Connection,
}

impl<T> Watched<T> {
    pub(crate) fn new(inner: T, connection: Connection) -> Self {
        Self { inner, connection }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Watched<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let message = tokio::select! {
            biased;
            () = self.connection.gone.cancelled() => None,
            message = self.inner.receive() => message,
        };
        let Some(mut message) = message else {
            self.connection.gone.cancel();
            return None;
        };
        if let RxJsonRpcMessage::<RoleServer>::Request(request) = &mut message {
            request.request.extensions_mut().insert(self.connection.clone());
        }
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.connection.gone.cancel();
        self.inner.close().await
    }
}
