//! A sandbox of the benchmark's own, and raw streams into it to compare with.

use std::{pin::Pin, time::Duration};

use anyhow::{Context as _, Result, bail};
use bollard::{
    Docker,
    container::LogOutput,
    exec::{CreateExecOptions, StartExecOptions, StartExecResults},
};
use futures_util::{Stream, StreamExt as _};
use handspike_core::{CallContext, Progress, SandboxedCall};
use handspike_sandbox::{BuiltIn, DockerSandbox, DockerSource, Engine, GuestBinary, SandboxSpec};
use handspike_types::{
    SessionId, ToolDetails, ToolOutput, ToolSettings,
    bash::{BashDetails, BashEnd},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// How long an answer may take of which nothing is expected but that it comes.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn open(engine: &Engine, image: BuiltIn) -> Result<DockerSandbox> {
    let (guest, session, spec) = (GuestBinary::find()?, SessionId::generate(), SandboxSpec::new(image.tag()));
    let source = DockerSource::of_new_session(engine.clone(), guest, session, spec);
    Ok(source.make(&Progress::channel().0).await?)
}

/// A call that has to succeed.
pub(crate) async fn call(sandbox: &DockerSandbox, tool: &str, arguments: Value) -> Result<ToolOutput> {
    let output = answered(sandbox, tool, arguments).await?;
    if output.is_error {
        bail!("{tool}: {}", output.joined_text());
    }
    Ok(output)
}

/// A call that has to be answered, be it by an error.
pub(crate) async fn answered(sandbox: &DockerSandbox, tool: &str, arguments: Value) -> Result<ToolOutput> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let call = SandboxedCall { tool, arguments, settings: &ToolSettings::default() };
    let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
    let answer = timeout(PATIENCE, sandbox.connection().call(call, &context));
    Ok(answer.await.with_context(|| format!("{tool} was not answered"))??)
}

/// Runs a command through the tool `bash` and returns what it wrote.
pub(crate) async fn bash(sandbox: &DockerSandbox, command: &str) -> Result<String> {
    let output = call(sandbox, "bash", json!({"command": command})).await?;
    let text = output.joined_text();
    match output.details {
        Some(ToolDetails::Bash(BashDetails { end: BashEnd::Exited(0), .. })) => {}
        _ => bail!("`{command}` failed: {text}"),
    }
    // The answer's last line says how the command ended.
    let (written, _) = text.rsplit_once("[exit status 0").context("the answer does not say how the command ended")?;
    Ok(written.to_owned())
}

/// The ids, on the host, of the processes that run the guest's binary in a container.
pub(crate) async fn guest_processes(container: &str) -> Result<Vec<u32>> {
    let top = Command::new("docker").args(["top", container, "-eo", "pid,args"]).output().await?;
    let pids: Vec<u32> = String::from_utf8_lossy(&top.stdout)
        .lines()
        .filter(|line| line.contains("handspike-guest"))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect();
    if pids.is_empty() {
        bail!("the guest is not in the container's process list");
    }
    Ok(pids)
}

/// A field of `/proc/PID/status` in MiB, or 0 of a process that has ended.
pub(crate) fn status_mib(pid: u32, field: &str) -> f64 {
    field_mib(&format!("/proc/{pid}/status"), field)
}

fn field_mib(file: &str, field: &str) -> f64 {
    let fields = std::fs::read_to_string(file).unwrap_or_default();
    let line = fields.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The memory of a process in MiB, of which pages that it shares with others count in part (`Pss`), so that the sum over
/// processes counts each page once. 0 of a process that has ended.
pub(crate) fn memory_mib(pid: u32) -> f64 {
    field_mib(&format!("/proc/{pid}/smaps_rollup"), "Pss")
}

/// A command's standard streams, through the engine: the way to the sandbox and back, and nothing else.
pub(crate) struct Attached {
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl Attached {
    pub(crate) async fn open(container: &str, command: &[&str]) -> Result<Self> {
        let docker = Docker::connect_with_defaults()?.negotiate_version().await?;
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            cmd: Some(command.to_vec()),
            ..CreateExecOptions::default()
        };
        let exec = docker.create_exec(container, options).await?;
        let options = StartExecOptions { output_capacity: Some(64 << 10), ..StartExecOptions::default() };
        match docker.start_exec(&exec.id, Some(options)).await? {
            StartExecResults::Attached { output, input } => Ok(Self { output, input }),
            StartExecResults::Detached => bail!("the engine did not attach"),
        }
    }

    /// Sends a line and takes what comes back until it ends like this. Returns the last bytes of it.
    pub(crate) async fn ask(&mut self, line: &str, end: &str) -> Result<String> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        self.input.flush().await?;
        let mut last = Vec::new();
        while !last.ends_with(end.as_bytes()) {
            let next = timeout(PATIENCE, self.output.next()).await.context("nothing came")?;
            last.extend_from_slice(&next.context("the stream ended")??.into_bytes());
            last.drain(..last.len().saturating_sub(200));
        }
        Ok(String::from_utf8_lossy(&last).into_owned())
    }
}
