//! Text for a program that does not get to read it at once: one that is stopped, waits for a processor, or is busy.
//!
//! Most characters here are on no key, so that keys change their symbols all the time while there is more to be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use handspike_types::computer::ComputerAction;
use rustix::process::{Pid, Signal, kill_process};

use crate::terminal::{Arrived, Echo, Terminal};
use crate::xserver::{XServer, done, move_to, run};

/// How much of a text has arrived when its reader is stopped.
const MIDDLE: usize = 1000;

/// So many different characters that are on no key, three bytes each.
fn rare_text(length: u32) -> String {
    (0..length).map(|step| char::from_u32(0x4e00 + step).unwrap()).collect()
}

fn typing(text: &str) -> ComputerAction {
    ComputerAction::Type(text.to_owned())
}

/// Stops a process once some text has arrived, and lets it go on after a while, or never.
fn stop_in_the_middle(pid: Pid, arrived: Arrived, pause: Option<Duration>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        arrived.wait_for(MIDDLE);
        stop(pid);
        if let Some(pause) = pause {
            thread::sleep(pause);
            kill_process(pid, Signal::CONT).unwrap();
        }
    })
}

/// Stops a process, and waits until it is: it may first have to wait for a processor to notice.
fn stop(pid: Pid) {
    kill_process(pid, Signal::STOP).unwrap();
    let stat = format!("/proc/{}/stat", pid.as_raw_nonzero());
    while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The first difference, for people to read.
fn compare(typed: &str, arrived: &str) {
    let wrong = typed.chars().zip(arrived.chars()).filter(|(typed, arrived)| typed != arrived).count();
    let same = typed.chars().zip(arrived.chars()).take_while(|(typed, arrived)| typed == arrived).count();
    let counts = (typed.chars().count(), arrived.chars().count());
    assert!(typed == arrived, "{wrong} wrong of {counts:?}, the first after {same}");
}

#[test]
fn text_arrives_in_a_program_that_is_stopped_for_a_while() {
    for (echo, pause) in [(Echo::On, 400), (Echo::Off, 2500)] {
        let server = XServer::start();
        let mut computer = server.computer();
        let text = rare_text(1500);
        let terminal = Terminal::open(&server, &mut computer, text.len(), echo);
        let pause = Duration::from_millis(pause);
        let stopper = stop_in_the_middle(terminal.pid(), terminal.arrived(), Some(pause));
        let output = done(&mut computer, typing(&text));
        stopper.join().unwrap();
        compare(&text, &terminal.typed());
        assert!(!output.joined_text().contains("confirmed"), "{}", output.joined_text());
    }
}

#[test]
fn text_arrives_in_a_program_that_waits_for_a_processor() {
    for echo in [Echo::On, Echo::Off] {
        let server = XServer::start();
        let mut computer = server.computer();
        let text = rare_text(1500);
        let terminal = Terminal::open(&server, &mut computer, text.len(), echo);
        let over = Arc::new(AtomicBool::new(false));
        let loops: Vec<_> = (0..4)
            .map(|_| {
                let over = Arc::clone(&over);
                thread::spawn(move || while !over.load(Ordering::Relaxed) {})
            })
            .collect();
        let start = Instant::now();
        done(&mut computer, typing(&text));
        let took = start.elapsed();
        over.store(true, Ordering::Relaxed);
        loops.into_iter().for_each(|thread| thread.join().unwrap());
        compare(&text, &terminal.typed());
        assert!(took < Duration::from_secs(120), "{took:?}");
    }
}

#[test]
fn a_program_that_stays_stopped_is_an_error_that_tells_what_was_sent() {
    let server = XServer::start();
    let mut computer = server.computer();
    let text = rare_text(1500);
    let terminal = Terminal::open(&server, &mut computer, text.len(), Echo::On);
    let stopper = stop_in_the_middle(terminal.pid(), terminal.arrived(), None);
    let start = Instant::now();
    let output = run(&mut computer, typing(&text));
    let told = output.joined_text();
    assert!(output.is_error && start.elapsed() < Duration::from_secs(30), "{:?}: {told}", start.elapsed());
    stopper.join().unwrap();
    let numbers: Vec<usize> = told.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [read, sent, total] = numbers[..] else { panic!("no three numbers in {told}") };
    assert!(read <= sent && sent < total && total == 1500, "{told}");
    // The wait was longer than symbols stay that nobody uses: none is taken away that is still to be looked up.
    move_to(&mut computer, 110, 110);
    kill_process(terminal.pid(), Signal::CONT).unwrap();
    let sent: String = text.chars().take(sent).collect();
    terminal.arrived().wait_for(sent.len());
    move_to(&mut computer, 120, 120);
    compare(&sent, &terminal.arrived().text());
    assert!(terminal.arrived().text().chars().count() >= read, "{told}");
}

#[test]
fn a_short_text_for_a_stopped_program_waits_for_it_and_the_answer_tells() {
    for text in ["日本語", "plain"] {
        let server = XServer::start();
        let mut computer = server.computer();
        let terminal = Terminal::open(&server, &mut computer, text.len(), Echo::On);
        stop(terminal.pid());
        let told = done(&mut computer, typing(text)).joined_text();
        assert!(told.contains("has not read all of it yet"), "{told}");
        // Long enough for symbols to be taken away that nobody uses any more.
        done(&mut computer, ComputerAction::Wait(Duration::from_secs(6)));
        move_to(&mut computer, 110, 110);
        kill_process(terminal.pid(), Signal::CONT).unwrap();
        assert_eq!(terminal.typed(), text);
    }
}

#[test]
fn a_program_that_is_never_at_rest_is_typed_at_all_the_same() {
    let server = XServer::start();
    let mut computer = server.computer();
    let text = rare_text(100);
    let terminal = Terminal::open_busy(&server, &mut computer, text.len());
    let start = Instant::now();
    let told = done(&mut computer, typing(&text)).joined_text();
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    compare(&text, &terminal.typed());
    assert!(told.contains("could not be confirmed"), "{told}");
}

#[test]
fn a_program_of_another_machine_is_typed_at_with_a_reservation() {
    let server = XServer::start_with_tcp();
    let mut computer = server.computer();
    let elsewhere = server.display.replace(':', "127.0.0.1:");
    let text = rare_text(100);
    let terminal = Terminal::open_on(&elsewhere, &mut computer, text.len());
    let told = done(&mut computer, typing(&text)).joined_text();
    compare(&text, &terminal.typed());
    assert!(told.contains("could not be confirmed"), "{told}");
    let few = done(&mut computer, typing("plain")).joined_text();
    assert!(!few.contains("confirmed"), "{few}");
}
