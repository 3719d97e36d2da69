//! The list of windows, with a window manager and without one.

use std::os::fd::AsFd;

use handspike_types::desktop::DesktopAction;
use handspike_types::{ComputerSettings, Fit, ToolDetails, desktop::DesktopDetails};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, EventMask};

use crate::programs::{atom, open, start_manager, wait_for, windows};
use crate::xserver::{XServer, cancel_fd, move_to};

#[test]
fn an_empty_desktop_has_no_windows() {
    let server = XServer::start();
    assert_eq!(windows(&mut server.computer()), []);
}

#[test]
fn windows_are_listed_without_a_window_manager_the_topmost_first() {
    let server = XServer::start();
    let mut computer = server.computer();
    let (connection, _) = server.outsider();
    open(&connection, "lower – 世", (10, 20), (300, 200));
    open(&connection, "upper", (-50, 100), (400, 300));
    move_to(&mut computer, 15, 25);
    let listed = windows(&mut computer);
    let [upper, lower] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((upper.title.as_str(), upper.x, upper.y, upper.width, upper.height), ("upper", -50, 100, 400, 300));
    assert_eq!((lower.title.as_str(), lower.class.as_str(), lower.pid), ("lower – 世", "Sample", Some(4711)));
    assert!(lower.focused && !upper.focused && !lower.hidden, "{listed:?}");
}

#[test]
fn a_window_manager_says_which_window_is_on_top_focused_and_hidden() {
    let server = XServer::start();
    let mut computer = server.computer();
    let (connection, root) = server.outsider();
    let mut manager = start_manager(&server);
    let first = open(&connection, "first", (0, 0), (300, 200));
    wait_for(&mut computer, |window| window.title == "first" && window.focused);
    open(&connection, "second", (0, 0), (300, 200));
    wait_for(&mut computer, |window| window.title == "second" && window.focused);
    let titles: Vec<String> = windows(&mut computer).into_iter().map(|window| window.title).collect();
    assert_eq!(titles, ["second", "first"]);

    let iconic = ClientMessageEvent::new(32, first, atom(&connection, "WM_CHANGE_STATE"), [3, 0, 0, 0, 0]);
    let mask = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
    connection.send_event(false, root, mask, iconic).unwrap();
    connection.flush().unwrap();
    wait_for(&mut computer, |window| window.title == "first" && window.hidden);
    assert!(windows(&mut computer).iter().any(|window| window.title == "second" && !window.hidden));

    manager.kill().unwrap();
    manager.wait().unwrap();
    wait_for(&mut computer, |window| window.title == "second");
}

#[test]
fn a_window_is_where_the_picture_shows_it() {
    let server = XServer::start_with_screen("1920x1080x24");
    let mut computer = server.computer();
    let (connection, _) = server.outsider();
    open(&connection, "half", (960, 540), (960, 540));
    let settings = ComputerSettings { fit: Fit::Targets, ..ComputerSettings::default() };
    let output = computer.run_desktop(&DesktopAction::ListWindows, &settings, cancel_fd().as_fd());
    let Some(ToolDetails::Desktop(DesktopDetails::Windows(listed))) = &output.details else { panic!("{output:?}") };
    let place = (listed[0].x, listed[0].y, listed[0].width, listed[0].height);
    assert_eq!(place, (683, 384, 683, 384));
    assert!(output.joined_text().starts_with("`Sample` `half` at [683, 384], 683x384"), "{}", output.joined_text());
}
