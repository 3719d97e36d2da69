//! What X11 tells that the portable libraries do not pass on: the exact place of a monitor, and the pointer's image.
//!
//! xcap divides places by the fonts' scale and rounds, so they are asked for here. The connection also stands in for
//! theirs when it comes to tell a display that refuses from one that is gone.

use x11rb::{
    connection::Connection as _,
    protocol::{
        randr::ConnectionExt as _,
        xfixes::ConnectionExt as _,
        xproto::{ConnectionExt as _, Window},
    },
    rust_connection::RustConnection,
};

use crate::{DesktopError, PlatformError, pointer_image::PointerImage};

/// A connection to the display that the libraries use.
pub(super) struct X11Side {
    connection: RustConnection,
    root: Window,
}

impl X11Side {
    pub(super) fn connect(display: &str) -> Result<Self, PlatformError> {
        let (connection, screen) = RustConnection::connect(Some(display))?;
        let root = connection.setup().roots[screen].root;
        // Servers refuse the requests of an extension whose version was not asked for.
        connection.xfixes_query_version(5, 0)?.reply()?;
        connection.randr_query_version(1, 5)?.reply()?;
        Ok(Self { connection, root })
    }

    /// The corner of the monitor that an output belongs to.
    pub(super) fn origin(&self, output: u32) -> Result<(i32, i32), DesktopError> {
        let monitors = self.connection.randr_get_monitors(self.root, true)?.reply()?.monitors;
        let monitor = monitors.iter().find(|monitor| monitor.outputs.contains(&output));
        Ok(monitor.map_or((0, 0), |monitor| (monitor.x.into(), monitor.y.into())))
    }

    /// The pointer's image, in pixels of all screens together.
    pub(super) fn pointer_image(&self) -> Result<PointerImage, DesktopError> {
        Ok(self.connection.xfixes_get_cursor_image()?.reply()?.into())
    }

    /// An error if the display is gone.
    pub(super) fn check(&self) -> Result<(), DesktopError> {
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }
}
