//! The X11 desktop: one connection with its camera, hands and keyboard.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use handspike_types::computer::Point;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::ConnectionExt as _;

use super::capture::{Camera, screen_size};
use super::display::{Display, Patience};
use super::hands::{Hands, Held};
use super::keyboard::Keyboard;
use crate::{Button, Chord, ComputerConfig, ConnectError, Desktop, DesktopError, Frame, ScreenSize, Settled};

/// How long a display may take to let go of what is held, once a call is over.
const LET_GO: Duration = Duration::from_secs(1);

/// An X11 display over a connection of its own.
pub struct X11Desktop {
    display: Display,
    camera: Camera,
    hands: Hands,
    keyboard: Keyboard,
    reply_limit: Duration,
}

impl X11Desktop {
    /// Opens a display, such as `:1`.
    pub fn connect(display: &str, config: &ComputerConfig) -> Result<Self, ConnectError> {
        let display = Display::open(display, config.reply_limit)?;
        Ok(Self {
            camera: Camera::new(&display)?,
            keyboard: Keyboard::new(&display)?,
            display,
            hands: Hands::default(),
            reply_limit: config.reply_limit,
        })
    }

    /// Takes pictures over the socket from now on, as with a server that cannot share memory.
    pub fn without_shared_memory(mut self) -> Self {
        self.camera.use_socket();
        self
    }

    fn let_go(&mut self) -> Result<(), DesktopError> {
        self.display.watch(None, LET_GO)?;
        self.hands.release_all(&self.display)?;
        self.keyboard.tidy(&self.display)?;
        self.display.connection.flush()?;
        Ok(())
    }
}

impl Desktop for X11Desktop {
    fn begin(&mut self, cancel: BorrowedFd<'_>) -> Result<(), DesktopError> {
        self.display.watch(Some(cancel), self.reply_limit)?;
        self.display.check_cancelled()?;
        self.keyboard.tidy(&self.display)?;
        self.display.forget_changes()
    }

    fn end(&mut self) {
        // A display that is gone or frozen cannot be told. What it would not hear of is still remembered,
        // so the next call's end tries again.
        let _ = self.let_go();
        let _ = self.display.watch(None, self.reply_limit);
    }

    fn size(&mut self) -> Result<ScreenSize, DesktopError> {
        screen_size(&self.display)
    }

    fn capture(&mut self) -> Result<Frame, DesktopError> {
        self.camera.take(&self.display)
    }

    fn pointer(&mut self) -> Result<Point, DesktopError> {
        let pointer = self.display.connection.query_pointer(self.display.root())?.reply()?;
        let (x, y) = (pointer.root_x.max(0), pointer.root_y.max(0));
        Ok(Point { x: x.unsigned_abs().into(), y: y.unsigned_abs().into() })
    }

    fn move_pointer(&mut self, to: Point) -> Result<(), DesktopError> {
        let coordinate = |value: u32| i16::try_from(value).unwrap_or(i16::MAX);
        self.hands.move_to(&self.display, coordinate(to.x), coordinate(to.y))?;
        self.display.sync()
    }

    fn press(&mut self, button: Button) -> Result<(), DesktopError> {
        self.hands.press(&self.display, Held::Button(button))?;
        self.display.sync()
    }

    fn release(&mut self, button: Button) -> Result<(), DesktopError> {
        self.hands.release(&self.display, Held::Button(button))?;
        self.display.sync()
    }

    fn chord(&mut self, chord: &Chord) -> Result<(), DesktopError> {
        self.keyboard.chord(&self.display, &mut self.hands, chord)
    }

    fn type_text(&mut self, text: &str) -> Result<(), DesktopError> {
        self.keyboard.type_text(&self.display, &mut self.hands, text)
    }

    fn settle(&mut self, config: &ComputerConfig) -> Result<Settled, DesktopError> {
        let ComputerConfig { first_change, quiet, settle_limit: limit, .. } = *config;
        self.display.wait_until_still(Patience { first_change, quiet, limit })
    }
}

impl Drop for X11Desktop {
    fn drop(&mut self) {
        // Waits for the server: requests that are still unread when a connection closes may be lost.
        let _ = self.let_go();
        let _ = self.keyboard.put_back(&self.display);
        let _ = self.display.sync();
    }
}

impl fmt::Debug for X11Desktop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("X11Desktop").field("hands", &self.hands).finish_non_exhaustive()
    }
}
