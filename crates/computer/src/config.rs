//! How patient a computer is.

use std::time::Duration;

/// The waits of a [`Computer`](crate::Computer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputerConfig {
    /// How long after an action the first change of the screen is waited for.
    pub first_change: Duration,
    /// How long the screen has to be still to count as settled.
    pub quiet: Duration,
    /// The longest that a screen which goes on changing is watched.
    pub settle_limit: Duration,
    /// The pause between the intermediate points of a drag. Toolkits recognise a drag only when its motion
    /// reaches them in more than one piece.
    pub drag_pause: Duration,
    /// How long the display may take to answer a request before the call fails.
    pub reply_limit: Duration,
}

impl Default for ComputerConfig {
    fn default() -> Self {
        Self {
            first_change: Duration::from_millis(300),
            quiet: Duration::from_millis(100),
            settle_limit: Duration::from_secs(2),
            drag_pause: Duration::from_millis(8),
            reply_limit: Duration::from_secs(10),
        }
    }
}
