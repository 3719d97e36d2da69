//! What a picture shows.

use handspike_computer::{Computer, ComputerConfig, Desktop, X11Desktop};
use handspike_types::computer::{Button, ComputerAction};

use crate::window::{GREEN, Reaction, TestWindow};
use crate::xserver::{XServer, click, colour_at, details, done, move_to, picture};

#[test]
fn a_screenshot_is_a_picture_of_the_whole_screen_taken_at_once() {
    let server = XServer::start();
    let mut computer = server.computer();
    let output = done(&mut computer, ComputerAction::Screenshot);
    let frame = picture(&output);
    assert_eq!((frame.size.width, frame.size.height), (1024, 768));
    assert_eq!(details(&output).settle_ms, 0);
    assert_eq!(output.joined_text(), "");
}

#[test]
fn the_pointer_is_drawn_into_the_picture() {
    let server = XServer::start();
    let mut computer = server.computer();
    let _window = TestWindow::open(&server, Reaction::Nothing);
    move_to(&mut computer, 300, 200);
    let there = picture(&done(&mut computer, ComputerAction::Screenshot));
    move_to(&mut computer, 700, 500);
    let gone = picture(&done(&mut computer, ComputerAction::Screenshot));
    let around = |x: u32, y: u32| (x - 8..x + 8).flat_map(move |x| (y - 8..y + 8).map(move |y| (x, y)));
    assert!(around(300, 200).any(|(x, y)| colour_at(&there, x, y) != colour_at(&gone, x, y)));
    assert!(around(300, 200).all(|(x, y)| colour_at(&gone, x, y) == [0x20; 3]));
}

#[test]
fn shared_memory_and_the_socket_give_the_same_picture() {
    let server = XServer::start();
    let mut computer = server.computer();
    let _window = TestWindow::open(&server, Reaction::TurnGreen);
    done(&mut computer, click(Button::Left));
    let mut other = X11Desktop::connect(&server.display, &ComputerConfig::default()).unwrap().without_shared_memory();
    let over_socket = other.capture().unwrap();
    assert_eq!(colour_at(&over_socket, 10, 10), GREEN);
    assert_eq!(computer.desktop().capture().unwrap(), over_socket);
}

#[test]
fn a_display_that_is_not_there_is_named_in_the_error() {
    let error = Computer::connect(":4711", ComputerConfig::default()).expect_err("nobody listens there");
    assert_eq!(error.to_string(), "cannot open the display `:4711`");
}

#[test]
fn a_display_that_ends_is_an_error_and_the_computer_knows_that_it_is_lost() {
    let mut server = XServer::start();
    let mut computer = server.computer();
    server.kill();
    let output = crate::xserver::run(&mut computer, ComputerAction::Screenshot);
    assert!(output.is_error && output.joined_text().contains("connection to the display is lost"), "{output:?}");
    assert!(computer.is_lost());
}
