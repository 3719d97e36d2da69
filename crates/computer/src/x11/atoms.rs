//! The names that programs on one display agree upon, as the server numbers them.

use x11rb::atom_manager;

atom_manager! {
    /// Asked for all at once, when they are needed.
    pub(super) Atoms: AtomsCookie {
        CLIPBOARD,
        INCR,
        TARGETS,
        TEXT,
        TIMESTAMP,
        UTF8_STRING,
        PLAIN: b"text/plain",
        PLAIN_UTF8: b"text/plain;charset=utf-8",
        MAILBOX: b"HANDSPIKE_SELECTION",
        WM_STATE,
        _NET_ACTIVE_WINDOW,
        _NET_CLIENT_LIST_STACKING,
        _NET_CURRENT_DESKTOP,
        _NET_SUPPORTING_WM_CHECK,
        _NET_WM_DESKTOP,
        _NET_WM_NAME,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_HIDDEN,
    }
}
