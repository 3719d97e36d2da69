//! The server without a socket, with one, and with an independent client.

mod agents;
mod docs;
mod errors;
mod history;
mod lists;
mod openapi;
mod sdk;
mod sessions;
mod socket;
mod support;
mod tools;
mod users;
