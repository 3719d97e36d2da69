//! A window that fills the screen, notes what happens to it, and paints when it is clicked.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeGCAux, ConnectionExt, CreateGCAux, CreateWindowAux, EventMask, PropMode, Rectangle, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::xserver::XServer;

pub(crate) const GREEN: [u8; 3] = [0, 255, 0];
pub(crate) const BLUE: [u8; 3] = [0, 0, 255];

/// What the window notes. Times are the server's, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Press { button: u8, x: i16, y: i16, time: u32, state: u16 },
    Release { button: u8, x: i16, y: i16, time: u32 },
    Motion { x: i16, y: i16, button_down: bool },
    KeyDown { keycode: u8, state: u16 },
    KeyUp { keycode: u8 },
}

/// What the window does when it is clicked.
#[derive(Clone, Copy)]
pub(crate) enum Reaction {
    /// Nothing to be seen.
    Nothing,
    /// It turns green at once.
    TurnGreen,
    /// It repaints itself this often with this pause, and ends up blue.
    Animate { frames: u32, pause: Duration },
}

/// The window and its thread, which end with the test's server.
pub(crate) struct TestWindow {
    notes: Receiver<Note>,
    thread: Option<JoinHandle<()>>,
    outsider: RustConnection,
    window: u32,
}

impl TestWindow {
    pub(crate) fn open(server: &XServer, reaction: Reaction) -> Self {
        let (connection, root) = server.outsider();
        let window = connection.generate_id().unwrap();
        let wanted = EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::POINTER_MOTION
            | EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::PROPERTY_CHANGE;
        let values = CreateWindowAux::new().background_pixel(0x0020_2020).event_mask(wanted);
        connection
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                window,
                root,
                0,
                0,
                1024,
                768,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &values,
            )
            .unwrap();
        connection.map_window(window).unwrap();
        connection.sync().unwrap();
        let (sender, notes) = channel();
        let thread = thread::spawn(move || serve(&connection, window, reaction, &sender));
        Self { notes, thread: Some(thread), outsider: server.outsider().0, window }
    }

    /// Paints every pixel of a part of the window differently from its neighbours.
    pub(crate) fn paint_grid(&self) {
        let context = self.outsider.generate_id().unwrap();
        self.outsider.create_gc(context, self.window, &CreateGCAux::new()).unwrap();
        for x in 0..1024i16 {
            let colour = 0x00ff_ffff & (x as u32).wrapping_mul(0x0001_2345);
            self.outsider.change_gc(context, &ChangeGCAux::new().foreground(colour)).unwrap();
            let dots: Vec<Rectangle> =
                (0..768).filter(|y| (x + y) % 3 != 0).map(|y| Rectangle { x, y, width: 1, height: 1 }).collect();
            self.outsider.poly_fill_rectangle(self.window, context, &dots).unwrap();
        }
        self.outsider.sync().unwrap();
    }

    /// Closes the window's book and returns its notes. Everything that was sent to the window before is
    /// in it: the request to close comes last in the window's own queue.
    pub(crate) fn close(mut self) -> Vec<Note> {
        let (property, kind) = (AtomEnum::WM_NAME, AtomEnum::STRING);
        self.outsider.change_property8(PropMode::REPLACE, self.window, property, kind, b"close").unwrap();
        self.outsider.sync().unwrap();
        self.thread.take().unwrap().join().unwrap();
        self.notes.try_iter().collect()
    }
}

fn serve(connection: &RustConnection, window: u32, reaction: Reaction, notes: &Sender<Note>) {
    while let Ok(event) = connection.wait_for_event() {
        let note = match event {
            Event::ButtonPress(event) => {
                let (button, x, y, time) = (event.detail, event.event_x, event.event_y, event.time);
                Note::Press { button, x, y, time, state: event.state.into() }
            }
            Event::ButtonRelease(event) => {
                react(connection, window, reaction);
                Note::Release { button: event.detail, x: event.event_x, y: event.event_y, time: event.time }
            }
            Event::MotionNotify(event) => {
                let button_down = u16::from(event.state) & 0x100 != 0;
                Note::Motion { x: event.event_x, y: event.event_y, button_down }
            }
            Event::KeyPress(event) => Note::KeyDown { keycode: event.detail, state: event.state.into() },
            Event::KeyRelease(event) => Note::KeyUp { keycode: event.detail },
            Event::PropertyNotify(_) => return,
            _ => continue,
        };
        let _ = notes.send(note);
    }
}

fn react(connection: &RustConnection, window: u32, reaction: Reaction) {
    match reaction {
        Reaction::Nothing => {}
        Reaction::TurnGreen => fill(connection, window, GREEN),
        Reaction::Animate { frames, pause } => {
            for frame in 0..frames {
                fill(connection, window, [frame as u8, 0, 0]);
                thread::sleep(pause);
            }
            fill(connection, window, BLUE);
        }
    }
}

fn fill(connection: &RustConnection, window: u32, [red, green, blue]: [u8; 3]) {
    let context = connection.generate_id().unwrap();
    let colour = u32::from_be_bytes([0, red, green, blue]);
    connection.create_gc(context, window, &CreateGCAux::new().foreground(colour)).unwrap();
    let everything = Rectangle { x: 0, y: 0, width: 1024, height: 768 };
    connection.poly_fill_rectangle(window, context, &[everything]).unwrap();
    connection.free_gc(context).unwrap();
    connection.flush().unwrap();
}
