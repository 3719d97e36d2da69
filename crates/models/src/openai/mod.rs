//! A client of the Chat Completions API, as OpenAI and the servers that imitate it speak it.
//!
//! `request` writes a conversation in the API's words, `response` reads the answer, [`OpenAi`] carries both over
//! HTTP: one request, no streaming, no retries. Servers differ in what they leave out, so the reader asks for little:
//! calls without ids get some, arguments may come as text or object, and calls count whatever the finish reason.

mod client;
mod key;
mod request;
mod response;

pub use client::{ClientError, OpenAi, OpenAiConfig};
pub use key::ApiKey;
