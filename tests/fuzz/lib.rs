//! What several targets need.

use std::panic;

use tempfile::TempDir;

/// A folder for files that a target writes, in memory where the machine has such a place.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// For code that is to catch panics itself: libFuzzer's own hook ends the process before anybody can. One that nobody
/// catches is a crash all the same.
pub fn let_panics_be_caught() {
    drop(panic::take_hook());
}
