//! The server without a socket, with one, and with an independent client.

mod agents;
mod chat;
mod chat_errors;
mod chat_tools;
mod completions;
mod crash;
mod errors;
mod fakes;
mod follow;
mod history;
mod lists;
mod openai_client;
mod openapi;
mod sdk;
mod sessions;
mod socket;
mod stream;
mod support;
mod tools;
mod users;
