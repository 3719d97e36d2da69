//! Long texts on their way to programs, piece by piece: the next one whenever the last was taken.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use x11rb::{
    protocol::xproto::{
        Atom, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, PropMode, Property, PropertyNotifyEvent, Window,
    },
    wrapper::ConnectionExt as _,
};

use crate::{
    DesktopError,
    x11::{atoms::Atoms, display::Connection},
};

/// Bytes that are sent at once. A request to a server without large requests holds 256 KiB.
pub(super) const WHOLE: usize = 240 << 10;
const PIECE: usize = 64 << 10;
/// Programs that are pasted into at the same time.
const MOST: usize = 16;
/// A program that takes nothing for so long has ended.
const IDLE: Duration = Duration::from_secs(30);

/// The texts under way.
#[derive(Default)]
pub(super) struct Transfers(Vec<Transfer>);

struct Transfer {
    window: Window,
    property: Atom,
    kind: Atom,
    bytes: Arc<[u8]>,
    sent: usize,
    /// When a piece was taken last.
    taken: Instant,
}

impl Transfers {
    /// Announces a text. False when too many are under way.
    pub(super) fn start(
        &mut self,
        connection: &Connection,
        atoms: &Atoms,
        window: Window,
        property: Atom,
        kind: Atom,
        bytes: Arc<[u8]>,
    ) -> Result<bool, DesktopError> {
        self.0.retain(|transfer| (transfer.window, transfer.property) != (window, property));
        if self.0.len() >= MOST {
            return Ok(false);
        }
        listen(connection, window, EventMask::PROPERTY_CHANGE)?;
        let length = bytes.len() as u32;
        connection.change_property32(PropMode::REPLACE, window, property, atoms.INCR, &[length])?;
        self.0.push(Transfer { window, property, kind, bytes, sent: 0, taken: Instant::now() });
        Ok(true)
    }

    /// Sends the next piece if the last one was taken. An empty one tells that there are no more.
    pub(super) fn go_on(&mut self, connection: &Connection, event: &PropertyNotifyEvent) -> Result<(), DesktopError> {
        let is_it = |transfer: &Transfer| (transfer.window, transfer.property) == (event.window, event.atom);
        let Some(index) = self.0.iter().position(is_it).filter(|_| event.state == Property::DELETE) else {
            return Ok(());
        };
        let transfer = &mut self.0[index];
        let end = transfer.bytes.len().min(transfer.sent + PIECE);
        let piece = &transfer.bytes[transfer.sent..end];
        connection.change_property8(PropMode::REPLACE, event.window, event.atom, transfer.kind, piece)?;
        let is_over = piece.is_empty();
        transfer.sent = end;
        transfer.taken = Instant::now();
        if is_over {
            self.0.swap_remove(index);
            self.stop_listening(connection, event.window)?;
        }
        Ok(())
    }

    /// Gives up on programs that have taken nothing for long.
    pub(super) fn forget_idle(&mut self, connection: &Connection) -> Result<(), DesktopError> {
        while let Some(index) = self.0.iter().position(|transfer| transfer.taken.elapsed() > IDLE) {
            let window = self.0.swap_remove(index).window;
            self.stop_listening(connection, window)?;
        }
        Ok(())
    }

    fn stop_listening(&self, connection: &Connection, window: Window) -> Result<(), DesktopError> {
        let is_needed = self.0.iter().any(|transfer| transfer.window == window);
        if is_needed { Ok(()) } else { listen(connection, window, EventMask::NO_EVENT) }
    }
}

fn listen(connection: &Connection, window: Window, mask: EventMask) -> Result<(), DesktopError> {
    connection.change_window_attributes(window, &ChangeWindowAttributesAux::new().event_mask(mask))?;
    Ok(())
}
