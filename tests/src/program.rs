//! The program under test: where it is, and running it to its end.

use std::{
    env,
    io::{Read, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::wait::look_for;

/// How a run of the program ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status.
    pub code: i32,
    /// Its process id.
    pub process: u32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// From start to end.
    pub took: Duration,
}

/// The program: `HANDSPIKE_BIN`, or what `make build` makes.
pub(crate) fn path() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/handspike");
    env::var_os("HANDSPIKE_BIN").map_or_else(built, PathBuf::from)
}

/// A command that runs the program without what the caller's environment says to it, but for where its parts are.
#[must_use]
pub fn handspike(arguments: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(arguments);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let is_ours = name.starts_with("HANDSPIKE_") && !["HANDSPIKE_BIN", "HANDSPIKE_GUEST"].contains(&&*name);
        if is_ours || name.starts_with("OPENAI_") || name.starts_with("OTEL_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs a command with something on its standard input, and waits for its end.
///
/// # Panics
/// When it does not end within a minute; it is killed then.
#[must_use]
pub fn run_to_end(command: &mut Command, input: &[u8]) -> Finished {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let input = input.to_vec();
    // A program that ends without reading its input closes the pipe, which is its right.
    thread::spawn(move || stdin.write_all(&input));
    let stdout = read_all(child.stdout.take().expect("its output is a pipe"));
    let stderr = read_all(child.stderr.take().expect("its errors are a pipe"));
    let ended = wait_for_status(&mut child, Duration::from_secs(60));
    let (stdout, stderr) = (stdout.join().expect("text"), stderr.join().expect("text"));
    let code = ended.unwrap_or_else(|| panic!("it did not end\n{stdout}\n{stderr}"));
    Finished { code, process: child.id(), stdout, stderr, took: started.elapsed() }
}

/// The exit status (128 and more for a signal, as in a shell); none when it had to be killed at the limit.
pub(crate) fn wait_for_status(child: &mut std::process::Child, limit: Duration) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;

    match look_for(limit, || child.try_wait().expect("it can be waited for")) {
        Some(status) => Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            None
        }
    }
}

pub(crate) fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
