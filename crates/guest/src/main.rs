//! `handspike-guest`: the one binary that Handspike puts into a sandbox.
//!
//! As `init` it is PID 1: it starts the server and reaps what nobody else does. As `serve` it owns the shell, the
//! editor and the desktop, and serves them as an MCP server on a Unix socket, to any number of connections. As
//! `connect` it bridges its own standard streams to that socket, so that a host needs no port and no network, only
//! `docker exec`. As `read-file` and `write-file` it carries a file out of the sandbox or into it.

mod connect;
mod descriptors;
mod desktop;
mod files;
mod init;
mod memory;
mod server;
mod session;

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "usage: handspike-guest init | serve | connect | read-file | write-file | --version
  init     be PID 1: start the server, reap orphans, end when the server ends
  serve    serve the sandbox's tools over MCP on a Unix socket
  connect  bridge standard input and output to that socket
  read-file PATH LIMIT   write what a file of at most LIMIT bytes is to standard output, and the file
  write-file PATH LIMIT  write a file from the pieces on standard input

environment:
  HANDSPIKE_SOCKET  the socket's path (default /.handspike/run/guest.sock)
  HANDSPIKE_SCREEN  the desktop's size (default 1024x768)
  HANDSPIKE_DISPLAY the number of the desktop's X display (default 0)
  HANDSPIKE_IDLE    seconds without a connection after which the sandbox ends (default: never)";

fn main() -> ExitCode {
    let verb = env::args_os().nth(1).and_then(|verb| verb.into_string().ok()).unwrap_or_default();
    let ended = match verb.as_str() {
        "init" => init::run(),
        "serve" => server::run(&socket_path()),
        "connect" => connect::run(&socket_path()),
        "read-file" => on_file(files::read),
        "write-file" => on_file(files::write),
        "--version" => {
            eprintln!("handspike-guest {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handspike-guest {verb}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn on_file(work: fn(&Path, u64) -> io::Result<()>) -> io::Result<()> {
    let mut words = env::args_os().skip(2);
    let limit = |word: OsString| word.to_str()?.parse().ok();
    match (words.next(), words.next().and_then(limit)) {
        (Some(path), Some(limit)) => work(Path::new(&path), limit),
        _ => Err(io::Error::other("it needs a path and the most bytes of a file")),
    }
}

fn socket_path() -> PathBuf {
    env::var_os("HANDSPIKE_SOCKET").map_or_else(|| "/.handspike/run/guest.sock".into(), PathBuf::from)
}
