//! The thread that owns the clipboard and answers whoever pastes.
//!
//! It sleeps until there is something on its connection or a new text to offer. It ends with its [`Owner`], or when the
//! connection is lost.

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{EventfdFlags, PollFlags, eventfd},
    io,
};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{
            Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
            SelectionNotifyEvent, SelectionRequestEvent, Timestamp, Window, WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};

use super::transfer::{Transfers, WHOLE};
use crate::{
    DesktopError,
    wait::wait,
    x11::{
        atoms::Atoms,
        display::{Connection, Display, open},
    },
};

/// How long it may take to become the owner.
const TAKING_OVER: Duration = Duration::from_secs(1);
/// How often transfers are looked through for those that stand still.
const ROUND: Duration = Duration::from_secs(5);

/// Keeps a text on the clipboard for as long as it lives.
pub(in crate::x11) struct Owner {
    /// None only while it is dropped.
    offers: Option<Sender<Offer>>,
    wake: Arc<OwnedFd>,
}

struct Offer {
    text: String,
    done: SyncSender<Result<(), DesktopError>>,
}

impl Owner {
    pub(in crate::x11) fn start(display: &str, reply_limit: Duration) -> Result<Self, DesktopError> {
        let (connection, screen, _) = open(display, reply_limit).map_err(|error| DesktopError::Lost(error.into()))?;
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let server = Server::new(connection, screen)?;
        let (sender, offers) = mpsc::channel();
        let woken = Arc::clone(&wake);
        let thread = thread::Builder::new().name("clipboard".to_owned());
        thread.spawn(move || server.serve(&offers, &woken)).map_err(DesktopError::System)?;
        Ok(Self { offers: Some(sender), wake })
    }

    /// Becomes the owner, with this text. The display is asked when the thread has ended, since it knows why.
    pub(in crate::x11) fn offer(&self, text: &str, display: &Display) -> Result<(), DesktopError> {
        let (done, result) = mpsc::sync_channel(1);
        let offer = Offer { text: text.to_owned(), done };
        let sent = self.offers.as_ref().is_some_and(|offers| offers.send(offer).is_ok());
        if sent {
            self.wake()?;
        }
        match result.recv_timeout(TAKING_OVER) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(DesktopError::Unanswered(TAKING_OVER)),
            Err(RecvTimeoutError::Disconnected) => {
                display.sync()?;
                Err(DesktopError::Refused("the clipboard's own connection ended".to_owned()))
            }
        }
    }

    fn wake(&self) -> Result<(), DesktopError> {
        io::write(&self.wake, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.offers = None;
        // Only a counter that is full refuses, and then the thread is awake.
        let _ = self.wake();
    }
}

/// The thread's side.
struct Server {
    connection: Connection,
    atoms: Atoms,
    window: Window,
    text: Option<(Arc<[u8]>, Timestamp)>,
    transfers: Transfers,
}

impl Server {
    fn new(connection: Connection, screen: usize) -> Result<Self, DesktopError> {
        let atoms = Atoms::new(&connection)?.reply()?;
        let window = connection.generate_id()?;
        let root = connection.setup().roots[screen].root;
        let values = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        connection.create_window(0, window, root, -1, -1, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &values)?.check()?;
        Ok(Self { connection, atoms, window, text: None, transfers: Transfers::default() })
    }

