//! Moving, clicking and dragging.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use handspike_computer::{ComputerConfig, Desktop};
use handspike_types::computer::{Button, ComputerAction, Point};

use crate::window::{Note, Reaction, TestWindow};
use crate::xserver::{
    MULTI_CLICK_MS, XServer, cancel, cancel_fd, click, clicks, details, done, drag_to, move_to, run, settings,
};

#[test]
fn the_cursor_position_is_a_text_without_a_picture() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 17, 42);
    let output = done(&mut computer, ComputerAction::CursorPosition);
    assert_eq!(output.joined_text(), "X=17,Y=42");
    assert_eq!(output.content.len(), 1);
    assert_eq!(details(&output).pointer, Point { x: 17, y: 42 });
}

#[test]
fn the_last_pixel_can_be_reached() {
    let server = XServer::start();
    let mut computer = server.computer();
    let output = move_to(&mut computer, 1023, 767);
    assert_eq!(details(&output).pointer, Point { x: 1023, y: 767 });
}

#[test]
fn a_point_outside_the_screen_is_refused_and_the_size_is_named() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 5, 5);
    for (x, y) in [(1024, 0), (0, 768), (70_000, 70_000)] {
        for action in [ComputerAction::MouseMove(Point { x, y }), drag_to(x, y)] {
            let output = run(&mut computer, action);
            assert!(output.is_error && output.joined_text().contains("1024x768"), "{}", output.joined_text());
        }
    }
    let output = done(&mut computer, ComputerAction::CursorPosition);
    assert_eq!(output.joined_text(), "X=5,Y=5");
}

#[test]
fn a_move_to_where_the_pointer_is_costs_nothing() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 300, 300);
    let output = move_to(&mut computer, 300, 300);
    assert_eq!(details(&output).settle_ms, 0);
}

#[test]
fn each_click_presses_its_own_button_where_the_pointer_is() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    move_to(&mut computer, 60, 70);
    for button in [Button::Left, Button::Middle, Button::Right] {
        done(&mut computer, click(button));
    }
    let clicks: Vec<(u8, i16, i16)> = window
        .close()
        .into_iter()
        .filter_map(|note| match note {
            Note::Press { button, x, y, .. } | Note::Release { button, x, y, .. } => Some((button, x, y)),
            _ => None,
        })
        .collect();
    assert_eq!(clicks, [1, 1, 2, 2, 3, 3].map(|button| (button, 60, 70)));
}

#[test]
fn a_double_click_is_two_clicks_at_once() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, clicks(2));
    let presses: Vec<u32> = window
        .close()
        .into_iter()
        .filter_map(|note| match note {
            Note::Press { button: 1, time, .. } => Some(time),
            _ => None,
        })
        .collect();
    assert!(matches!(presses[..], [first, second] if second - first < MULTI_CLICK_MS), "{presses:?}");
}

#[test]
fn a_drag_moves_through_points_in_between_with_the_button_down() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 100, 100);
    let window = TestWindow::open(&server, Reaction::Nothing);
    let output = done(&mut computer, drag_to(400, 250));
    assert_eq!(details(&output).pointer, Point { x: 400, y: 250 });
    let notes = window.close();
    assert!(matches!(notes.first(), Some(Note::Press { button: 1, x: 100, y: 100, .. })), "{notes:?}");
    assert!(matches!(notes.last(), Some(Note::Release { button: 1, x: 400, y: 250, .. })), "{notes:?}");
    let held = notes.iter().filter(|note| matches!(note, Note::Motion { button_down: true, .. })).count();
    assert!(held >= 5 && held == notes.len() - 2, "{notes:?}");
}

#[test]
fn a_cancelled_drag_lets_go_of_the_button() {
    let server = XServer::start();
    let config = ComputerConfig { drag_pause: Duration::from_secs(5), ..ComputerConfig::default() };
    let mut computer = server.patient_computer(config);
    let fd = cancel_fd();
    let start = Instant::now();
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            cancel(&fd);
        });
        computer.run(&drag_to(0, 0), &settings(), fd.as_fd())
    });
    assert!(output.is_error && output.joined_text().contains("cancelled"), "{}", output.joined_text());
    assert!(start.elapsed() < Duration::from_secs(1));
    // The computer's own request to let go may still be under way; it comes before an answer to the next.
    done(&mut computer, ComputerAction::CursorPosition);
    assert!(!server.holds_anything());
}

#[test]
fn a_dropped_computer_lets_go_of_its_buttons() {
    let server = XServer::start();
    let mut computer = server.computer();
    computer.desktop().press(Button::Left).unwrap();
    assert!(server.holds_anything());
    drop(computer);
    assert!(!server.holds_anything());
}
