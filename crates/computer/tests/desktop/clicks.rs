//! Clicks with a place, a number and modifiers, and the wheel.

use handspike_types::computer::{Button, ComputerAction, Point, ScrollDirection};

use crate::window::{Note, Reaction, TestWindow};
use crate::xserver::{MULTI_CLICK_MS, XServer, clicks, details, done, key, move_to, run};

const SHIFT: u16 = 1;
const CONTROL: u16 = 4;
const ALT: u16 = 8;
const SUPER: u16 = 64;

fn click_at(x: u32, y: u32, modifiers: Option<&str>) -> ComputerAction {
    let modifiers = modifiers.map(str::to_owned);
    ComputerAction::Click { button: Button::Left, count: 1, at: Some(Point { x, y }), modifiers }
}

fn scroll(direction: ScrollDirection, amount: u32, modifiers: Option<&str>) -> ComputerAction {
    ComputerAction::Scroll { at: None, direction, amount, modifiers: modifiers.map(str::to_owned) }
}

fn presses(notes: Vec<Note>) -> Vec<(u8, u16)> {
    let press = |note| match note {
        Note::Press { button, state, .. } => Some((button, state)),
        _ => None,
    };
    notes.into_iter().filter_map(press).collect()
}

#[test]
fn a_click_with_a_place_moves_there_first() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let output = done(&mut computer, click_at(321, 123, None));
    assert_eq!(details(&output).pointer, Point { x: 321, y: 123 });
    let notes = window.close();
    assert!(
        matches!(notes[..], [Note::Motion { x: 321, y: 123, .. }, Note::Press { x: 321, y: 123, .. }, ..]),
        "{notes:?}"
    );
}

#[test]
fn a_click_holds_its_modifiers_and_lets_go_of_them() {
    for (modifiers, state) in [
        ("shift", SHIFT),
        ("ctrl", CONTROL),
        ("alt", ALT),
        ("super", SUPER),
        ("ctrl+shift", CONTROL | SHIFT),
        ("cmd", SUPER),
    ] {
        let server = XServer::start();
        let mut computer = server.computer();
        let window = TestWindow::open(&server, Reaction::Nothing);
        done(&mut computer, click_at(5, 5, Some(modifiers)));
        assert!(!server.holds_anything(), "{modifiers}");
        assert_eq!(presses(window.close()), [(1, state)], "{modifiers}");
    }
}

#[test]
fn a_click_is_done_with_modifiers_only() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    for (text, named) in
        [("ctrl+a", "`a`"), ("Caps_Lock", "`Caps_Lock`"), ("shift ctrl", "more than one"), ("shfit", "`shift`")]
    {
        let output = run(&mut computer, click_at(5, 5, Some(text)));
        assert!(output.is_error && output.joined_text().contains(named), "{}", output.joined_text());
    }
    assert_eq!(window.close(), []);
}

#[test]
fn a_click_outside_of_the_picture_presses_nothing() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let output = run(&mut computer, click_at(1024, 5, Some("shift")));
    assert!(output.is_error && output.joined_text().contains("parameter `coordinate` is `[1024, 5]`"), "{output:?}");
    assert_eq!(window.close(), []);
}

#[test]
fn a_triple_click_is_three_clicks_at_once() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, clicks(3));
    let times: Vec<u32> = window
        .close()
        .into_iter()
        .filter_map(|note| match note {
            Note::Press { button: 1, time, .. } => Some(time),
            _ => None,
        })
        .collect();
    assert!(matches!(times[..], [first, _, third] if third - first < MULTI_CLICK_MS), "{times:?}");
}

#[test]
fn the_wheel_turns_as_often_as_said_in_each_direction() {
    for (direction, button) in
        [(ScrollDirection::Up, 4), (ScrollDirection::Down, 5), (ScrollDirection::Left, 6), (ScrollDirection::Right, 7)]
    {
        let server = XServer::start();
        let mut computer = server.computer();
        let window = TestWindow::open(&server, Reaction::Nothing);
        done(&mut computer, scroll(direction, 40, None));
        assert_eq!(presses(window.close()), [(button, 0); 40], "{direction:?}");
    }
}

#[test]
fn the_wheel_turns_with_modifiers_held() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, scroll(ScrollDirection::Down, 2, Some("ctrl")));
    assert_eq!(presses(window.close()), [(5, CONTROL); 2]);
    assert!(!server.holds_anything());
}

#[test]
fn no_turn_of_the_wheel_is_a_move_only() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 1, 1);
    let window = TestWindow::open(&server, Reaction::Nothing);
    let action = ComputerAction::Scroll {
        at: Some(Point { x: 9, y: 8 }),
        direction: ScrollDirection::Up,
        amount: 0,
        modifiers: None,
    };
    let output = done(&mut computer, action);
    assert_eq!(details(&output).pointer, Point { x: 9, y: 8 });
    assert_eq!(presses(window.close()), []);
}

#[test]
fn a_drag_starts_where_it_is_told_to() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 1, 1);
    let window = TestWindow::open(&server, Reaction::Nothing);
    let (from, to) = (Some(Point { x: 50, y: 60 }), Point { x: 200, y: 60 });
    done(&mut computer, ComputerAction::LeftClickDrag { from, to });
    let notes = window.close();
    assert!(matches!(notes[1], Note::Press { button: 1, x: 50, y: 60, .. }), "{notes:?}");
    assert!(matches!(notes.last(), Some(Note::Release { button: 1, x: 200, y: 60, .. })), "{notes:?}");
    let outside = ComputerAction::LeftClickDrag { from: Some(Point { x: 0, y: 768 }), to };
    assert!(run(&mut computer, outside).joined_text().contains("`start_coordinate`"));
}

#[test]
fn a_key_is_pressed_as_often_as_said() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, ComputerAction::Key { keys: "s".into(), repeat: 100 });
    done(&mut computer, key("s"));
    let pressed = window.close().iter().filter(|note| matches!(note, Note::KeyDown { .. })).count();
    assert_eq!(pressed, 101);
}
