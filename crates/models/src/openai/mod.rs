//! A client of the Chat Completions API, as OpenAI and the servers that imitate it speak it.
//!
//! `request` writes a conversation in the API's words, `settings` how it is to be answered and `names` what the API
//! refuses to call by its name. [`OpenAi`] carries it over HTTP: one request, no retries. The answer comes as a stream,
//! which `sse` cuts into events and `stream` puts together, or in one piece, which `response` reads. Servers differ in what
//! they leave out, so the readers ask for little: calls without ids get some, arguments may come as text or object, and
//! calls count whatever the finish reason.

mod client;
mod key;
mod names;
mod request;
mod response;
mod settings;
mod sse;
mod stream;

pub use client::{ClientError, OpenAi, OpenAiConfig};
pub use key::ApiKey;
