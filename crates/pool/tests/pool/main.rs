//! A pool on a real engine. Each test has sessions of its own, whose containers are removed with it, also when it fails.
//! Where the engine, the images or the guest are missing it says so and is skipped; in CI it fails.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod files;
mod keeping;
mod limits;
mod memory;
mod restarts;
mod screen;
mod support;
