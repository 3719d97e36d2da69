//! Bodies that are passed on as they come, with a limit to how long a client may keep them waiting: a sandbox is held for
//! them.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use handspike_core::FileBytes;
use tokio::{
    io::AsyncReadExt as _,
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::io::StreamReader;

/// How long a client may take to send or take the next bytes.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// And all of them.
const WHOLE_LIMIT: Duration = Duration::from_secs(60 * 60);

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// Pieces that may wait for the client.
const AHEAD: usize = 4;

/// A request's bytes. They end with an error where they don't come in time.
pub(crate) fn received(body: Body) -> FileBytes {
    let end = Instant::now() + WHOLE_LIMIT;
    let pieces = stream::unfold(body.into_data_stream(), move |mut pieces| async move {
        let next = timeout_at(end.min(Instant::now() + STALL_LIMIT), pieces.next()).await;
        let piece = match next {
            Ok(piece) => piece?.map_err(io::Error::other),
            Err(_) => Err(ErrorKind::TimedOut.into()),
        };
        Some((piece, pieces))
    });
    Box::pin(StreamReader::new(Box::pin(pieces)))
}

/// An answer's bytes. A task of its own reads them, so that a client who takes none holds nothing for long.
pub(crate) fn sent(bytes: FileBytes) -> Body {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(timeout(WHOLE_LIMIT, pump(bytes, sender)));
    Body::from_stream(Pieces(receiver))
}

async fn pump(mut bytes: FileBytes, client: mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let piece = match bytes.read_buf(&mut piece).await {
            Ok(0) => return,
            Ok(_) => Ok(Bytes::from(piece)),
            Err(error) => Err(error),
        };
        let is_last = piece.is_err();
        // A client that is gone or takes nothing needs no more. It sees that there is less than was announced.
        if client.send_timeout(piece, STALL_LIMIT).await.is_err() || is_last {
            return;
        }
    }
}

struct Pieces(mpsc::Receiver<io::Result<Bytes>>);

impl stream::Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.0.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_sending_ends_its_own_file() {
        let parts = [Ok::<_, io::Error>(Bytes::from_static(b"ab"))];
        let body = Body::from_stream(stream::iter(parts).chain(stream::pending()));
        let mut taken = Vec::new();
        let started = Instant::now();
        let error = received(body).read_to_end(&mut taken).await.expect_err("it never ends");
        assert_eq!((error.kind(), taken, started.elapsed()), (ErrorKind::TimedOut, b"ab".to_vec(), STALL_LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_gives_back_what_is_held_for_it() {
        let (bytes, mut source) = duplex(PIECE);
        let body = sent(Box::pin(bytes));
        let filling = async {
            loop {
                if let Err(error) = source.write_all(&[7; PIECE]).await {
                    return error.kind();
                }
            }
        };
        assert_eq!(filling.await, ErrorKind::BrokenPipe);
        let taken = body.collect().await.expect("what was read ahead").to_bytes();
        assert!(taken.len() >= PIECE && taken.len() <= (AHEAD + 1) * PIECE, "{}", taken.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_fails_fails_its_answer() {
        let failing = StreamReader::new(stream::iter([Ok(&b"ab"[..]), Err(io::Error::from(ErrorKind::UnexpectedEof))]));
        let error = sent(Box::pin(failing)).collect().await.expect_err("cut off");
        assert!(error.to_string().contains("unexpected end of file"), "{error}");
    }
}
