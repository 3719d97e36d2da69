//! Prints what calls cost in the executor alone: a warm `echo`, and 50 MB of output beside the same over a pipe.

use std::{
    fs,
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
            let mut elapsed = Duration::ZERO;
            bash.run_and_tell(&echo, call(&cancel), |_output| elapsed = started.elapsed());
            elapsed
        })
        .collect();
    times.sort_unstable();
    println!("echo: median {:?}, 99th percentile {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{}", bash.run(&echo, call(&cancel)).joined_text());

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("output");
    fs::write(&file, "a line of some forty characters, as usual\n".repeat(50_000_000 / 42))?;
    let mut bash = Bash::new(BashConfig { spool_dir: folder.path().to_owned(), ..BashConfig::default() });
    for what in [format!("cat {}", file.display()), format!("cat {} | cat > /dev/null", file.display())] {
        let command = BashAction::Run { command: what.clone(), timeout: None };
        let mut times: Vec<Duration> = (0..9)
            .map(|_| {
                let started = Instant::now();
                bash.run(&command, call(&cancel));
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("{what}: median {:?}", times[times.len() / 2]);
    }
    Ok(())
}

fn call(cancel: &OwnedFd) -> BashCall<'_> {
    BashCall { cancel: cancel.as_fd(), default_timeout: DEFAULT_TIMEOUT, progress: None }
}
