//! What typing costs: `cargo run --release -p handspike-computer --example typing_cost -- 100`.
//!
//! A second argument, such as `chromium`, names the only program. Types a thousand characters so many times into each
//! program that the tests know, and prints how long a call took, from the request to the settled picture, and how many
//! characters were lost.

#![allow(clippy::print_stdout, reason = "printing is what this is for")]
#![allow(clippy::unwrap_used, reason = "there is nobody to report to")]
#![allow(dead_code, reason = "the tests use the rest of these files")]

#[path = "../tests/desktop/backend.rs"]
mod backend;
#[path = "../tests/desktop/programs.rs"]
mod programs;
#[path = "../tests/desktop/terminal.rs"]
mod terminal;
#[path = "../tests/desktop/xserver.rs"]
mod xserver;

use std::time::{Duration, Instant};

use handspike_computer::Computer;
use handspike_types::computer::ComputerAction;

use programs::{Program, Running, cut_all};
use terminal::{Echo, Terminal};
use xserver::{XServer, done};

const LENGTH: usize = 1000;
const PLAIN: &str = "Pack my box with five dozen LIQUOR jugs; 9 (nine) of them.\n";
const MIXED: &str = "Größe: 10 € für das Café, «naïve» façade; 日本語 and 中文 too. 🎉\n";

fn main() {
    let repetitions = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(100);
    let only = std::env::args().nth(2);
    let wanted = |program: &str| only.as_deref().is_none_or(|only| only.eq_ignore_ascii_case(program));
    for (name, sample) in [("plain", PLAIN), ("mixed", MIXED)] {
        let text: String = sample.chars().cycle().take(LENGTH).collect();
        if wanted("xterm") {
            report(&format!("xterm, {name}"), into_terminal(&text, repetitions));
        }
        let programs = [Program::Gtk, Program::Qt, Program::Chromium];
        for program in programs.into_iter().filter(|program| wanted(&format!("{program:?}"))) {
            report(&format!("{program:?}, {name}"), into_program(program, &text, repetitions));
        }
    }
}

fn into_terminal(text: &str, repetitions: usize) -> (Vec<Duration>, usize) {
    let server = XServer::start();
    let mut computer = server.computer();
    let terminal = Terminal::open(&server, &mut computer, text.len() * repetitions, Echo::On);
    let times = (0..repetitions).map(|_| timed(&mut computer, text)).collect();
    (times, differences(&text.repeat(repetitions), &terminal.typed()))
}

fn into_program(program: Program, text: &str, repetitions: usize) -> (Vec<Duration>, usize) {
    let server = XServer::start();
    let mut computer = server.computer();
    let _running = Running::start(program, &server, &mut computer);
    let mut lost = 0;
    let mut times = Vec::new();
    for _ in 0..repetitions {
        times.push(timed(&mut computer, text));
        lost += differences(text, &cut_all(&mut computer));
    }
    (times, lost)
}

fn timed(computer: &mut Computer, text: &str) -> Duration {
    let start = Instant::now();
    done(computer, ComputerAction::Type(text.to_owned()));
    start.elapsed()
}

/// Characters that are missing, or are others than were typed.
fn differences(typed: &str, read: &str) -> usize {
    let same = typed.chars().zip(read.chars()).filter(|(typed, read)| typed == read).count();
    if typed != read {
        let start = typed.chars().zip(read.chars()).take_while(|(typed, read)| typed == read).count();
        let after = |text: &str| text.chars().skip(start.saturating_sub(10)).take(40).collect::<String>();
        println!("after {start} characters {:?} was typed, {:?} read", after(typed), after(read));
    }
    typed.chars().count().max(read.chars().count()) - same
}

fn report(what: &str, (mut times, lost): (Vec<Duration>, usize)) {
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2].as_millis(), times[times.len() - 1].as_millis());
    println!("{what:<18} median {median:>5} ms   worst {worst:>5} ms   {lost} of {} lost", times.len() * LENGTH);
}
