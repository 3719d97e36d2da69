//! The pieces of a streamed answer on their way to the client. What waits for a slow client is joined to what waits
//! already, so that it takes no more than the answer itself; a client that has gone away is written to no more.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use futures_util::{Stream, stream};
use handspike_api::{ChatResponse, ChunkChatResponse, ChunkChoice, Content, Delta, DocReference, Role, Time};
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

use super::{entry::json_of, sse};
use crate::error::ApiError;

/// How long the first piece is waited for before the client is told that there will be a stream. A failure until then is
/// an answer of its own.
const FIRST: Duration = Duration::from_secs(10);

/// The way from a turn to its client.
#[derive(Default)]
pub(crate) struct Chunks {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(u32, Delta)>,
    /// Set when the turn is over.
    end: Option<Result<ChatResponse, ApiError>>,
    is_closed: bool,
}

/// What comes next.
pub(crate) enum Next {
    Piece(u32, Delta),
    End(Result<ChatResponse, ApiError>),
    Silence,
}

impl Chunks {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a piece of one of several answers.
    pub(super) fn push(&self, choice: u32, delta: Delta) {
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        let joined = state.waiting.back_mut().is_some_and(|(last, waiting)| *last == choice && join(waiting, &delta));
        if !joined {
            state.waiting.push_back((choice, delta));
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The turn is over.
    pub(super) fn end(&self, answer: Result<ChatResponse, ApiError>) {
        self.state().end = Some(answer);
        self.changed.notify_one();
    }

    /// Waits until there is something to send; a turn that failed before is its error.
    pub(crate) async fn first(&self) -> Result<(), ApiError> {
        let something = async {
            loop {
                let changed = self.changed.notified();
                {
                    let mut state = self.state();
                    if !state.waiting.is_empty() {
                        return Ok(());
                    }
                    match state.end.take() {
                        Some(Err(error)) => return Err(error),
                        Some(Ok(answer)) => {
                            state.end = Some(Ok(answer));
                            return Ok(());
                        }
                        None => {}
                    }
                }
                changed.await;
            }
        };
        timeout(FIRST, something).await.unwrap_or(Ok(()))
    }

    /// The next piece, or that there was none for a while.
    pub(crate) async fn next(&self) -> Next {
        let something = async {
            loop {
                let changed = self.changed.notified();
                {
                    let mut state = self.state();
                    if let Some((choice, delta)) = state.waiting.pop_front() {
                        return Next::Piece(choice, delta);
                    }
                    if let Some(end) = state.end.take() {
                        return Next::End(end);
                    }
                }
                changed.await;
            }
        };
        timeout(sse::HEARTBEAT, something).await.unwrap_or(Next::Silence)
    }
}

/// Adds a piece to one that waits, where they are of one kind.
fn join(waiting: &mut Delta, more: &Delta) -> bool {
    if (waiting.role, more.role) != (Role::Assistant, Role::Assistant) {
        return false;
    }
    match (&mut waiting.content, &more.content, &mut waiting.tool_calls, &more.tool_calls) {
        (Some(Content::Text(text)), Some(Content::Text(more)), None, None) => {
            text.push_str(more);
            true
        }
        (None, None, Some(calls), Some(more)) => match (calls.last_mut(), more.as_slice()) {
            (Some(call), [more]) if call.index == more.index && more.id.is_none() && more.function.name.is_none() => {
                let arguments = call.function.arguments.get_or_insert_default();
                arguments.push_str(more.function.arguments.as_deref().unwrap_or_default());
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// The reader's end; its end is that of the client.
struct Reader {
    chunks: Arc<Chunks>,
    id: Uuid,
    created_at: Time,
    docs: Arc<[DocReference]>,
    is_over: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.chunks.state();
        state.is_closed = true;
        state.waiting.clear();
    }
}

/// The stream of a turn's answer.
pub(super) fn stream(chunks: Arc<Chunks>, turn: Uuid, docs: Arc<[DocReference]>) -> impl Stream<Item = Bytes> + Send {
    let reader = Reader { chunks, id: turn, created_at: crate::time::of_id(turn), docs, is_over: false };
    stream::unfold(reader, async |mut reader| {
        if reader.is_over {
            return None;
        }
        let text = match reader.chunks.next().await {
            Next::Piece(choice, delta) => sse::data(&json_of(&reader.piece(choice, delta))),
            Next::Silence => sse::PING.to_owned(),
            Next::End(answer) => {
                reader.is_over = true;
                sse::data(&match answer {
                    Ok(answer) => json_of(&last(answer)),
                    Err(error) => json_of(error.body()),
                })
            }
        };
        Some((Bytes::from(text), reader))
    })
}

impl Reader {
    fn piece(&self, index: u32, delta: Delta) -> ChunkChatResponse {
        let choice = ChunkChoice { index, finish_reason: None, logprobs: None, tool_calls: None, delta };
        ChunkChatResponse {
            id: self.id,
            created_at: self.created_at.clone(),
            jobs: Vec::new(),
            docs: self.docs.to_vec(),
            usage: None,
            choices: vec![choice],
            pending_tool_calls: None,
            stop_details: None,
            warnings: None,
        }
    }
}

/// What is said at the end: why each answer ended, and what it took.
fn last(answer: ChatResponse) -> ChunkChatResponse {
    let ended = answer.choices.into_iter().map(|choice| ChunkChoice {
        index: choice.index,
        finish_reason: Some(choice.finish_reason),
        logprobs: choice.logprobs,
        tool_calls: None,
        delta: Delta { role: Role::Assistant, content: None, name: None, tool_call_id: None, tool_calls: None },
    });
    ChunkChatResponse {
        id: answer.id,
        created_at: answer.created_at,
        jobs: answer.jobs,
        docs: answer.docs,
        usage: answer.usage,
        choices: ended.collect(),
        pending_tool_calls: Some(answer.pending_tool_calls),
        stop_details: answer.stop_details,
        warnings: Some(answer.warnings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Delta {
        let content = Some(Content::Text(text.to_owned()));
        Delta { role: Role::Assistant, content, name: None, tool_call_id: None, tool_calls: None }
    }

    #[tokio::test]
    async fn what_waits_is_joined_answer_by_answer() {
        let chunks = Chunks::default();
        for (choice, piece) in [(0, "a"), (0, "b"), (1, "c"), (0, "d")] {
            chunks.push(choice, text(piece));
        }
        let mut read = Vec::new();
        while let Next::Piece(choice, Delta { content: Some(Content::Text(text)), .. }) = chunks.next().await {
            read.push((choice, text));
            if read.len() == 3 {
                break;
            }
        }
        assert_eq!(read, [(0, "ab".to_owned()), (1, "c".to_owned()), (0, "d".to_owned())]);
    }
}
