//! Chords, and what is left of the keyboard after them.

use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use handspike_types::computer::ComputerAction;

use crate::window::{Note, Reaction, TestWindow};
use crate::xserver::{XServer, cancel, cancel_fd, done, key, run, settings};

const CONTROL_L: u8 = 37;
const SHIFT_L: u8 = 50;
const KEY_S: u8 = 39;
const KEY_EQUAL: u8 = 21;
const SHIFT: u16 = 1;
const CONTROL: u16 = 4;

#[test]
fn a_chord_is_pressed_in_order_and_released_in_reverse() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, key("ctrl+s"));
    let expected = [
        Note::KeyDown { keycode: CONTROL_L, state: 0 },
        Note::KeyDown { keycode: KEY_S, state: CONTROL },
        Note::KeyUp { keycode: KEY_S },
        Note::KeyUp { keycode: CONTROL_L },
    ];
    assert_eq!(window.close(), expected);
}

#[test]
fn a_symbol_in_a_chord_is_pressed_with_the_shift_that_it_needs() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, key("ctrl++"));
    let notes = window.close();
    assert!(notes.contains(&Note::KeyDown { keycode: SHIFT_L, state: CONTROL }), "{notes:?}");
    assert!(notes.contains(&Note::KeyDown { keycode: KEY_EQUAL, state: CONTROL | SHIFT }), "{notes:?}");
}

#[test]
fn chords_that_spaces_separate_are_pressed_one_after_the_other() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, key("s s"));
    let once = [Note::KeyDown { keycode: KEY_S, state: 0 }, Note::KeyUp { keycode: KEY_S }];
    assert_eq!(window.close(), [once, once].concat());
}

#[test]
fn an_unknown_key_presses_nothing_of_its_chord() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let output = run(&mut computer, key("ctrl+a ctrl+Pagedwn"));
    assert!(output.is_error && output.joined_text().contains("`Page_Down`"), "{}", output.joined_text());
    assert_eq!(window.close(), []);
}

#[test]
fn a_text_with_an_untypable_character_types_nothing() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let output = run(&mut computer, ComputerAction::Type("abc\u{3}".into()));
    assert!(output.is_error && output.joined_text().contains("position 3"), "{}", output.joined_text());
    assert_eq!(window.close(), []);
}

#[test]
fn a_cancelled_text_stops_and_leaves_no_key_down() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let text = "S".repeat(1_000_000);
    let fd = cancel_fd();
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            cancel(&fd);
        });
        computer.run(&ComputerAction::Type(text), &settings(), fd.as_fd())
    });
    assert!(output.is_error && output.joined_text().contains("cancelled"), "{}", output.joined_text());
    done(&mut computer, ComputerAction::CursorPosition);
    assert!(!server.holds_anything());
    assert!(window.close().len() < 2_000_000);
}

#[test]
fn a_call_that_is_cancelled_before_it_begins_presses_nothing() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let fd = cancel_fd();
    cancel(&fd);
    let output = computer.run(&key("ctrl+s"), &settings(), fd.as_fd());
    assert!(output.is_error);
    assert_eq!(window.close(), []);
}

#[test]
fn a_dropped_computer_leaves_the_keyboard_map_as_it_was() {
    let server = XServer::start();
    let before = server.keyboard_map();
    let mut computer = server.computer();
    done(&mut computer, ComputerAction::Type("世界 É".into()));
    assert_ne!(server.keyboard_map(), before);
    drop(computer);
    let symbols = |map: Vec<u32>| map.into_iter().filter(|symbol| *symbol != 0).collect::<Vec<u32>>();
    assert_eq!(symbols(server.keyboard_map()), symbols(before));
}
