//! The connection: opening it, ending its waits, and watching the screen for change.
//!
//! Change is reported by the DAMAGE extension on the root window, which covers every window inside it. A
//! report says only that something changed since the last one was acknowledged, so at most one is under way
//! and nothing piles up while nobody watches.

use std::cell::Cell;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::ConnectError as OpenError;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, Damage, ReportLevel};
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xkb::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, Screen};
use x11rb::protocol::{damage, xfixes, xkb, xtest};
use x11rb::reexports::x11rb_protocol::{
    parse_display::{ConnectAddress, parse_display},
    xauth::get_auth,
};
use x11rb::rust_connection::{DefaultStream, RustConnection};

use super::stream::WatchedStream;
use crate::rest::{Patience, Rest, Watch};
use crate::wait::Woken;
use crate::{ConnectError, DesktopError, Settled};

/// The connection that everything in this folder speaks over.
pub(super) type Connection = RustConnection<WatchedStream>;

/// An open display with its change reports switched on.
pub(super) struct Display {
    pub(super) connection: Connection,
    screen: usize,
    damage: Damage,
    /// A change was reported and nobody has asked for it yet.
    changed: Cell<bool>,
    local: bool,
}

impl Display {
    pub(super) fn open(name: &str, reply_limit: Duration) -> Result<Self, ConnectError> {
        let opened = open(name, reply_limit);
        let (connection, screen, local) =
            opened.map_err(|source| ConnectError::Open { display: name.to_owned(), source: source.into() })?;
        let names = [
            xtest::X11_EXTENSION_NAME,
            xfixes::X11_EXTENSION_NAME,
            damage::X11_EXTENSION_NAME,
            xkb::X11_EXTENSION_NAME,
        ];
        for extension in names {
            if connection.extension_information(extension).map_err(DesktopError::from)?.is_none() {
                return Err(ConnectError::MissingExtension { extension });
            }
        }
        let damage = set_up(&connection, connection.setup().roots[screen].root)?;
        Ok(Self { connection, screen, damage, changed: Cell::new(false), local })
    }

    pub(super) fn screen(&self) -> &Screen {
        &self.connection.setup().roots[self.screen]
    }

    pub(super) fn root(&self) -> u32 {
        self.screen().root
    }

    /// Whether the server is on this machine, reached over a Unix socket.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// From now on waits end when `cancel` is readable, and after `patience` in any case.
    pub(super) fn watch(&self, cancel: Option<BorrowedFd<'_>>, patience: Duration) -> Result<(), DesktopError> {
        let cancel = cancel.map(|fd| fd.try_clone_to_owned()).transpose().map_err(DesktopError::System)?;
        self.connection.stream().watch(cancel);
        self.connection.stream().set_patience(patience);
        Ok(())
    }

    /// An error when the call is to end.
    pub(super) fn check_cancelled(&self) -> Result<(), DesktopError> {
        if self.connection.stream().is_cancelled()? { Err(DesktopError::Cancelled) } else { Ok(()) }
    }

    /// Returns when the server has carried out everything that was asked of it so far.
    pub(super) fn sync(&self) -> Result<(), DesktopError> {
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }

    /// Forgets what has changed so far.
    pub(super) fn forget_changes(&self) -> Result<(), DesktopError> {
        self.acknowledge_change()?;
        self.sync()?;
        self.take_changes()?;
        Ok(())
    }

    /// Waits for the screen to change, unless it has since [`Self::forget_changes`], and says whether it did. Whoever
    /// watches the screen later is told of this change, too.
    pub(super) fn wait_for_change(&self, limit: Duration) -> Result<bool, DesktopError> {
        let changed =
            self.take_changes()? || self.wait_for_event(limit, |event| matches!(event, Event::DamageNotify(_)))?;
        self.changed.set(changed);
        Ok(changed)
    }

    /// Has whoever watches the screen next know that it changed.
    pub(super) fn count_as_changed(&self) {
        self.changed.set(true);
    }

