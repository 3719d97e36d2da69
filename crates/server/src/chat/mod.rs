//! Chats. A request comes in by `routes`, and its way is short:
//!
//! 1. `ask` reads and checks all of it, and makes a `plan`: model, settings, tools, limits, system prompt.
//! 2. `turn` begins a turn, of which a session has one at a time, in a task of its own.
//! 3. The task (`run`) gathers the conversation (`history`), gives the loop its parts, and the loop runs.
//! 4. Whatever happens goes through the `journal`: stored first, then told to those who `follow` the session (`hub`) and to
//!    the client that its answer is streamed to (`chunks`).
//! 5. `answer` makes the response of the `record` that the journal leaves, or `failure` an error.
//!
//! Whoever speaks another API than this one has its turns run by `aside`.
//!
//! A call may have to wait for somebody's word (`policy`, `approvals`). What a server that has died left open, the next one
//! takes over (`resume`).
//!
//! `messages` are the words of the API in those of the loop and back, `tools` what a turn's definitions become, and `entry`
//! is a message as it is kept, with its `pictures` apart.

mod answer;
pub(crate) mod approvals;
pub(crate) mod aside;
mod ask;
pub(crate) mod chunks;
mod conversed;
mod distinct;
pub(crate) mod entry;
mod failure;
mod fitting;
mod follow;
mod history;
pub(crate) mod hub;
mod journal;
mod limits;
mod messages;
mod pictures;
mod plan;
mod policy;
mod prefer;
mod recall;
mod record;
mod render;
mod resume;
pub(crate) mod routes;
mod run;
mod settings;
mod sinks;
pub(crate) mod sse;
mod templates;
mod tools;
mod turn;
pub(crate) mod turns;
mod watched;
