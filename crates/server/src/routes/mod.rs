//! One file for each kind of resource, and for what is none. Each has a function `routes`, which the router merges.

pub(crate) mod agents;
pub(crate) mod documents;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod models;
pub(crate) mod projects;
pub(crate) mod screenshot;
pub(crate) mod sessions;
pub(crate) mod tools;
pub(crate) mod users;
