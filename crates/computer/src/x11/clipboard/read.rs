//! Asking the owner of a selection for its text.

use std::{cell::Cell, time::Duration};

use handspike_types::desktop::{MAX_CLIPBOARD, Selection};
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{
            Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, GetPropertyReply, Property, Window,
            WindowClass,
        },
    },
};

use crate::{
    DesktopError,
    x11::{atoms::Atoms, display::Display},
};

/// How long an owner may be busy with something else, for each answer that it owes.
const ANSWER: Duration = Duration::from_secs(3);

/// The text of a selection; none when nobody owns it or it is no text.
pub(in crate::x11) fn read(display: &Display, selection: Selection) -> Result<Option<String>, DesktopError> {
    let atoms = Atoms::new(&display.connection)?.reply()?;
    let selection = match selection {
        Selection::Clipboard => atoms.CLIPBOARD,
        Selection::Primary => AtomEnum::PRIMARY.into(),
    };
    if display.connection.get_selection_owner(selection)?.reply()?.owner == x11rb::NONE {
        return Ok(None);
    }
    let mailbox = Mailbox::open(display, &atoms)?;
    let text = mailbox.text(selection);
    // A window of no size that is left over on a display that is lost or frozen harms nobody.
    let _ = display.connection.destroy_window(mailbox.window);
    text
}

/// A window of our own, into whose property the owner writes.
struct Mailbox<'a> {
    display: &'a Display,
    atoms: &'a Atoms,
    window: Window,
}

impl<'a> Mailbox<'a> {
    fn open(display: &'a Display, atoms: &'a Atoms) -> Result<Self, DesktopError> {
        let window = display.connection.generate_id()?;
        let values = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let kind = WindowClass::INPUT_ONLY;
        display.connection.create_window(0, window, display.root(), -1, -1, 1, 1, 0, kind, 0, &values)?;
        Ok(Self { display, atoms, window })
    }

    fn text(&self, selection: Atom) -> Result<Option<String>, DesktopError> {
        if let Some(bytes) = self.converted(selection, self.atoms.UTF8_STRING)? {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
        // Old programs know Latin-1 only, whose bytes are code points.
        let bytes = self.converted(selection, AtomEnum::STRING.into())?;
        Ok(bytes.map(|bytes| bytes.into_iter().map(char::from).collect()))
    }

    /// The selection as a target; none when the owner does not have it as that.
    fn converted(&self, selection: Atom, target: Atom) -> Result<Option<Vec<u8>>, DesktopError> {
        let (connection, property) = (&self.display.connection, self.atoms.MAILBOX);
        connection.convert_selection(self.window, selection, target, property, x11rb::CURRENT_TIME)?;
        let answer = Cell::new(None);
        self.wait(|event| match event {
            Event::SelectionNotify(event) if event.requestor == self.window && event.target == target => {
                answer.set(Some(event.property));
                true
            }
            _ => false,
        })?;
        if answer.get() != Some(property) {
            return Ok(None);
        }
        let first = self.take()?;
        if first.type_ == self.atoms.INCR {
            return self.pieces().map(Some);
        }
        within_bounds(first.value.len() + first.bytes_after as usize)?;
        Ok(Some(first.value))
    }

    /// Taking each piece away is what makes the owner write the next; an empty one is the last.
    fn pieces(&self) -> Result<Vec<u8>, DesktopError> {
        let mut bytes = Vec::new();
        loop {
            self.wait(|event| match event {
                Event::PropertyNotify(event) => {
                    event.window == self.window
                        && event.atom == self.atoms.MAILBOX
                        && event.state == Property::NEW_VALUE
                }
                _ => false,
            })?;
            let piece = self.take()?;
            if piece.type_ == x11rb::NONE {
                continue;
            }
            if piece.value.is_empty() {
                return Ok(bytes);
            }
            bytes.extend(piece.value);
            within_bounds(bytes.len() + piece.bytes_after as usize)?;
        }
    }

    fn take(&self) -> Result<GetPropertyReply, DesktopError> {
        let length = MAX_CLIPBOARD as u32 / 4 + 1;
        let connection = &self.display.connection;
        Ok(connection.get_property(true, self.window, self.atoms.MAILBOX, AtomEnum::ANY, 0, length)?.reply()?)
    }

    fn wait(&self, is_it: impl Fn(&Event) -> bool) -> Result<(), DesktopError> {
        if self.display.wait_for_event(ANSWER, is_it)? { Ok(()) } else { Err(DesktopError::ClipboardSilent(ANSWER)) }
    }
}

fn within_bounds(length: usize) -> Result<(), DesktopError> {
    if length > MAX_CLIPBOARD { Err(DesktopError::ClipboardTooLarge(MAX_CLIPBOARD)) } else { Ok(()) }
}
