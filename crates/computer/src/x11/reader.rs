//! Who reads what is typed, and whether they have read it.
//!
//! The server does not tell when a program has read its keys. There are three ways to know, the first that is open is
//! taken:
//!
//! - Most toolkits answer a ping of the window manager protocol (`_NET_WM_PING`), and they do it in the order of their
//!   events: once the answer to a ping is there, every key before it has been looked up.
//! - A program that answers no ping, such as xterm, has read everything once its process has slept for a while without
//!   having run ([`Vigil`]), and so have all others: the keys may be with an input method, or with a menu that has
//!   taken hold of the keyboard. Before that counts, the server is asked twice for nothing, so that it has passed on
//!   every key, and has answered whatever the program sleeps for the answer to.
//! - Of a program on another machine only the screen tells. It is taken to have read everything when that is still,
//!   which is a guess, and called one.

use std::time::{Duration, Instant};

use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, InputFocus, Window,
};

use super::clients::Clients;
use super::display::Display;
use super::process::{Look, Process, State};
use super::vigil::{Limits, Verdict, Vigil};
use crate::{DesktopError, rest::Patience};

/// How long a program may be busy with something else, or be stopped, before the rest of a text is not typed at it.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How long the end of a text may stay unread by a program that is busy with it.
pub(super) const LAST_ANSWER: Duration = Duration::from_secs(2);
/// How long a program that always runs is waited for: long, since it may be about to come to rest; but not again and
/// again for one that did not.
const RESTLESS: Duration = Duration::from_secs(5);
const RESTLESS_AGAIN: Duration = Duration::from_secs(1);
/// How long programs that do not have the keyboard may keep one waiting that has read everything.
const OTHERS: Duration = Duration::from_millis(150);
/// The time between two looks at a program.
const LOOK: Duration = Duration::from_millis(5);
/// How long the screen is watched for a program of which nothing else is known.
const STILL: Patience = Patience {
    first_change: Duration::from_millis(500),
    quiet: Duration::from_millis(100),
    limit: Duration::from_secs(2),
};

/// What a program is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Keys get other symbols, so all that depends on it is worth a wait.
    NewSymbols,
    /// A text is done.
    TheEnd,
    /// Symbols are taken away that nobody has used for long, if that does no harm.
    TidyingUp,
}

/// What is known of the keys that were sent so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// They have been read.
    Done,
    /// They should have been read, but that is a guess.
    Guessed,
    /// They have not been read for this long, for all that is known.
    Missing(Duration),
}

/// The program that has the keyboard.
#[derive(Debug)]
pub(super) struct Reader {
    protocols: Atom,
    ping: Atom,
    machine: Atom,
    pings: u32,
    noted: Someone,
    /// It ran for as long as it was waited for.
    restless: bool,
}

/// Somebody who is typed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Someone {
    /// Whoever has this window answers pings.
    Answering(Window),
    /// A program that answers none, on this machine.
    Running(Process),
    /// A program of which only its window is known, or nobody.
    Unseen(Window),
}

impl Reader {
    pub(super) fn new(display: &Display) -> Result<Self, DesktopError> {
        let atom = |name: &[u8]| display.connection.intern_atom(false, name);
        let (protocols, ping) = (atom(b"WM_PROTOCOLS")?, atom(b"_NET_WM_PING")?);
        let machine = atom(b"WM_CLIENT_MACHINE")?;
        Ok(Self {
            protocols: protocols.reply()?.atom,
            ping: ping.reply()?.atom,
            machine: machine.reply()?.atom,
            pings: 0,
            noted: Someone::Unseen(x11rb::NONE),
            restless: false,
        })
    }

    /// Whether somebody else has the keyboard than was noted.
    pub(super) fn has_changed(&self, display: &Display) -> Result<bool, DesktopError> {
        Ok(self.current(display)? != self.noted)
    }

    /// Notes who has the keyboard now.
    pub(super) fn note(&mut self, display: &Display) -> Result<(), DesktopError> {
        let current = self.current(display)?;
        if current != self.noted {
            self.restless = false;
        }
        self.noted = current;
        Ok(())
    }

    /// Returns when whoever was noted has read all keys that were pressed so far, or does not within the time that is
    /// worth it.
    pub(super) fn wait(&mut self, display: &Display, before: Before) -> Result<Reading, DesktopError> {
        match (self.noted, before) {
            (Someone::Answering(window), _) => self.ask(display, window, silent(before)),
            (Someone::Running(process), _) => self.wait_for_rest(display, process, before),
            (Someone::Unseen(_), Before::NewSymbols) => display.wait_until_still(STILL).map(|_| Reading::Guessed),
            (Someone::Unseen(_), Before::TheEnd | Before::TidyingUp) => Ok(Reading::Guessed),
        }
    }

    /// Returns when whoever has the keyboard now has read all keys that were pressed so far, if they are one who tells.
    /// None when they are not.
    pub(super) fn catch_up(&mut self, display: &Display, limit: Duration) -> Result<Option<Reading>, DesktopError> {
        match self.current(display)? {
            Someone::Answering(window) => self.ask(display, window, limit).map(Some),
            Someone::Running(_) | Someone::Unseen(_) => Ok(None),
        }
    }

    /// Whether whoever has the keyboard now is stopped.
    pub(super) fn is_stopped(&self, display: &Display) -> Result<bool, DesktopError> {
        Ok(match self.current(display)? {
            Someone::Running(process) => process.look().is_some_and(|look| look.state() == State::Stopped),
            Someone::Answering(_) | Someone::Unseen(_) => false,
        })
    }

