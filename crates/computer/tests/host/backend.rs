//! The desktop that these tests are about: this process's own. Its libraries look for it in the environment, which a
//! process has one of, so that tests with a display take turns.

use std::sync::{Mutex, MutexGuard, PoisonError};

use handspike_computer::{ComputerConfig, ConnectError, HostDesktop};

pub(crate) type Computer = handspike_computer::Computer<HostDesktop>;

static TURNS: Mutex<()> = Mutex::new(());

/// The right to have a display, until it is dropped.
pub(crate) struct Turn(#[allow(dead_code, reason = "it is there to be held")] MutexGuard<'static, ()>);

impl Turn {
    pub(crate) fn wait() -> Self {
        // A test that failed has left nothing behind that the next one could mind.
        Self(TURNS.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes this the process's own display.
    #[allow(unsafe_code, reason = "the libraries take the display from the environment only")]
    pub(crate) fn with(self, display: &str) -> Self {
        // SAFETY: the environment is read by desktops only, of which the last one ended with the turn before this.
        unsafe {
            std::env::set_var("DISPLAY", display);
            std::env::remove_var("WAYLAND_DISPLAY");
            std::env::remove_var("XDG_SESSION_TYPE");
        }
        self
    }
}

pub(crate) fn connect(_display: &str, config: ComputerConfig) -> Result<Computer, ConnectError> {
    Ok(Computer::new(HostDesktop::connect(&config)?, config))
}
