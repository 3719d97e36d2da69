//! The sessions of clients that have some. The protocol's own store keeps them; what is added here is a limit, and an end
//! for those whose client is gone, which also cancels what they left running and lets go of what they left pressed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::Stream;
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::{
        WorkerTransport,
        streamable_http_server::{
            SessionId, SessionManager,
            session::{
                ServerSseMessage,
                local::{LocalSessionManager, LocalSessionManagerError, LocalSessionWorker},
            },
        },
    },
};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::presence::{HeldStream, Hold, Presence};
use crate::{
    Server,
    connection::{Connection, Watched},
};

/// The open sessions.
pub(crate) struct Sessions {
    inner: Arc<LocalSessionManager>,
    open: Arc<Mutex<HashMap<SessionId, Open>>>,
    /// One place for each session that there may be.
    places: Arc<Semaphore>,
    server: Arc<Server>,
}

struct Open {
    _place: OwnedSemaphorePermit,
    presence: Presence,
    gone: CancellationToken,
}

/// Why a session does not do what it is asked.
#[derive(Debug, Error)]
pub(crate) enum SessionError {
    #[error("{} sessions are open, which is the limit", Sessions::LIMIT)]
    Full,
    #[error(transparent)]
    Session(#[from] LocalSessionManagerError),
}

impl Sessions {
    /// How many there may be at once.
    pub(crate) const LIMIT: usize = 64;

    pub(crate) fn new(server: Arc<Server>) -> Self {
        let mut inner = LocalSessionManager::default();
        // To the store a session is idle while its call is silent; `Presence` knows better.
        inner.session_config.keep_alive = None;
        Self { inner: Arc::new(inner), open: Arc::default(), places: Arc::new(Semaphore::new(Self::LIMIT)), server }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sign of life, for as long as it is held.
    fn hold(&self, id: &SessionId) -> Result<Hold, SessionError> {
        let open = self.open();
        let session = open.get(id).ok_or_else(|| LocalSessionManagerError::SessionNotFound(id.clone()))?;
        Ok(session.presence.stream())
    }

    /// Ends a session once its client is gone.
    fn watch(&self, id: SessionId, presence: Presence, gone: CancellationToken) {
        let (inner, open, server) = (Arc::clone(&self.inner), Arc::clone(&self.open), Arc::clone(&self.server));
        tokio::spawn(async move {
            tokio::select! {
                () = presence.gone() => tracing::info!(session = %id, "the client is gone"),
                () = gone.cancelled() => {}
            }
            gone.cancel();
            if presence.has_called() {
                server.client_left();
            }
            open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            if let Err(error) = inner.close_session(&id).await {
                tracing::warn!(session = %id, %error, "a session could not be closed");
            }
        });
    }
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = Watched<WorkerTransport<LocalSessionWorker>>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| SessionError::Full)?;
        let (id, transport) = self.inner.create_session().await?;
        let (presence, gone) = (Presence::new(), self.server.stop.child_token());
        self.open().insert(id.clone(), Open { _place: place, presence: presence.clone(), gone: gone.clone() });
        self.watch(id.clone(), presence.clone(), gone.clone());
        Ok((id, Watched::new(transport, Connection { gone, presence: Some(presence) })))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        let _hold = self.hold(id)?;
        Ok(self.inner.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionError> {
        // Not the store's own answer: it still knows a session that is about to end.
        Ok(self.open().contains_key(id))
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        if let Some(session) = self.open().remove(id) {
            session.gone.cancel();
        }
        Ok(self.inner.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let hold = self.hold(id)?;
        Ok(HeldStream::new(self.inner.create_stream(id, message).await?, hold))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        let _hold = self.hold(id)?;
        Ok(self.inner.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let hold = self.hold(id)?;
        Ok(HeldStream::new(self.inner.create_standalone_stream(id).await?, hold))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let hold = self.hold(id)?;
        Ok(HeldStream::new(self.inner.resume(id, last_event_id).await?, hold))
    }
}
