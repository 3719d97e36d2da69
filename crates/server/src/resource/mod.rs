//! What resources share. A [`Resource`] says what is special about a kind of record; `operations` does on the store what
//! can be done with any of them, for handlers and for whoever else works with resources; `routes` makes HTTP of that.

mod operations;
mod record;
mod routes;
mod special;

pub(crate) use record::{Stamp, record_of};
pub(crate) use routes::ResourceRoutes;
pub(crate) use special::Resource;
