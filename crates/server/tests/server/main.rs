//! The server without a socket, with one, and with an independent client.

mod agents;
mod chat;
mod chat_errors;
mod chat_tools;
mod crash;
mod docs;
mod errors;
mod fakes;
mod follow;
mod history;
mod lists;
mod openapi;
mod prompts;
mod sdk;
mod sessions;
mod socket;
mod stopping;
mod stream;
mod support;
mod tools;
mod users;
mod watch;
