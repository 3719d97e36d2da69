//! Where the program keeps what is to stay.

use std::{env, path::PathBuf};

/// `handspike` below `XDG_STATE_HOME`, or below `~/.local/state`.
pub(crate) fn state_folder() -> PathBuf {
    let state = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))
        .unwrap_or_else(env::temp_dir);
    state.join("handspike")
}
