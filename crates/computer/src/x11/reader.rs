//! Who reads what is typed, and whether they have read it.
//!
//! The server does not tell when a program has read its keys, but most toolkits answer a ping of the window
//! manager protocol (`_NET_WM_PING`), and they do it in the order of their events: once the answer to a ping
//! is there, every key before it has been looked up. Programs that answer no ping, such as xterm, are taken to
//! have read everything when the screen is still.

use std::time::Duration;

use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, InputFocus, Window,
};

use super::display::Display;
use crate::{DesktopError, rest::Patience};

/// How long a program may be busy with something else before the rest of a text is not typed at it.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How long the screen is watched for a program that answers no ping.
const STILL: Patience = Patience {
    first_change: Duration::from_millis(150),
    quiet: Duration::from_millis(40),
    limit: Duration::from_secs(1),
};

/// The program that has the keyboard.
#[derive(Debug)]
pub(super) struct Reader {
    protocols: Atom,
    ping: Atom,
    pings: u32,
    /// Its window, if it answers pings.
    window: Option<Window>,
}

impl Reader {
    pub(super) fn new(display: &Display) -> Result<Self, DesktopError> {
        let protocols = display.connection.intern_atom(false, b"WM_PROTOCOLS")?;
        let ping = display.connection.intern_atom(false, b"_NET_WM_PING")?;
        Ok(Self { protocols: protocols.reply()?.atom, ping: ping.reply()?.atom, pings: 0, window: None })
    }

    /// Whether somebody else has the keyboard than was noted.
    pub(super) fn has_changed(&self, display: &Display) -> Result<bool, DesktopError> {
        Ok(self.current(display)? != self.window)
    }

    /// Notes who has the keyboard now.
    pub(super) fn note(&mut self, display: &Display) -> Result<(), DesktopError> {
        self.window = self.current(display)?;
        Ok(())
    }

    /// Returns when whoever was noted has read all keys that were pressed so far.
    pub(super) fn wait(&mut self, display: &Display) -> Result<(), DesktopError> {
        match self.window {
            Some(window) => self.wait_for(display, window, ANSWER),
            None => display.wait_until_still(STILL).map(drop),
        }
    }

    /// Returns when whoever has the keyboard now has read all keys that were pressed so far. False when they do not
    /// tell.
    pub(super) fn catch_up(&mut self, display: &Display, limit: Duration) -> Result<bool, DesktopError> {
        match self.current(display)? {
            Some(window) => self.wait_for(display, window, limit).map(|()| true),
            None => Ok(false),
        }
    }

    fn wait_for(&mut self, display: &Display, window: Window, limit: Duration) -> Result<(), DesktopError> {
        // Answers go to the root window; Qt sends them under the first of these masks, others under the second.
        listen(display, EventMask::STRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_NOTIFY)?;
        let answered = self.ping(display, window, limit);
        // The root window's other news would pile up while nobody reads them.
        listen(display, EventMask::NO_EVENT)?;
        answered
    }

    fn ping(&mut self, display: &Display, window: Window, limit: Duration) -> Result<(), DesktopError> {
        self.pings += 1;
        let data = [self.ping, self.pings, window, 0, 0];
        let message = ClientMessageEvent::new(32, window, self.protocols, data);
        let sent = display.connection.send_event(false, window, EventMask::NO_EVENT, message)?;
        if unless_gone(sent.check())?.is_none() {
            return Ok(());
        }
        let answered = display.wait_for_event(limit, |event| match event {
            Event::ClientMessage(answer) => answer.data.as_data32()[..3] == data[..3],
            _ => false,
        })?;
        if answered { Ok(()) } else { Err(DesktopError::NotRead(limit)) }
    }

    fn current(&self, display: &Display) -> Result<Option<Window>, DesktopError> {
        Ok(unless_gone(self.find(display))?.flatten())
    }

    /// The innermost window around the focus that takes part in the protocol.
    fn find(&self, display: &Display) -> Result<Option<Window>, ReplyError> {
        let connection = &display.connection;
        let focus = connection.get_input_focus()?.reply()?.focus;
        let follows_pointer = focus == u32::from(InputFocus::POINTER_ROOT) || focus == display.root();
        let mut window = if follows_pointer { below_pointer(display)? } else { focus };
        while window != x11rb::NONE && window != display.root() {
            let property = connection.get_property(false, window, self.protocols, AtomEnum::ATOM, 0, 64)?.reply()?;
            if property.value32().into_iter().flatten().any(|protocol| protocol == self.ping) {
                return Ok(Some(window));
            }
            window = connection.query_tree(window)?.reply()?.parent;
        }
        Ok(None)
    }
}

fn below_pointer(display: &Display) -> Result<Window, ReplyError> {
    let mut window = display.root();
    loop {
        match display.connection.query_pointer(window)?.reply()?.child {
            x11rb::NONE => return Ok(window),
            child => window = child,
        }
    }
}

fn listen(display: &Display, mask: EventMask) -> Result<(), DesktopError> {
    let attributes = ChangeWindowAttributesAux::new().event_mask(mask);
    display.connection.change_window_attributes(display.root(), &attributes)?;
    Ok(())
}

/// A window may close at any time: the server's complaint about it is an answer, a lost connection is not.
fn unless_gone<T>(result: Result<T, ReplyError>) -> Result<Option<T>, DesktopError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
