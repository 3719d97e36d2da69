//! Text that has to arrive whole and in order in the programs that people use.

use handspike_types::computer::ComputerAction;

use crate::{
    programs::{Program, Running, cut_all},
    typing::random_text,
    xserver::{XServer, done},
};

/// Ten thousand characters, in pieces such as a model types them.
fn arrives(program: Program) {
    let server = XServer::start();
    let mut computer = server.computer();
    let _running = Running::start(program, &server, &mut computer);
    let text = random_text(10_000, 7);
    done(&mut computer, ComputerAction::Type(text.clone()));
    let arrived = cut_all(&mut computer);
    let same = text.chars().zip(arrived.chars()).take_while(|(typed, read)| typed == read).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(10)).take(30).collect::<String>();
    assert!(arrived == text, "{program:?} after {same}: {:?} was typed, {:?} read", around(&text), around(&arrived));
}

#[test]
fn ten_thousand_random_characters_arrive_in_a_gtk_editor() {
    arrives(Program::Gtk);
}

#[test]
fn ten_thousand_random_characters_arrive_in_a_qt_editor() {
    arrives(Program::Qt);
}

#[test]
fn ten_thousand_random_characters_arrive_in_chromium() {
    arrives(Program::Chromium);
}
