//! The edge of an HTTP server, the same for every server of Handspike.
//!
//! [`Listening`] holds the socket, and bounds how many connections there are, how long a client may take to say what it
//! wants, and how long it may hold up the end. [`Door`] looks at a request's head: by which name the server is called,
//! from which web page the request comes, and whether it has the key. What a refusal looks like is the server's business.

mod authority;
mod connections;
mod door;
mod key;
mod listening;
mod origin;
mod waiting;

pub use door::{Door, Page, Refusal};
pub use key::{ApiKey, InvalidKey};
pub use listening::{ListenError, Listening};
pub use origin::{InvalidOrigin, Origin};
