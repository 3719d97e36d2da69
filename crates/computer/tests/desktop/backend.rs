//! The desktop that these tests are about: one over X11. The tests of another kind put a module of their own in this
//! one's place, and share all others.

use handspike_computer::{ComputerConfig, ConnectError};

pub(crate) type Computer = handspike_computer::Computer;

/// The right to have a display. Each desktop has its own here, so there is nothing to wait for.
pub(crate) struct Turn;

impl Turn {
    pub(crate) fn wait() -> Self {
        Self
    }

    pub(crate) fn with(self, _display: &str) -> Self {
        self
    }
}

pub(crate) fn connect(display: &str, config: ComputerConfig) -> Result<Computer, ConnectError> {
    Computer::connect(display, config)
}
