//! A program that is slow at reading its keys, as one that lays out a long line at each of them.
//!
//! It does as toolkits do: it looks a key up when it comes to read it, fetches the keyboard map again only
//! after news of a change, and answers pings in the order of its events.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use xkeysym::Keysym;

use crate::xserver::XServer;

/// What the program has read, character by character.
pub(crate) struct SlowReader {
    read: Receiver<char>,
}

impl SlowReader {
    pub(crate) fn open(server: &XServer, per_key: Duration, answers_to: EventMask) -> Self {
        let (connection, root) = server.outsider();
        let window = connection.generate_id().unwrap();
        let atom = |name: &[u8]| connection.intern_atom(false, name).unwrap().reply().unwrap().atom;
        let (protocols, ping) = (atom(b"WM_PROTOCOLS"), atom(b"_NET_WM_PING"));
        let values = CreateWindowAux::new().event_mask(EventMask::KEY_PRESS);
        let kind = WindowClass::INPUT_OUTPUT;
        connection.create_window(0, window, root, 0, 0, 1024, 768, 0, kind, 0, &values).unwrap();
        connection.change_property32(PropMode::REPLACE, window, protocols, AtomEnum::ATOM, &[ping]).unwrap();
        connection.map_window(window).unwrap();
        connection.sync().unwrap();
        let (sender, read) = channel();
        thread::spawn(move || {
            let mut map = HashMap::new();
            while let Ok(event) = connection.wait_for_event() {
                match event {
                    Event::MappingNotify(_) => map.clear(),
                    Event::KeyPress(key) => {
                        if map.is_empty() {
                            map = fetch(&connection);
                        }
                        let level = u16::from(key.state) & 1;
                        if let Some(character) = map.get(&(key.detail, level)) {
                            let _ = sender.send(*character);
                        }
                        thread::sleep(per_key);
                    }
                    Event::ClientMessage(message) => {
                        let answer = ClientMessageEvent { window: root, ..message };
                        let mask = answers_to | EventMask::SUBSTRUCTURE_REDIRECT;
                        connection.send_event(false, root, mask, answer).unwrap();
                        connection.flush().unwrap();
                    }
                    _ => {}
                }
            }
        });
        Self { read }
    }

    /// The next characters, as many as were typed.
    pub(crate) fn read(&self, characters: usize) -> String {
        let patience = Duration::from_secs(30);
        (0..characters).map(|_| self.read.recv_timeout(patience).expect("every character")).collect()
    }
}

fn fetch(connection: &RustConnection) -> HashMap<(u8, u16), char> {
    let reply = connection.get_keyboard_mapping(8, 248).unwrap().reply().unwrap();
    let keys = reply.keysyms.chunks(reply.keysyms_per_keycode.into());
    let levels = (8..=255).zip(keys).flat_map(|(keycode, symbols)| {
        (0..2).zip(symbols).map(move |(level, symbol)| ((keycode, level), Keysym::new(*symbol)))
    });
    levels.filter_map(|(place, symbol)| Some((place, symbol.key_char()?))).collect()
}
