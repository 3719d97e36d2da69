//! What a picture costs: `cargo run --release -p handspike-computer --example capture_cost -- :1`.
//!
//! Prints the median of each part over a number of pictures of the display, first with shared memory and
//! then over the socket.

#![allow(clippy::print_stdout, reason = "printing is what this is for")]

use std::time::{Duration, Instant};

use handspike_computer::{Computer, ComputerConfig, Desktop, DesktopError, Frame, Scale, X11Desktop};
use handspike_types::Fit;

const PICTURES: usize = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let display = std::env::args().nth(1).or_else(|| std::env::var("DISPLAY").ok()).ok_or("name a display")?;
    let config = ComputerConfig::default();
    let mut computer = Computer::connect(&display, config)?;
    let mut over_socket = X11Desktop::connect(&display, &config)?.without_shared_memory();
    let frame = computer.desktop().capture()?;
    println!("screen            {}x{}", frame.size.width, frame.size.height);
    println!("png               {} KB", frame.to_png()?.len() / 1024);
    report("capture, shared", || computer.desktop().capture().map(drop))?;
    report("capture, socket", || over_socket.capture().map(drop))?;
    report("encode", || Frame::to_png(&frame).map(drop))?;
    report("encode and base64", || frame.to_image().map(drop))?;
    report("whole screenshot", || computer.screenshot().map(drop))?;
    let scaled = Scale::of(Fit::STANDARD, frame.size).picture();
    report("scaled screenshot", || computer.desktop().capture()?.scaled(scaled).to_image().map(drop))?;
    Ok(())
}

fn report(what: &str, mut part: impl FnMut() -> Result<(), DesktopError>) -> Result<(), DesktopError> {
    let mut times = Vec::with_capacity(PICTURES);
    for _ in 0..PICTURES {
        let start = Instant::now();
        part()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!("{what:<17} {:.2} ms", millis(times[PICTURES / 2]));
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
