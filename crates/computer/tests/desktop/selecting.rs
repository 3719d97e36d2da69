//! Clicks and drags as programs understand them: by what they have selected.

use std::time::{Duration, Instant};

use crate::backend::Computer;
use handspike_types::computer::{Button, ComputerAction, Point};
use handspike_types::desktop::{DesktopAction, Selection, Window};

use crate::programs::{Program, Running, clipboard, desktop, windows};
use crate::xserver::{XServer, done, key};

const LINE: &str = "alpha alpha alpha alpha alpha alpha alpha alpha";

/// A copy of what is selected, once the program has selected something.
fn copied(computer: &mut Computer, nothing: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        done(computer, key("ctrl+c"));
        match clipboard(computer, Selection::Clipboard) {
            Some(text) if text != nothing => return text,
            other => assert!(Instant::now() < deadline, "nothing is selected, {other:?}"),
        }
    }
}

fn selects(program: Program) {
    let server = XServer::start();
    let mut computer = server.computer();
    let _running = Running::start(program, &server, &mut computer);
    let text = format!("{LINE}\n").repeat(60);
    done(&mut computer, ComputerAction::Type(text));
    let window: Window = windows(&mut computer).swap_remove(0);
    let at = Point { x: window.x as u32 + 90, y: window.y as u32 + window.height / 2 };
    let click = |count| ComputerAction::Click { button: Button::Left, count, at: Some(at), modifiers: None };
    let nothing = "nothing was copied so far";
    let select = |computer: &mut Computer, action: ComputerAction| {
        desktop(computer, &DesktopAction::WriteClipboard(nothing.to_owned()));
        done(computer, action);
        let selected = copied(computer, nothing);
        // Long enough for the next click to be no further one of these.
        done(computer, ComputerAction::Wait(Duration::from_millis(600)));
        selected
    };
    assert_eq!(select(&mut computer, click(2)).trim(), "alpha", "{program:?}");
    assert_eq!(select(&mut computer, click(3)).trim(), LINE, "{program:?}");
    // What begins on a selection would move it.
    done(&mut computer, click(1));
    done(&mut computer, ComputerAction::Wait(Duration::from_millis(600)));
    let to = Point { x: at.x + 120, y: at.y + 60 };
    let dragged = select(&mut computer, ComputerAction::LeftClickDrag { from: Some(at), to });
    assert!(dragged.contains(&format!("\n{LINE}\n")), "{program:?}: {dragged}");
}

#[test]
fn a_gtk_editor_selects_what_is_clicked_and_dragged_over() {
    selects(Program::Gtk);
}

#[test]
fn a_qt_editor_selects_what_is_clicked_and_dragged_over() {
    selects(Program::Qt);
}

#[test]
fn chromium_selects_what_is_clicked_and_dragged_over() {
    selects(Program::Chromium);
}
