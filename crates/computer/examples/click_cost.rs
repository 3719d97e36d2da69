//! How soon a click is answered: `cargo run --release -p handspike-computer --example click_cost -- 50`.
//!
//! Clicks so many times on a window that paints itself at each click, and on one that does nothing, and prints how long
//! the call took from the request to the picture. Of the first, the time for which the screen has to be quiet is 100 ms.

#![allow(clippy::print_stdout, reason = "printing is what this is for")]
#![allow(clippy::unwrap_used, reason = "there is nobody to report to")]
#![allow(dead_code, reason = "the tests use the rest of these files")]

#[path = "../tests/desktop/backend.rs"]
mod backend;
#[path = "../tests/desktop/window.rs"]
mod window;
#[path = "../tests/desktop/xserver.rs"]
mod xserver;

use std::time::Instant;

use handspike_types::computer::Button;

use window::{Reaction, TestWindow};
use xserver::{XServer, click, done};

fn main() {
    let repetitions = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(50);
    for screen in ["1024x768x24", "1920x1080x24", "3840x2160x24"] {
        for (what, reaction) in [("the screen changes", Reaction::TurnGreen), ("nothing changes", Reaction::Nothing)] {
            let server = XServer::start_with_screen(screen);
            let mut computer = server.computer();
            let _window = TestWindow::open(&server, reaction);
            let time = || {
                let start = Instant::now();
                done(&mut computer, click(Button::Left));
                start.elapsed().as_secs_f64() * 1000.0
            };
            let mut times: Vec<f64> = std::iter::repeat_with(time).take(repetitions).collect();
            times.sort_by(f64::total_cmp);
            let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
            println!("{screen}, {what}: median {median:.1} ms, worst {worst:.1} ms");
        }
    }
}
