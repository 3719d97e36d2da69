//! The streams to a guest: messages line by line, when there was last a sign of life, and which requests may have reached
//! it.
//!
//! A guest's messages are answers and news of a call. What is no message at all ends the connection, because a part of an
//! answer may be lost with it, and whoever waits for that answer would wait for ever. What it asks of the host is
//! dropped: a guest has nothing to ask, and each question would take memory until it is answered, which a hostile guest
//! can prevent by not reading.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::BytesMut;
use futures_util::StreamExt as _;
use rmcp::{
    RoleClient,
    model::{
        CallToolResult, ClientRequest, JsonRpcMessage, JsonRpcResponse, RequestId, ServerNotification, ServerResult,
    },
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Empty, empty},
    time::Instant,
};
use tokio_util::codec::{Decoder, FramedRead, LinesCodec, LinesCodecError};

use crate::{connection::Listeners, outline};

/// The longest message that is taken from a guest.
const MESSAGE_LIMIT: usize = 64 << 20;

/// Of a message that is longer, each part is a sign of life. Of shorter ones only the whole: a flood is none.
const LONG_MESSAGE: usize = 64 << 10;

/// When there was last a sign of life of a guest.
#[derive(Clone, Debug)]
pub(crate) struct Signs(Arc<Mutex<Instant>>);

impl Signs {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// What has been written to a guest.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Writing>>);

#[derive(Default)]
struct Writing {
    bytes: u64,
    /// How many bytes there were when the writing of a request began.
    begun: HashMap<RequestId, u64>,
}

impl Written {
    /// Whether a request may have reached the guest: something was written since it was to be. That may have been
    /// another request, and then nobody can tell.
    pub(crate) fn may_have_reached(&self, request: &RequestId) -> bool {
        let writing = self.locked();
        writing.begun.get(request).is_some_and(|before| writing.bytes > *before)
    }

    /// Forgets a request that is over.
    pub(crate) fn forget(&self, request: &RequestId) {
        self.locked().begun.remove(request);
    }

    fn begin(&self, request: RequestId) {
        let mut writing = self.locked();
        let bytes = writing.bytes;
        writing.begun.insert(request, bytes);
    }

    fn note(&self, bytes: usize) {
        self.locked().bytes += bytes as u64;
    }

    fn locked(&self) -> MutexGuard<'_, Writing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages from and to a guest.
pub(crate) struct GuestStream<R, W: AsyncWrite + Unpin> {
    read: FramedRead<R, Lines>,
    /// Only writes.
    write: AsyncRwTransport<RoleClient, Empty, Noting<W>>,
    listeners: Listeners,
    signs: Signs,
    written: Written,
}

impl<R: AsyncRead, W: AsyncWrite + Send + Unpin + 'static> GuestStream<R, W> {
    pub(crate) fn new(read: R, write: W, listeners: Listeners, signs: Signs, written: Written) -> Self {
        let lines = Lines { codec: LinesCodec::new_with_max_length(MESSAGE_LIMIT), signs: signs.clone() };
        let write = Noting { write, signs: signs.clone(), written: written.clone() };
        Self {
            read: FramedRead::new(read, lines),
            write: AsyncRwTransport::new_client(empty(), write),
            listeners,
            signs,
            written,
        }
    }
}

impl<R, W> Transport<RoleClient> for GuestStream<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(&mut self, message: TxJsonRpcMessage<RoleClient>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let JsonRpcMessage::Request(request) = &message
            && let ClientRequest::CallToolRequest(_) = &request.request
        {
            self.written.begin(request.id.clone());
        }
        self.write.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let line = match self.read.next().await? {
                Ok(line) => line,
                Err(error) => {
                    tracing::warn!(%error, "what a guest sent can't be read; the connection is given up");
                    return None;
                }
            };
            if line.is_empty() {
                continue;
            }
            match message_in(&line) {
                Ok(JsonRpcMessage::Notification(notification)) => {
                    if let ServerNotification::ProgressNotification(news) = notification.notification {
                        self.signs.note();
                        self.listeners.tell(&news.params.progress_token, news.params.message);
                    }
                }
                Ok(JsonRpcMessage::Request(_)) => {}
                Ok(answer @ (JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_))) => {
                    self.signs.note();
                    return Some(answer);
                }
                Err(error) => {
                    tracing::warn!(%error, "what a guest sent is no message; the connection is given up");
                    return None;
                }
            }
            // A flood must not keep this task from giving way to the others.
            tokio::task::consume_budget().await;
        }
    }

    fn close(&mut self) -> impl Future<Output = io::Result<()>> + Send {
        self.write.close()
    }
}

/// Reads a message. Nearly every line answers a call, and that is read in a tenth of the time where it is not first compared
/// with all that a message can be.
fn message_in(line: &str) -> serde_json::Result<RxJsonRpcMessage<RoleClient>> {
    outline::check(line)?;
    match serde_json::from_str::<JsonRpcResponse<CallToolResult>>(line) {
        Ok(JsonRpcResponse { jsonrpc, id, result }) => {
            Ok(JsonRpcMessage::Response(JsonRpcResponse { jsonrpc, id, result: ServerResult::CallToolResult(result) }))
        }
        Err(_) => serde_json::from_str(line),
    }
}

/// Lines of a bounded length.
struct Lines {
    codec: LinesCodec,
    signs: Signs,
}

impl Decoder for Lines {
    type Item = String;
    type Error = LinesCodecError;

    fn decode(&mut self, read: &mut BytesMut) -> Result<Option<String>, LinesCodecError> {
        let line = self.codec.decode(read)?;
        if line.is_none() && read.len() > LONG_MESSAGE {
            self.signs.note();
        }
        Ok(line)
    }

    /// A part of a line at the end is no message.
    fn decode_eof(&mut self, read: &mut BytesMut) -> Result<Option<String>, LinesCodecError> {
        self.decode(read)
    }
}

/// A stream that takes what is written, for which somebody must be there.
struct Noting<W> {
    write: W,
    signs: Signs,
    written: Written,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Noting<W> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.write).poll_write(context, bytes);
        if let Poll::Ready(Ok(length @ 1..)) = written {
            self.signs.note();
            self.written.note(length);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(context)
    }
}
