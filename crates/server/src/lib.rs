//! The sessions API over HTTP.
//!
//! A request comes through the door (`guard`), is read (`ids`, `body`) and reaches the handler of its route. What agents,
//! tools, users, sessions and projects share is written once: `resource` has the trait that says what is special about
//! a kind, the operations on its records, and their routes; `routes` has one small file for each kind, and for what is
//! no such resource; `chat` is what the server is for, and `openai` a second way to it. An error of any layer is an `ApiError`, which is the one that becomes an answer. Each route is added
//! together with its description, from which `/openapi.json` is made.
//!
//! There is no SQL here and no shape of a body but a project's: those are the store's and the API's.

mod access_error;
mod body;
mod chat;
mod docs;
mod error;
mod failpoint;
mod file_place;
mod filter;
mod guard;
mod ids;
mod names;
mod openai;
mod openapi;
mod recall;
mod resource;
mod rest;
mod router;
mod routes;
mod serve;
mod server;
mod store_error;
mod time;
mod transfer;
mod watch;

pub use handspike_core::{ModelSource, ModelUnavailable};
pub use handspike_prompt::SYSTEM_TEMPLATE;
pub use recall::Recalled;
pub use router::router;
pub use routes::projects::{Project, ProjectForm};
pub use serve::{Config, serve};
pub use server::{Access, Defaults, Server, ServerParts};
