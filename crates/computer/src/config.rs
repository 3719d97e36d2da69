//! How patient a computer is with its display.

use std::time::Duration;

/// The waits of a [`Computer`](crate::Computer) that no session chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputerConfig {
    /// How long a button is down in a click, and up between two. A window manager looks at each press before the program
    /// does, and a release that overtakes it makes toolkits count two clicks as one.
    pub click_pause: Duration,
    /// The pause between the intermediate points of a drag. Toolkits recognise a drag only when its motion
    /// reaches them in more than one piece.
    pub drag_pause: Duration,
    /// How long the display may take to answer a request before the call fails.
    pub reply_limit: Duration,
}

impl Default for ComputerConfig {
    fn default() -> Self {
        Self {
            click_pause: Duration::from_millis(10),
            drag_pause: Duration::from_millis(8),
            reply_limit: Duration::from_secs(10),
        }
    }
}
