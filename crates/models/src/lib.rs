//! The models that the loop can ask.
//!
//! A folder for each kind: [`scripted`] follows a script and checks what comes back, [`openai`] speaks the Chat
//! Completions API. Each implements [`handspike_core::Model`] and keeps its wire format to itself. A client makes
//! one attempt for one request: retries and recording are wrappers.

mod excerpt;
pub mod openai;
pub mod scripted;
