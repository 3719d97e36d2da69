//! A bash call and a screenshot, from host through the guest and back.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail};
use bollard::{
    Docker,
    exec::{CreateExecOptions, StartExecResults},
};
use futures_util::StreamExt as _;
use handspike_core::{CallContext, Progress, SandboxedCall};
use handspike_sandbox::{BuiltIn, DockerSandbox, DockerSource, Engine, GuestBinary, SandboxSpec};
use handspike_types::{SessionId, ToolOutput, ToolSettings};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};
use tokio_util::sync::CancellationToken;

use crate::{
    measure::{Measure, median_millis, timed},
    peers,
};

const ECHOES: usize = 2000;
const SCREENSHOTS: usize = 60;
const CAPTURE_COST: &str = "target/x86_64-unknown-linux-gnu/guest/examples/capture_cost";

pub(crate) async fn run() -> Result<Vec<Measure>> {
    let engine = Engine::connect().await?;
    let sandbox = open(&engine, BuiltIn::Desktop).await?;
    let measured = measure(&sandbox).await;
    engine.remove(sandbox.container()).await?;
    measured
}

async fn measure(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    let (mut calls, mut floor) = (Vec::new(), Vec::new());
    let mut raw = RawEcho::open(sandbox.container()).await?;
    // In turns, call by call, so that both find the machine in the same state: engine and guest asleep.
    for _ in 0..ECHOES {
        let (time, answer) = timed(call(sandbox, "bash", json!({"command": "echo hello"}))).await;
        answer?;
        calls.push(time);
        let (time, echoed) = timed(raw.round_trip()).await;
        echoed?;
        floor.push(time);
    }
    let echo = median_millis(calls);
    let raw = median_millis(floor);
    let peer = peers::swe_rex_millis().await?;

    let mut pictures = Vec::new();
    call(sandbox, "bash", json!({"command": "nohup xterm -geometry 100x40 -e top >/dev/null 2>&1 &"})).await?;
    call(sandbox, "computer", json!({"action": "mouse_move", "coordinate": [400, 300]})).await?;
    let mut alone = vec![capture_alone(sandbox.container()).await?];
    for _ in 0..3 {
        for _ in 0..SCREENSHOTS / 3 {
            let (time, picture) = timed(call(sandbox, "computer", json!({"action": "screenshot"}))).await;
            picture?;
            pictures.push(time);
        }
        alone.push(capture_alone(sandbox.container()).await?);
    }
    Ok(vec![
        Measure::at_most("bash call (echo)", "ms", echo, "raw echo over an attached exec stream", raw, 3.0),
        Measure::at_most("bash call (echo)", "ms", echo, "SWE-ReX run_in_session", peer, 0.01),
        Measure::at_most(
            "screenshot, 1024x768",
            "ms",
            median_millis(pictures),
            "capture and encode alone in the guest",
            median_millis(alone),
            2.0,
        ),
    ])
}

/// A sandbox of the benchmark's own.
pub(crate) async fn open(engine: &Engine, image: BuiltIn) -> Result<DockerSandbox> {
    let (guest, session, spec) = (GuestBinary::find()?, SessionId::generate(), SandboxSpec::new(image.tag()));
    let source = DockerSource::of_new_session(engine.clone(), guest, session, spec);
    Ok(source.make(&Progress::channel().0).await?)
}

/// A call that has to succeed.
pub(crate) async fn call(sandbox: &DockerSandbox, tool: &str, arguments: Value) -> Result<ToolOutput> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let call = SandboxedCall { tool, arguments, settings: &ToolSettings::default() };
    let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
    let output = sandbox.connection().call(call, &context).await?;
    if output.is_error {
        bail!("{tool}: {}", output.joined_text());
    }
    Ok(output)
}

/// `cat` on an attached exec stream: the way to the sandbox and back, and nothing else.
struct RawEcho {
    output: std::pin::Pin<
        Box<dyn futures_util::Stream<Item = Result<bollard::container::LogOutput, bollard::errors::Error>> + Send>,
    >,
    input: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
}

impl RawEcho {
    async fn open(container: &str) -> Result<Self> {
        let docker = Docker::connect_with_defaults()?.negotiate_version().await?;
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            cmd: Some(vec!["cat"]),
            ..CreateExecOptions::default()
        };
        let exec = docker.create_exec(container, options).await?;
        match docker.start_exec(&exec.id, None).await? {
            StartExecResults::Attached { output, input } => Ok(Self { output, input }),
            StartExecResults::Detached => bail!("the engine did not attach"),
        }
    }

    async fn round_trip(&mut self) -> Result<()> {
        self.input.write_all(b"hello\n").await?;
        self.input.flush().await?;
        let echoed = self.output.next().await.context("the stream ended")??.into_bytes();
        if &*echoed != b"hello\n" {
            bail!("the echo is {echoed:?}")
        }
        Ok(())
    }
}

/// Runs the capture of the guest's own code in the sandbox, without host, engine and protocol.
async fn capture_alone(container: &str) -> Result<Duration> {
    let copied = Command::new("docker")
        .args(["cp", CAPTURE_COST, &format!("{container}:/tmp/capture_cost")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await?;
    if !copied.success() {
        bail!("`{CAPTURE_COST}` is not built; `make bench` does it");
    }
    let ran = Command::new("docker").args(["exec", container, "/tmp/capture_cost", ":0"]).output().await?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("whole screenshot")).context("no capture cost was printed")?;
    let millis: f64 = line.split_whitespace().rev().nth(1).context("no figure")?.parse()?;
    Ok(Duration::from_secs_f64(millis / 1000.0))
}
