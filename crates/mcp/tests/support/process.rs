//! The example `serve_fakes` as a process, which cargo builds beside the tests.

use std::{
    env,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::lines::LineClient;

const LIMIT: Duration = Duration::from_secs(30);

pub fn serve_fakes() -> PathBuf {
    let test = env::current_exe().expect("a test is a file");
    let folder = test.ancestors().nth(2).expect("tests are built below a profile's folder");
    let path = folder.join("examples/serve_fakes");
    assert!(path.is_file(), "`{}` is missing; `cargo test -p handspike-mcp` builds it", path.display());
    path
}

pub struct Process {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Process {
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(serve_fakes());
        let streams = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.kill_on_drop(true).spawn().expect("the example runs");
        let stderr = BufReader::new(child.stderr.take().expect("piped")).lines();
        Self { child, stderr }
    }

    pub fn client(&mut self) -> LineClient<ChildStdout, ChildStdin> {
        LineClient::new(self.child.stdout.take().expect("piped"), self.child.stdin.take().expect("piped"))
    }

    pub async fn line_of_stderr(&mut self) -> String {
        timeout(LIMIT, self.stderr.next_line()).await.expect("in time").expect("readable").expect("a line")
    }

    pub async fn terminate(&self) {
        let id = self.child.id().expect("it runs").to_string();
        let ended = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(ended.success());
    }

    /// Waits for the end; how it ended, and the rest of what it wrote to standard output.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let status = timeout(LIMIT, self.child.wait()).await.expect("an end in time").expect("a status");
        let mut rest = String::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut rest).await.expect("readable");
        }
        (status, rest)
    }
}