    fn serve(mut self, offers: &Receiver<Offer>, wake: &OwnedFd) {
        loop {
            match offers.try_recv() {
                Ok(Offer { text, done }) => {
                    let owned = self.own(&text);
                    // Whoever asked may have given up waiting.
                    let _ = done.send(owned);
                    continue;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
            // A lost connection is found out by the desktop's own.
            if self.answer_all().is_err() {
                return;
            }
            let watched = (self.connection.stream().as_fd(), PollFlags::IN);
            if wait(Some(watched), Some(wake.as_fd()), ROUND).is_err() {
                return;
            }
            let _ = io::read(wake, &mut [0; 8]);
        }
    }

    fn answer_all(&mut self) -> Result<(), DesktopError> {
        while let Some(event) = self.connection.poll_for_event()? {
            self.handle(&event)?;
        }
        self.transfers.forget_idle(&self.connection)?;
        self.connection.flush()?;
        Ok(())
    }

    fn handle(&mut self, event: &Event) -> Result<(), DesktopError> {
        match event {
            Event::SelectionRequest(request) => self.answer(request),
            Event::SelectionClear(_) => {
                self.text = None;
                Ok(())
            }
            Event::PropertyNotify(event) => self.transfers.go_on(&self.connection, event),
            // Among them complaints about the windows of programs that have ended meanwhile.
            _ => Ok(()),
        }
    }

    fn own(&mut self, text: &str) -> Result<(), DesktopError> {
        let since = self.time()?;
        self.text = Some((text.as_bytes().into(), since));
        self.connection.set_selection_owner(self.window, self.atoms.CLIPBOARD, since)?;
        let owner = self.connection.get_selection_owner(self.atoms.CLIPBOARD)?.reply()?.owner;
        if owner == self.window {
            Ok(())
        } else {
            Err(DesktopError::Refused("somebody else copied something".to_owned()))
        }
    }

    /// The server's time, which a change of nothing in a property of our own tells.
    fn time(&mut self) -> Result<Timestamp, DesktopError> {
        let (kind, property) = (AtomEnum::STRING, self.atoms.TIMESTAMP);
        self.connection.change_property8(PropMode::APPEND, self.window, property, kind, &[])?;
        self.connection.flush()?;
        let deadline = Instant::now() + TAKING_OVER;
        loop {
            while let Some(event) = self.connection.poll_for_event()? {
                match event {
                    Event::PropertyNotify(event) if event.window == self.window => return Ok(event.time),
                    other => self.handle(&other)?,
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(DesktopError::Unanswered(TAKING_OVER));
            }
            self.connection.stream().wait_readable(left)?;
        }
    }

    fn answer(&mut self, request: &SelectionRequestEvent) -> Result<(), DesktopError> {
        // Clients from before these conventions name no property.
        let property = if request.property == x11rb::NONE { request.target } else { request.property };
        let written = self.write(request, property)?;
        let event = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: if written { property } else { x11rb::NONE },
        };
        self.connection.send_event(false, request.requestor, EventMask::NO_EVENT, event)?;
        Ok(())
    }

    /// Writes what is asked for, and says whether there is such a thing.
    fn write(&mut self, request: &SelectionRequestEvent, property: Atom) -> Result<bool, DesktopError> {
        let (atoms, string) = (self.atoms, Atom::from(AtomEnum::STRING));
        let Some((text, since)) = self.text.clone() else { return Ok(false) };
        let (window, target) = (request.requestor, request.target);
        let mode = PropMode::REPLACE;
        if target == atoms.TARGETS {
            let text = [atoms.UTF8_STRING, atoms.PLAIN_UTF8, string, atoms.TEXT, atoms.PLAIN];
            let all = [&[atoms.TARGETS, atoms.TIMESTAMP], &text[..]].concat();
            self.connection.change_property32(mode, window, property, AtomEnum::ATOM, &all)?;
        } else if target == atoms.TIMESTAMP {
            self.connection.change_property32(mode, window, property, AtomEnum::INTEGER, &[since])?;
        } else if [atoms.UTF8_STRING, atoms.PLAIN_UTF8, atoms.PLAIN].contains(&target) {
            return self.send(window, property, target, text);
        } else if target == atoms.TEXT {
            return self.send(window, property, atoms.UTF8_STRING, text);
        } else if target == string {
            return self.send(window, property, string, latin1(&text));
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn send(&mut self, window: Window, property: Atom, kind: Atom, bytes: Arc<[u8]>) -> Result<bool, DesktopError> {
        if bytes.len() > WHOLE {
            return self.transfers.start(&self.connection, &self.atoms, window, property, kind, bytes);
        }
        self.connection.change_property8(PropMode::REPLACE, window, property, kind, &bytes)?;
        Ok(true)
    }
}

/// The text for programs that know no other characters; what they lack becomes a question mark.
fn latin1(text: &[u8]) -> Arc<[u8]> {
    String::from_utf8_lossy(text).chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
}
