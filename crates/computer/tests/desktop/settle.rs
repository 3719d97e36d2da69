//! How long the screen is watched after an action.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use handspike_computer::ComputerConfig;
use handspike_types::Settle;
use handspike_types::computer::{Button, ComputerAction, Point};
use rustix::process::Signal;

use crate::window::{BLUE, GREEN, Reaction, TestWindow};
use crate::xserver::{
    XServer, cancel, cancel_fd, click, colour_at, details, done, done_with, picture, run, settings, settling,
};

#[test]
fn a_screen_without_change_is_watched_only_until_a_first_change_is_due() {
    let server = XServer::start();
    let mut computer = server.computer();
    let output = done(&mut computer, click(Button::Left));
    assert!((300..400).contains(&details(&output).settle_ms), "{}", output.joined_text());
    assert!(!details(&output).changed);
    assert!(output.joined_text().contains("did not change within 3"), "{}", output.joined_text());
}

#[test]
fn a_change_settles_a_tenth_of_a_second_after_it_and_is_in_the_picture() {
    let server = XServer::start();
    let mut computer = server.computer();
    let _window = TestWindow::open(&server, Reaction::TurnGreen);
    let output = done(&mut computer, click(Button::Left));
    assert!((100..200).contains(&details(&output).settle_ms), "{}", output.joined_text());
    assert!(details(&output).changed);
    assert!(output.joined_text().starts_with("settled after 1"), "{}", output.joined_text());
    assert_eq!(colour_at(&picture(&output), 10, 10), GREEN);
}

#[test]
fn a_screen_that_goes_on_changing_is_waited_for() {
    let server = XServer::start();
    let mut computer = server.computer();
    let _window = TestWindow::open(&server, Reaction::Animate { frames: 12, pause: Duration::from_millis(40) });
    let output = done(&mut computer, click(Button::Left));
    assert!((500..1000).contains(&details(&output).settle_ms), "{}", output.joined_text());
    assert_eq!(colour_at(&picture(&output), 10, 10), BLUE);
}

#[test]
fn a_screen_that_never_rests_is_watched_for_the_limit_and_no_longer() {
    let server = XServer::start();
    let mut computer = server.computer();
    let settings = settling(Settle { limit_ms: 400, ..Settle::default() });
    let _window = TestWindow::open(&server, Reaction::Animate { frames: 200, pause: Duration::from_millis(5) });
    let output = done_with(&mut computer, click(Button::Left), &settings);
    assert!((400..500).contains(&details(&output).settle_ms), "{}", output.joined_text());
    assert!(output.joined_text().contains("still changing"), "{}", output.joined_text());
}

#[test]
fn a_text_cursor_that_blinks_does_not_keep_the_screen_from_settling() {
    let server = XServer::start();
    let mut computer = server.computer();
    let _window = TestWindow::open(&server, Reaction::Animate { frames: 5, pause: Duration::from_millis(500) });
    let output = done(&mut computer, click(Button::Left));
    assert!((100..200).contains(&details(&output).settle_ms), "{}", output.joined_text());
}

#[test]
fn a_cancel_ends_the_watch() {
    let server = XServer::start();
    let mut computer = server.computer();
    let settings = settling(Settle { first_change_ms: 20_000, limit_ms: 30_000, ..Settle::default() });
    let fd = cancel_fd();
    let start = Instant::now();
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            cancel(&fd);
        });
        computer.run(&click(Button::Left), &settings, fd.as_fd())
    });
    assert!(output.is_error && output.joined_text().contains("cancelled"), "{}", output.joined_text());
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_frozen_server_does_not_hold_a_cancelled_call() {
    let server = XServer::start();
    let mut computer = server.computer();
    server.signal(Signal::STOP);
    let fd = cancel_fd();
    let start = Instant::now();
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            cancel(&fd);
        });
        computer.run(&ComputerAction::Screenshot, &settings(), fd.as_fd())
    });
    assert!(output.is_error && output.joined_text().contains("cancelled"), "{}", output.joined_text());
    assert!(start.elapsed() < Duration::from_secs(1));
    server.signal(Signal::CONT);
    done(&mut computer, ComputerAction::MouseMove(Point { x: 1, y: 1 }));
}

#[test]
fn a_frozen_server_is_an_error_after_the_limit_for_a_reply() {
    let server = XServer::start();
    let config = ComputerConfig { reply_limit: Duration::from_millis(200), ..ComputerConfig::default() };
    let mut computer = server.patient_computer(config);
    server.signal(Signal::STOP);
    let output = run(&mut computer, ComputerAction::Screenshot);
    assert!(output.is_error && output.joined_text().contains("did not answer within 200ms"), "{output:?}");
    server.signal(Signal::CONT);
    done(&mut computer, ComputerAction::Screenshot);
}
