//! Text that has to arrive whole and in order.

use std::process::Command;
use std::time::Duration;

use handspike_types::computer::ComputerAction;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::EventMask;
use x11rb::wrapper::ConnectionExt as _;

use crate::slow_reader::SlowReader;
use crate::terminal::{Echo, Terminal};
use crate::xserver::{XServer, done, key};

const MIXED: &str = "The quick brown fox, 0123456789!\n\tif (a[0] < b && c != '~') { \"x\" | `y` } ^ \\ @ # $ % *\n\
    àéîõüß ÀÉÎÕÜ çñøå ¿¡ «» £€¥ ĀăČřŽ αβγ ΔΩ Жизнь łódź\n\
    日本語 中文字符 한국어 ไทย עברית العربية\n\
    😀🎉🚀👩\u{200d}💻 e\u{301} – — … “ ”\n";

fn type_into_terminal(server: &XServer, text: &str, echo: Echo) -> String {
    let mut computer = server.computer();
    let terminal = Terminal::open(server, &mut computer, text.len(), echo);
    done(&mut computer, ComputerAction::Type(text.into()));
    terminal.typed()
}

fn set_layout(server: &XServer, arguments: &[&str]) {
    let status = Command::new("setxkbmap").args(["-display", &server.display]).args(arguments).status();
    assert!(status.expect("these tests need `setxkbmap`: apt-get install x11-xkb-utils").success());
}

#[test]
fn accents_cjk_and_emoji_arrive_in_a_terminal() {
    let server = XServer::start();
    assert_eq!(type_into_terminal(&server, MIXED, Echo::On), MIXED);
}

#[test]
fn text_arrives_in_a_program_that_shows_nothing_of_it() {
    let server = XServer::start();
    assert_eq!(type_into_terminal(&server, MIXED, Echo::Off), MIXED);
}

#[test]
fn text_arrives_on_layouts_with_third_levels_and_dead_keys() {
    for layout in [&["de"][..], &["fr"], &["us", "-variant", "intl"], &["ru"], &["us,gr"]] {
        let server = XServer::start();
        set_layout(&server, layout);
        assert_eq!(type_into_terminal(&server, MIXED, Echo::On), MIXED, "{layout:?}");
    }
}

#[test]
fn two_thousand_random_characters_arrive_in_order() {
    let text = random_text(2000, 7);
    let server = XServer::start();
    assert_eq!(type_into_terminal(&server, &text, Echo::On), text);
}

#[test]
fn a_long_plain_text_arrives_whole() {
    let text = "Pack my box with five dozen LIQUOR jugs; 9 (nine) of them.\n".repeat(170);
    let server = XServer::start();
    assert_eq!(type_into_terminal(&server, &text, Echo::On), text);
}

#[test]
fn caps_lock_does_not_turn_letters_round_and_stays_on() {
    let server = XServer::start();
    let mut computer = server.computer();
    let text = "Abc 世\n";
    let terminal = Terminal::open(&server, &mut computer, text.len() + 1, Echo::On);
    done(&mut computer, key("Caps_Lock"));
    done(&mut computer, ComputerAction::Type(text.into()));
    done(&mut computer, key("x"));
    assert_eq!(terminal.typed(), "Abc 世\nX");
}

#[test]
fn a_layout_that_changes_between_two_texts_is_noticed() {
    let server = XServer::start();
    let mut computer = server.computer();
    let text = "zy@[€é世";
    let terminal = Terminal::open(&server, &mut computer, text.len() * 2, Echo::On);
    done(&mut computer, ComputerAction::Type(text.into()));
    set_layout(&server, &["de"]);
    done(&mut computer, ComputerAction::Type(text.into()));
    assert_eq!(terminal.typed(), text.repeat(2));
}

#[test]
fn a_program_that_reads_slowly_still_finds_the_right_symbols() {
    let text: String = (0..100).filter_map(|step| char::from_u32(0x4e00 + step)).collect();
    // GTK and Chromium answer a ping under the first mask, Qt under the second.
    for answers_to in [EventMask::SUBSTRUCTURE_NOTIFY, EventMask::STRUCTURE_NOTIFY] {
        let server = XServer::start();
        let mut computer = server.computer();
        let reader = SlowReader::open(&server, Duration::from_millis(12), answers_to);
        done(&mut computer, ComputerAction::Type(text.clone()));
        assert_eq!(reader.read(text.chars().count()), text);
    }
}

#[test]
fn seven_new_symbols_are_one_change_to_other_programs() {
    let server = XServer::start();
    let mut computer = server.computer();
    let (other, _) = server.outsider();
    done(&mut computer, ComputerAction::Type("日本語中文字符".into()));
    other.sync().unwrap();
    let mut news = 0;
    while let Some(event) = other.poll_for_event().unwrap() {
        news += usize::from(matches!(event, Event::MappingNotify(_)));
    }
    // The server tells of each change once for each of its keyboards: the core one, Xvfb's, and XTEST's.
    assert!((1..=3).contains(&news), "{news}");
}

#[test]
fn an_empty_text_is_no_error() {
    let server = XServer::start();
    done(&mut server.computer(), ComputerAction::Type(String::new()));
}

/// Characters of every kind, from a generator that gives the same ones for the same seed.
pub(crate) fn random_text(length: usize, seed: u64) -> String {
    let mut state = seed;
    let mut next = |bound: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % bound
    };
    let mut character = || match next(10) {
        0..=5 => char::from_u32(0x20 + next(0x5f)),
        6 => char::from_u32(0xa1 + next(0x5e)),
        7 => char::from_u32(0x4e00 + next(0x1000)),
        8 => char::from_u32(0x1f600 + next(0x40)),
        _ => Some(if next(2) == 0 { '\n' } else { '\t' }),
    };
    (0..length).map(|_| character().unwrap()).collect()
}
