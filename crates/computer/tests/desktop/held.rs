//! What stays down, for how long, and who lets go of it.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use handspike_types::computer::{ComputerAction, Point};
use handspike_types::{Settle, ToolOutput};
use x11rb::protocol::xproto::{BUTTON_PRESS_EVENT, KEY_PRESS_EVENT};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::wrapper::ConnectionExt as _;

use crate::window::{Note, Reaction, TestWindow};
use crate::xserver::{XServer, cancel, cancel_fd, done, key, move_to, run, settings, settling};

fn hold(keys: &str, millis: u64) -> ComputerAction {
    ComputerAction::HoldKey { keys: keys.into(), duration: Duration::from_millis(millis) }
}

#[test]
fn the_left_button_stays_down_beyond_its_call() {
    let server = XServer::start();
    let mut computer = server.computer();
    move_to(&mut computer, 10, 10);
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, ComputerAction::LeftMouseDown);
    done(&mut computer, key("s"));
    assert!(server.holds_anything());
    move_to(&mut computer, 50, 50);
    done(&mut computer, ComputerAction::LeftMouseUp);
    assert!(!server.holds_anything());
    let notes = window.close();
    assert!(notes.contains(&Note::Motion { x: 50, y: 50, button_down: true }), "{notes:?}");
    assert!(matches!(notes.last(), Some(Note::Release { button: 1, x: 50, y: 50, .. })), "{notes:?}");
}

#[test]
fn a_refused_action_leaves_the_button_down_and_a_cancelled_one_does_not() {
    let server = XServer::start();
    let mut computer = server.computer();
    done(&mut computer, ComputerAction::LeftMouseDown);
    assert!(run(&mut computer, ComputerAction::MouseMove(Point { x: 4000, y: 0 })).is_error);
    assert!(run(&mut computer, key("nosuchkey")).is_error);
    assert!(server.holds_anything());
    let fd = cancel_fd();
    cancel(&fd);
    assert!(computer.run(&ComputerAction::Screenshot, &settings(), fd.as_fd()).is_error);
    assert!(!server.holds_anything());
}

#[test]
fn everything_is_let_go_of_when_asked_for() {
    let server = XServer::start();
    let mut computer = server.computer();
    done(&mut computer, ComputerAction::LeftMouseDown);
    computer.release_held();
    assert!(!server.holds_anything());
    done(&mut computer, ComputerAction::LeftMouseUp);
}

#[test]
fn what_a_dead_client_left_down_is_let_go_of_at_the_start() {
    let server = XServer::start();
    let (other, root) = server.outsider();
    for (kind, detail) in
        [(KEY_PRESS_EVENT, 37), (KEY_PRESS_EVENT, 38), (BUTTON_PRESS_EVENT, 1), (BUTTON_PRESS_EVENT, 3)]
    {
        other.xtest_fake_input(kind, detail, 0, root, 0, 0, 0).unwrap();
    }
    other.sync().unwrap();
    assert!(server.holds_anything());
    drop(other);
    let _computer = server.computer();
    assert!(!server.holds_anything());
}

#[test]
fn a_held_chord_is_down_for_its_time() {
    let server = XServer::start();
    let mut computer = server.computer();
    let start = Instant::now();
    thread::scope(|scope| {
        let holding = scope.spawn(|| done(&mut computer, hold("ctrl+s", 500)));
        let mut was_held = false;
        while start.elapsed() < Duration::from_millis(450) {
            was_held |= server.holds_anything();
        }
        assert!(was_held);
        holding.join().unwrap();
    });
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert!(!server.holds_anything());
}

#[test]
fn only_one_chord_is_held_at_a_time() {
    let server = XServer::start();
    let output = run(&mut server.computer(), hold("ctrl+s a", 10));
    assert!(output.is_error && output.joined_text().contains("more than one chord"), "{}", output.joined_text());
}

#[test]
fn a_cancel_ends_holding_and_waiting_and_lets_go() {
    for action in [hold("shift", 60_000), ComputerAction::Wait(Duration::from_secs(60))] {
        let server = XServer::start();
        let mut computer = server.computer();
        let fd = cancel_fd();
        let start = Instant::now();
        let output = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(100));
                cancel(&fd);
            });
            computer.run(&action, &settings(), fd.as_fd())
        });
        assert!(output.is_error && output.joined_text().contains("cancelled"), "{}", output.joined_text());
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(!server.holds_anything());
    }
}

#[test]
fn a_wait_on_a_still_screen_takes_as_long_as_said() {
    let server = XServer::start();
    let mut computer = server.computer();
    let start = Instant::now();
    done(&mut computer, ComputerAction::Wait(Duration::from_millis(300)));
    assert!((300..1000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

/// Runs an action on a server that is killed meanwhile, and returns how long after that the answer came.
fn killed_during(action: &ComputerAction, settle: Settle) -> (ToolOutput, Duration) {
    let mut server = XServer::start();
    let mut computer = server.computer();
    let settings = settling(settle);
    let fd = cancel_fd();
    let (output, answered, killed) = thread::scope(|scope| {
        let running = scope.spawn(|| (computer.run(action, &settings, fd.as_fd()), Instant::now()));
        thread::sleep(Duration::from_millis(200));
        server.kill();
        let killed = Instant::now();
        let (output, answered) = running.join().unwrap();
        (output, answered, killed)
    });
    assert!(computer.is_lost());
    (output, answered.saturating_duration_since(killed))
}

#[test]
fn a_display_that_ends_is_noticed_at_once_whatever_is_under_way() {
    let patient = Settle { first_change_ms: 20_000, quiet_ms: 20_000, limit_ms: 60_000 };
    for action in [
        ComputerAction::Type("S".repeat(1_000_000)),
        ComputerAction::Wait(Duration::from_secs(60)),
        hold("shift", 60_000),
        key("s"),
    ] {
        let (output, after) = killed_during(&action, patient);
        assert!(output.is_error && output.joined_text().contains("connection to the display is lost"), "{output:?}");
        assert!(
            after < Duration::from_millis(500),
            "{after:?}, {}",
            format!("{action:?}").chars().take(40).collect::<String>()
        );
    }
}
