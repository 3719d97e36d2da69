//! Prints how long a warm `echo` takes through the whole executor.

use std::{
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use handspike_bash::{Bash, BashCall, BashConfig};
use handspike_types::bash::{BashAction, DEFAULT_TIMEOUT};
use rustix::event::{EventfdFlags, eventfd};

#[allow(clippy::print_stdout, reason = "the figures are what this is for")]
fn main() -> std::io::Result<()> {
    let cancel = eventfd(0, EventfdFlags::CLOEXEC)?;
    let echo = BashAction::Run { command: "echo hello".into(), timeout: None };
    let mut bash = Bash::new(BashConfig::default());
    let started = Instant::now();
    bash.warm_up();
    println!("start: {:?}", started.elapsed());
    let mut times: Vec<Duration> = (0..5000)
        .map(|_| {
            let started = Instant::now();
            bash.run(&echo, call(&cancel));
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("echo: median {:?}, 99th percentile {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{}", bash.run(&echo, call(&cancel)).joined_text());
    Ok(())
}

fn call(cancel: &OwnedFd) -> BashCall<'_> {
    BashCall { cancel: cancel.as_fd(), default_timeout: DEFAULT_TIMEOUT, progress: None }
}