    /// Waits until the screen, after a first change, has been still for a while.
    pub(super) fn wait_until_still(&self, patience: Patience) -> Result<Settled, DesktopError> {
        let mut watch = Watch::new(patience);
        self.connection.flush()?;
        loop {
            if self.take_changes()? {
                watch.changed(Instant::now());
                self.acknowledge_change()?;
                self.connection.flush()?;
                continue;
            }
            let now = Instant::now();
            let left = match watch.rest(now, now) {
                Rest::Come(settled) => return Ok(settled),
                Rest::In(left) => left,
            };
            match self.connection.stream().wait_readable(left)? {
                Woken::Ready | Woken::TimedOut => {}
                Woken::Cancelled => return Err(DesktopError::Cancelled),
            }
        }
    }

    /// Lets time pass, without losing sight of the server.
    pub(super) fn pause(&self, time: Duration) -> Result<(), DesktopError> {
        let passed = self.wait_for_event(time, |_| false)?;
        debug_assert!(!passed, "no event ends a pause");
        Ok(())
    }

    /// Waits for an event, and says whether it came in time.
    pub(super) fn wait_for_event(&self, limit: Duration, is_it: impl Fn(&Event) -> bool) -> Result<bool, DesktopError> {
        let deadline = Instant::now() + limit;
        self.connection.flush()?;
        loop {
            while let Some(event) = self.next_event()? {
                if is_it(&event) {
                    return Ok(true);
                }
            }
            match self.connection.stream().wait_readable(deadline.saturating_duration_since(Instant::now()))? {
                Woken::Ready => {}
                Woken::TimedOut => return Ok(false),
                Woken::Cancelled => return Err(DesktopError::Cancelled),
            }
        }
    }

    /// Empties the event queue and says whether a change was reported. Other events are answers to requests
    /// whose failure does no harm, or news of the keyboard map, which is read afresh when it is needed.
    fn take_changes(&self) -> Result<bool, DesktopError> {
        while self.next_event()?.is_some() {}
        Ok(self.changed.take())
    }

    fn next_event(&self) -> Result<Option<Event>, DesktopError> {
        let event = self.connection.poll_for_event()?;
        if matches!(event, Some(Event::DamageNotify(_))) {
            self.changed.set(true);
        }
        Ok(event)
    }

    fn acknowledge_change(&self) -> Result<(), DesktopError> {
        self.connection.damage_subtract(self.damage, x11rb::NONE, x11rb::NONE)?;
        Ok(())
    }
}

pub(super) fn open(name: &str, patience: Duration) -> Result<(Connection, usize, bool), OpenError> {
    let display = parse_display(Some(name))?;
    let screen = usize::from(display.screen);
    let mut failure = None;
    for address in display.connect_instruction() {
        match DefaultStream::connect(&address) {
            Ok((stream, (family, peer))) => {
                // A display without a cookie for it may still let everybody in.
                let (method, cookie) = get_auth(family, &peer, display.display).ok().flatten().unwrap_or_default();
                let stream = WatchedStream::new(stream, patience);
                let connection = Connection::connect_to_stream_with_auth_info(stream, screen, method, cookie)?;
                return Ok((connection, screen, matches!(address, ConnectAddress::Socket(_))));
            }
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.map_or(OpenError::UnknownError, OpenError::IoError))
}

/// Announces the extension versions, without which servers refuse their requests, and subscribes to change.
fn set_up(connection: &Connection, root: u32) -> Result<Damage, DesktopError> {
    let fixes = connection.xfixes_query_version(5, 0)?;
    let changes = connection.damage_query_version(1, 1)?;
    let keyboard = connection.xkb_use_extension(1, 0)?;
    fixes.reply()?;
    changes.reply()?;
    keyboard.reply()?;
    // A client that has grabbed the server, as some do for a menu, must not stop us from clicking in it.
    xtest::grab_control(connection, true)?;
    let damage = connection.generate_id()?;
    connection.damage_create(damage, root, ReportLevel::NON_EMPTY)?.check()?;
    Ok(damage)
}