    fn wait_for_rest(&mut self, display: &Display, process: Process, before: Before) -> Result<Reading, DesktopError> {
        display.sync()?;
        let limits = Limits { silent: silent(before), restless: self.restless(before) };
        let Some(look) = process.look() else { return Ok(Reading::Done) };
        let mut vigil = Vigil::new(limits, look, Instant::now());
        let (mut others, mut patience_with_others) = (None, None);
        loop {
            display.pause(LOOK)?;
            let mut verdict = see(&mut vigil, process);
            if verdict == Some(Verdict::AtRest) {
                display.sync()?;
                display.sync()?;
                verdict = see(&mut vigil, process);
            }
            match verdict {
                Some(Verdict::Awake) => others = None,
                Some(Verdict::Dozing) if others.is_none() => others = Some(Others::of(display, process)?),
                Some(Verdict::Dozing) => {}
                Some(Verdict::AtRest) => {
                    let until = *patience_with_others.get_or_insert_with(|| Instant::now() + OTHERS);
                    if Instant::now() >= until || others.take().is_some_and(|others| others.are_at_rest()) {
                        self.restless = false;
                        return Ok(Reading::Done);
                    }
                    vigil.rest_again();
                }
                Some(Verdict::Restless) => {
                    self.restless = true;
                    return Ok(Reading::Guessed);
                }
                Some(Verdict::Silent) => return Ok(Reading::Missing(limits.silent)),
                // It has ended, and nobody will read what was typed at it.
                None => return Ok(Reading::Done),
            }
        }
    }

    fn restless(&self, before: Before) -> Duration {
        match before {
            Before::NewSymbols if self.restless => RESTLESS_AGAIN,
            Before::NewSymbols => RESTLESS,
            // Whatever still has to be read keeps its symbol, or was typed long ago.
            Before::TheEnd | Before::TidyingUp => Duration::ZERO,
        }
    }

    fn ask(&mut self, display: &Display, window: Window, limit: Duration) -> Result<Reading, DesktopError> {
        // Answers go to the root window; Qt sends them under the first of these masks, others under the second.
        listen(display, EventMask::STRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_NOTIFY)?;
        let answered = self.ping(display, window, limit);
        // The root window's other news would pile up while nobody reads them.
        listen(display, EventMask::NO_EVENT)?;
        Ok(if answered? { Reading::Done } else { Reading::Missing(limit) })
    }

    fn ping(&mut self, display: &Display, window: Window, limit: Duration) -> Result<bool, DesktopError> {
        self.pings += 1;
        let data = [self.ping, self.pings, window, 0, 0];
        let message = ClientMessageEvent::new(32, window, self.protocols, data);
        let sent = display.connection.send_event(false, window, EventMask::NO_EVENT, message)?;
        if unless_gone(sent.check())?.is_none() {
            return Ok(true);
        }
        display.wait_for_event(limit, |event| match event {
            Event::ClientMessage(answer) => answer.data.as_data32()[..3] == data[..3],
            _ => false,
        })
    }

    fn current(&self, display: &Display) -> Result<Someone, DesktopError> {
        Ok(unless_gone(self.find(display))?.unwrap_or(Someone::Unseen(x11rb::NONE)))
    }

    /// Whoever has the innermost window around the focus that takes part in the protocol, or else the focus.
    fn find(&self, display: &Display) -> Result<Someone, ReplyError> {
        let connection = &display.connection;
        let focus = connection.get_input_focus()?.reply()?.focus;
        let follows_pointer = focus == u32::from(InputFocus::POINTER_ROOT) || focus == display.root();
        let innermost = if follows_pointer { below_pointer(display)? } else { focus };
        let (mut window, mut is_here) = (innermost, true);
        while window != x11rb::NONE && window != display.root() {
            let protocols = connection.get_property(false, window, self.protocols, AtomEnum::ATOM, 0, 64)?;
            let machine = connection.get_property(false, window, self.machine, AtomEnum::ANY, 0, 64)?;
            let parent = connection.query_tree(window)?;
            let protocols = protocols.reply()?;
            if protocols.value32().into_iter().flatten().any(|protocol| protocol == self.ping) {
                return Ok(Someone::Answering(window));
            }
            is_here &= is_this_machine(&machine.reply()?.value);
            window = parent.reply()?.parent;
        }
        let process = if is_here { Clients::list(display)?.of_window(innermost) } else { None };
        Ok(process.map_or(Someone::Unseen(innermost), Someone::Running))
    }
}

/// How long a program may be silent.
fn silent(before: Before) -> Duration {
    match before {
        Before::NewSymbols => ANSWER,
        Before::TheEnd => LAST_ANSWER,
        Before::TidyingUp => Duration::from_millis(200),
    }
}

/// The verdict after another look. None: the program has ended.
fn see(vigil: &mut Vigil, process: Process) -> Option<Verdict> {
    process.look().map(|look| vigil.see(look, Instant::now()))
}

/// The programs that do not have the keyboard, as they were at some time.
struct Others(Vec<(Process, Look)>);

impl Others {
    fn of(display: &Display, process: Process) -> Result<Self, DesktopError> {
        let clients = Clients::list(display)?;
        Ok(Self(clients.beside(process).into_iter().filter_map(|other| Some((other, other.look()?))).collect()))
    }

    /// Whether none of them has run since.
    fn are_at_rest(&self) -> bool {
        self.0.iter().all(|(process, earlier)| {
            process.look().is_none_or(|look| match look.state() {
                State::Asleep => !look.has_run_since(earlier),
                State::Occupied => false,
                // It will not be at rest soon, and whatever it holds up is not typing.
                State::Stopped => true,
            })
        })
    }
}

/// Whether a window's `WM_CLIENT_MACHINE` names this machine. A program that was started over `ssh` has its own
/// machine there, while the process that the server knows is only the one that passes things on.
fn is_this_machine(name: &[u8]) -> bool {
    let own = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    name.is_empty() || name == own.trim_ascii()
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
