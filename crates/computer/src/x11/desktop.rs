//! The X11 desktop: one connection with its camera, hands and keyboard.

use std::{fmt, os::fd::BorrowedFd, time::Duration};

use handspike_types::{
    Settle,
    computer::{Button, Point, ScrollDirection},
    desktop::{Selection, Window},
};
use x11rb::protocol::xproto::ConnectionExt as _;

use super::{
    capture::{Camera, screen_size},
    clipboard,
    display::Display,
    hands::{Hands, Held},
    keyboard::Keyboard,
    manager, windows,
};
use crate::{Chord, ComputerConfig, ConnectError, Delivery, Desktop, DesktopError, Extent, Frame, Settled};

/// How many clicks the wheel is turned by between two looks at the cancel descriptor.
const CLICKS_BETWEEN_LOOKS: u32 = 16;

/// How long a display may take to let go of what is held, once a call is over: a cancelled one is answered within a second.
const LET_GO: Duration = Duration::from_millis(400);

/// An X11 display over a connection of its own.
pub struct X11Desktop {
    display: Display,
    camera: Camera,
    hands: Hands,
    keyboard: Keyboard,
    /// Made when there is first something to offer.
    clipboard: Option<clipboard::Owner>,
    name: String,
    reply_limit: Duration,
}

impl X11Desktop {
    /// Opens a display, such as `:1`.
    pub fn connect(display: &str, config: &ComputerConfig) -> Result<Self, ConnectError> {
        let name = display.to_owned();
        let display = Display::open(&name, config.reply_limit)?;
        let mut desktop = Self {
            camera: Camera::new(&display)?,
            keyboard: Keyboard::new(&display)?,
            display,
            hands: Hands::default(),
            clipboard: None,
            name,
            reply_limit: config.reply_limit,
        };
        desktop.release_held()?;
        Ok(desktop)
    }

    /// Takes pictures over the socket from now on, as with a server that cannot share memory. For tests and measurements:
    /// nobody wants it where memory can be shared.
    #[doc(hidden)]
    #[must_use]
    pub fn without_shared_memory(mut self) -> Self {
        self.camera.use_socket();
        self
    }

    /// Waits until a window manager takes charge of new windows, and says whether one does in time.
    pub fn wait_for_manager(&mut self, limit: Duration) -> Result<bool, DesktopError> {
        manager::wait_for(&self.display, limit)
    }

    /// Does something that no cancel and no frozen display holds up for long. No cancel is watched afterwards.
    fn bounded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), DesktopError>) -> Result<(), DesktopError> {
        self.display.watch(None, LET_GO)?;
        let done = work(self);
        self.display.watch(None, self.reply_limit)?;
        done
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
        let _ = self.bounded(|desktop| desktop.keyboard.tidy(&desktop.display));
    }

    fn release_held(&mut self) -> Result<(), DesktopError> {
        self.bounded(|desktop| {
            desktop.hands.release_all(&desktop.display)?;
            desktop.keyboard.tidy(&desktop.display)?;
            desktop.display.sync()
        })
    }

    fn size(&mut self) -> Result<Extent, DesktopError> {
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
        self.hands.press(&self.display, Held::button(button))?;
        self.display.sync()
    }

    fn release(&mut self, button: Button) -> Result<(), DesktopError> {
        self.hands.release(&self.display, Held::button(button))?;
        self.display.sync()
    }

    /// The server makes the pauses: on a busy machine it is late less often than this program would be, and programs
    /// count clicks together only where they come within a quarter of a second or so.
    fn click(&mut self, button: Button, count: u8, pause: Duration) -> Result<(), DesktopError> {
        let button = Held::button(button);
        for click in 0..count {
            self.hands.press_after(if click > 0 { pause } else { Duration::ZERO }, &self.display, button)?;
            self.hands.release_after(pause, &self.display, button)?;
        }
        self.display.sync()
    }

    fn scroll(&mut self, direction: ScrollDirection, clicks: u32) -> Result<(), DesktopError> {
        for click in 0..clicks {
            if click % CLICKS_BETWEEN_LOOKS == 0 {
                self.display.check_cancelled()?;
                self.display.sync()?;
            }
            self.hands.press(&self.display, Held::wheel(direction))?;
            self.hands.release(&self.display, Held::wheel(direction))?;
        }
        self.display.sync()
    }

    fn press_keys(&mut self, chord: &Chord) -> Result<(), DesktopError> {
        self.keyboard.press(&self.display, &mut self.hands, chord)
    }

    fn release_keys(&mut self) -> Result<(), DesktopError> {
        self.hands.release_keys(&self.display)?;
        self.display.sync()
    }

    fn type_text(&mut self, text: &str) -> Result<Delivery, DesktopError> {
        self.keyboard.type_text(&self.display, &mut self.hands, text)
    }

    fn pause(&mut self, time: Duration) -> Result<(), DesktopError> {
        self.display.pause(time)
    }

    fn settle(&mut self, patience: Settle) -> Result<Settled, DesktopError> {
        self.display.wait_until_still(patience.into())
    }

    fn read_clipboard(&mut self, selection: Selection) -> Result<Option<String>, DesktopError> {
        clipboard::read(&self.display, selection)
    }

    fn write_clipboard(&mut self, text: &str) -> Result<(), DesktopError> {
        let owner = match &mut self.clipboard {
            Some(owner) => owner,
            none => none.insert(clipboard::Owner::start(&self.name, self.reply_limit)?),
        };
        let offered = owner.offer(text, &self.display);
        if offered.is_err() {
            self.clipboard = None;
        }
        offered
    }

    fn windows(&mut self) -> Result<Vec<Window>, DesktopError> {
        windows::list(&self.display)
    }
}

impl Drop for X11Desktop {
    fn drop(&mut self) {
        // Waits for the server: requests that are still unread when a connection closes may be lost.
        let _ = self.release_held();
        let _ = self.bounded(|desktop| {
            desktop.keyboard.put_back(&desktop.display)?;
            desktop.display.sync()
        });
    }
}

impl fmt::Debug for X11Desktop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("X11Desktop").field("hands", &self.hands).finish_non_exhaustive()
    }
}
