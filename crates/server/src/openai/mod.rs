//! The door for clients of another API: OpenAI's Chat Completions, so that whoever can talk to a model can talk to a
//! sandboxed agent.
//!
//! 1. `routes` takes a request in that API's shape (`request`), and `speaker` finds out who is meant by its model.
//! 2. `read` says the same in the words of this API; what can't be said in them is refused.
//! 3. `held` makes a session for it, or finds the one whose calls the request answers, and sees to it that none stays.
//! 4. The turn runs like any other (`chat::aside`), and `answer` or `stream` say what came of it.
//!
//! Errors are this API's until they leave: `errors` puts them into that API's shape, also those of layers before these.

mod answer;
mod errors;
mod held;
mod read;
mod request;
mod routes;
mod speaker;
mod stream;

pub(crate) use errors::{serves, translated};
pub(crate) use held::Awaiting;
pub(crate) use routes::routes;
