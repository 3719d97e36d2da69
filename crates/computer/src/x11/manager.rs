//! Whether a window manager takes charge of new windows. One that is starting claims them before it listens, and a window
//! that is shown in between is missed for good; so the only proof is a window that it has taken. The one shown here
//! begins iconified, so nobody sees it.

use std::time::{Duration, Instant};

use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, MapState, PropMode, Window, WindowClass},
    },
    wrapper::ConnectionExt as _,
};

use super::{atoms::Atoms, display::Display};
use crate::DesktopError;

/// How long a manager has for the window before it is shown once more.
const TURN: Duration = Duration::from_millis(10);
/// The flag of the hint that tells the first state of a window (ICCCM 4.1.2.4), and that state.
const STATE_HINT: u32 = 2;
const ICONIC: u32 = 3;

/// Waits until a window manager has taken a window, and says whether one did in time.
pub(super) fn wait_for(display: &Display, limit: Duration) -> Result<bool, DesktopError> {
    let deadline = Instant::now() + limit;
    let connection = &display.connection;
    let state = Atoms::new(connection)?.reply()?.WM_STATE;
    let probe = open(display)?;
    let is_taken = loop {
        connection.map_window(probe)?;
        if connection.get_window_attributes(probe)?.reply()?.map_state == MapState::VIEWABLE {
            // Nobody claims windows yet.
            connection.unmap_window(probe)?;
            display.pause(TURN)?;
        } else {
            display.wait_for_event(
                TURN,
                |event| matches!(event, Event::PropertyNotify(news) if news.window == probe && news.atom == state),
            )?;
            let state = connection.get_property(false, probe, state, AtomEnum::ANY, 0, 1)?.reply()?;
            if state.value32().and_then(|mut state| state.next()).is_some_and(|state| state != 0) {
                break true;
            }
        }
        if Instant::now() >= deadline {
            break false;
        }
    };
    connection.destroy_window(probe)?;
    display.sync()?;
    Ok(is_taken)
}

fn open(display: &Display) -> Result<Window, DesktopError> {
    let connection = &display.connection;
    let window = connection.generate_id()?;
    let aux = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
    let class = WindowClass::INPUT_OUTPUT;
    connection.create_window(x11rb::COPY_DEPTH_FROM_PARENT, window, display.root(), 0, 0, 1, 1, 0, class, 0, &aux)?;
    let hints = [STATE_HINT, 0, ICONIC, 0, 0, 0, 0, 0, 0];
    connection.change_property32(PropMode::REPLACE, window, AtomEnum::WM_HINTS, AtomEnum::WM_HINTS, &hints)?;
    Ok(window)
}
