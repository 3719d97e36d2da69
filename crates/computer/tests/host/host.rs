//! What only a person's own desktop does: a portable keyboard, a clipboard and windows through libraries.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use handspike_computer::{ComputerConfig, Desktop, HostDesktop};
use handspike_types::{
    computer::ComputerAction,
    desktop::{DesktopAction, DesktopDetails, Selection},
};

use crate::{
    backend::{Computer, Turn},
    programs::{clipboard, desktop, open, start_manager, wait_for, windows},
    terminal::{Echo, Terminal},
    typing::random_text,
    window::{Note, Reaction, TestWindow},
    xserver::{XServer, done, key, move_to, run},
};

const CONTROL_L: u8 = 37;
const SHIFT_L: u8 = 50;
const KEY_S: u8 = 39;

/// A computer on the last display that was started, which treats it as it would one that is not X11.
fn portable() -> Computer {
    let config = ComputerConfig::default();
    Computer::new(HostDesktop::connect(&config).unwrap().without_x11(), config)
}

#[test]
fn ten_thousand_random_characters_arrive_in_order() {
    let text = random_text(10_000, 11);
    let server = XServer::start();
    let mut computer = server.computer();
    let terminal = Terminal::open(&server, &mut computer, text.len(), Echo::On);
    done(&mut computer, ComputerAction::Type(text.clone()));
    assert!(terminal.typed() == text);
}

#[test]
fn a_chord_goes_through_the_portable_keyboard_in_order_and_back() {
    let server = XServer::start();
    let mut computer = portable();
    let window = TestWindow::open(&server, Reaction::Nothing);
    done(&mut computer, key("ctrl+S"));
    let keys: Vec<(u8, bool)> = window
        .close()
        .into_iter()
        .filter_map(|note| match note {
            Note::KeyDown { keycode, .. } => Some((keycode, true)),
            Note::KeyUp { keycode } => Some((keycode, false)),
            _ => None,
        })
        .collect();
    let down = [(CONTROL_L, true), (SHIFT_L, true), (KEY_S, true)];
    assert_eq!(keys, [down, [(KEY_S, false), (SHIFT_L, false), (CONTROL_L, false)]].concat());
    assert!(!server.holds_anything());
}

#[test]
fn lines_go_through_the_portable_keyboard() {
    let text = "plain lower case, with commas;\n\tand = tabs / and [brackets]\n";
    let server = XServer::start();
    let mut computer = portable();
    let terminal = Terminal::open(&server, &mut computer, text.len(), Echo::On);
    done(&mut computer, ComputerAction::Type(text.into()));
    assert_eq!(terminal.typed(), text);
}

#[test]
fn a_control_character_is_refused_by_the_portable_keyboard_before_anything_is_typed() {
    let server = XServer::start();
    let mut computer = portable();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let output = run(&mut computer, ComputerAction::Type("abc\u{3}".into()));
    assert!(output.is_error && output.joined_text().contains("position 3"), "{}", output.joined_text());
    assert_eq!(window.close(), []);
}

#[test]
fn keys_that_are_held_through_the_portable_keyboard_are_let_go_of() {
    let server = XServer::start();
    let mut computer = portable();
    let chord = handspike_computer::parse_chords("ctrl+shift+a").unwrap().remove(0);
    computer.desktop().press_keys(&chord).unwrap();
    done(&mut computer, ComputerAction::LeftMouseDown);
    assert!(server.holds_anything());
    computer.release_held();
    assert!(!server.holds_anything());
    computer.desktop().press_keys(&chord).unwrap();
    drop(computer);
    assert!(!server.holds_anything());
}

#[test]
fn what_the_library_writes_to_the_clipboard_is_read_whole_by_it_and_by_others() {
    let server = XServer::start();
    let mut computer = portable();
    assert_eq!(clipboard(&mut computer, Selection::Clipboard), None);
    let text = format!("日本語 é 😀\n{}", "long ".repeat(200_000));
    let written = desktop(&mut computer, &DesktopAction::WriteClipboard(text.clone()));
    assert_eq!(written, DesktopDetails::Written);
    assert!(clipboard(&mut computer, Selection::Clipboard) == Some(text.clone()));
    let mut other = server.computer();
    assert!(clipboard(&mut other, Selection::Clipboard) == Some(text));
}

#[test]
fn windows_are_listed_by_the_library_alone() {
    let server = XServer::start();
    let mut computer = portable();
    let mut manager = start_manager(&server);
    let (connection, _) = server.outsider();
    for (title, place) in [("one", (100, 50)), ("two — ü", (300, 300))] {
        open(&connection, title, place, (400, 200));
        wait_for(&mut computer, |window| window.title == title && window.focused);
    }
    let listed = windows(&mut computer);
    assert_eq!(listed.iter().map(|window| window.title.as_str()).collect::<Vec<_>>(), ["two — ü", "one"]);
    let two = &listed[0];
    assert_eq!((two.class.as_str(), two.pid, two.width, two.height), ("Sample", Some(4711), 400, 200));
    assert!(!two.hidden && !listed[1].focused, "{listed:?}");
    manager.kill().unwrap();
    manager.wait().unwrap();
}

#[test]
fn the_display_of_the_environment_is_named_when_it_is_not_there() {
    let mut server = XServer::start();
    server.kill();
    let error = HostDesktop::connect(&ComputerConfig::default()).expect_err("it was killed");
    let text = handspike_types::with_causes(&error);
    assert!(text.contains(&format!("cannot open the display `{}`", server.display)), "{text}");
    assert!(text.contains("\nhint: ") && text.contains("DISPLAY"), "{text}");
}

#[test]
fn a_server_that_starts_anew_whenever_it_has_no_clients_is_operated_all_the_same() {
    let turn = Turn::wait();
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut number = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
    let _turn = turn.with(&format!(":{}", number.trim()));
    let config = ComputerConfig::default();
    let mut computer = Computer::new(HostDesktop::connect(&config).unwrap(), config);
    for step in 0..10 {
        move_to(&mut computer, 10 + step, 10);
    }
    drop(computer);
    server.kill().unwrap();
    server.wait().unwrap();
}
