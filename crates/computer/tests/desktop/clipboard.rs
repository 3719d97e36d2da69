//! Copying and pasting, with programs and between two computers.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use handspike_types::computer::{Button, ComputerAction, Point};
use handspike_types::desktop::{DesktopAction, DesktopDetails, MAX_CLIPBOARD, Selection};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::wrapper::ConnectionExt as _;

use crate::programs::{Program, Running, clipboard, cut_all, desktop};
use crate::terminal::{Echo, Terminal};
use crate::xserver::{XServer, cancel_fd, done, key, settings};

fn write(text: &str) -> DesktopAction {
    DesktopAction::WriteClipboard(text.to_owned())
}

#[test]
fn there_is_nothing_on_a_fresh_clipboard() {
    let server = XServer::start();
    let mut computer = server.computer();
    for selection in [Selection::Clipboard, Selection::Primary] {
        assert_eq!(clipboard(&mut computer, selection), None);
    }
}

#[test]
fn what_is_written_is_read_by_its_writer_and_by_others_long_and_short() {
    let server = XServer::start();
    let (mut writer, mut other) = (server.computer(), server.computer());
    let long = "0123456789 äöü 世界 🎉\n".repeat(60_000);
    for text in ["", "a", "Grüße, 世界 🎉\n\tand more", &long[..long.floor_char_boundary(MAX_CLIPBOARD)], "short again"]
    {
        assert_eq!(desktop(&mut writer, &write(text)), DesktopDetails::Written);
        for reader in [&mut writer, &mut other] {
            assert!(clipboard(reader, Selection::Clipboard).as_deref() == Some(text), "{} bytes", text.len());
        }
    }
    assert_eq!(clipboard(&mut other, Selection::Primary), None);
}

#[test]
fn the_last_writer_wins_and_takes_its_text_along() {
    let server = XServer::start();
    let (mut first, mut second) = (server.computer(), server.computer());
    desktop(&mut first, &write("first"));
    desktop(&mut second, &write("second"));
    assert_eq!(clipboard(&mut first, Selection::Clipboard).as_deref(), Some("second"));
    desktop(&mut first, &write("first again"));
    assert_eq!(clipboard(&mut second, Selection::Clipboard).as_deref(), Some("first again"));
    drop(first);
    let deadline = Instant::now() + Duration::from_secs(5);
    while clipboard(&mut second, Selection::Clipboard).is_some() {
        assert!(Instant::now() < deadline, "the clipboard outlives its owner");
    }
}

/// Pastes at a time at which no call is under way, into a program that reads only then.
fn pastes(program: Program) {
    let server = XServer::start();
    let mut computer = server.computer();
    let _running = Running::start(program, &server, &mut computer);
    let long: String = (0..30_000).map(|number| format!("{number} 世é\n")).collect();
    for text in ["pasted 世界 é", &long] {
        desktop(&mut computer, &write(text));
        done(&mut computer, key("ctrl+v"));
        let read = cut_all(&mut computer);
        assert!(read == text, "{program:?}: {} of {} bytes", read.len(), text.len());
    }
}

#[test]
fn a_gtk_editor_pastes_what_was_written() {
    pastes(Program::Gtk);
}

#[test]
fn a_qt_editor_pastes_what_was_written() {
    pastes(Program::Qt);
}

#[test]
fn chromium_pastes_what_was_written() {
    pastes(Program::Chromium);
}

#[test]
fn what_is_selected_in_a_terminal_can_be_read() {
    let server = XServer::start();
    let mut computer = server.computer();
    let terminal = Terminal::open(&server, &mut computer, 1000, Echo::On);
    done(&mut computer, ComputerAction::Type("wörd".repeat(30)));
    let at = Some(Point { x: 100, y: 10 });
    done(&mut computer, ComputerAction::Click { button: Button::Left, count: 2, at, modifiers: None });
    let selected = clipboard(&mut computer, Selection::Primary).expect("a selection");
    assert!(selected.starts_with("wörd"), "{selected}");
    drop(terminal);
}

#[test]
fn an_owner_that_does_not_answer_is_an_error_after_a_while() {
    let server = XServer::start();
    let (other, root) = server.outsider();
    let window = other.generate_id().unwrap();
    let values = CreateWindowAux::new();
    other.create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &values).unwrap();
    let name = other.intern_atom(false, b"CLIPBOARD").unwrap().reply().unwrap().atom;
    other.set_selection_owner(window, name, x11rb::CURRENT_TIME).unwrap();
    other.sync().unwrap();
    let mut computer = server.computer();
    done(&mut computer, ComputerAction::LeftMouseDown);
    let start = Instant::now();
    let action = DesktopAction::ReadClipboard(Selection::Clipboard);
    let output = computer.run_desktop(&action, &settings(), cancel_fd().as_fd());
    assert!(output.is_error && output.joined_text().contains("did not answer within 3s"), "{output:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(server.holds_anything(), "what is held is none of the clipboard's business");
    done(&mut computer, ComputerAction::LeftMouseUp);
    desktop(&mut computer, &write("taken over"));
    assert_eq!(clipboard(&mut computer, Selection::Clipboard).as_deref(), Some("taken over"));
}

#[test]
fn a_display_that_ends_is_an_error_for_the_clipboard_too() {
    let mut server = XServer::start();
    let mut computer = server.computer();
    desktop(&mut computer, &write("kept"));
    server.kill();
    let output = computer.run_desktop(&write("lost"), &settings(), cancel_fd().as_fd());
    assert!(output.is_error && computer.is_lost(), "{output:?}");
}
