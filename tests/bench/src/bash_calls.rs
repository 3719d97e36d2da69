//! Calls of the tool `bash`, from host through the guest to the shell and back.

use anyhow::{Context as _, Result, bail};
use handspike_sandbox::{BuiltIn, DockerSandbox, Engine};
use serde_json::json;

use crate::{
    measure::{Measure, median_millis, timed},
    peers,
    sandboxed::{Attached, bash, call, guest_processes, open, status_mib},
};

const ECHOES: usize = 2000;
const ROUNDS: usize = 9;
/// 50 MB of text, in lines.
const LONG_OUTPUT: &str = "/tmp/output";

pub(crate) async fn run() -> Result<Vec<Measure>> {
    let engine = Engine::connect().await?;
    let mut measures = Vec::new();
    for part in [Part::Echo, Part::LongOutput] {
        // A sandbox for each, so that the guest's peak of memory is that of one kind of calls.
        let sandbox = open(&engine, BuiltIn::Base).await?;
        let measured = match part {
            Part::Echo => echo(&sandbox).await,
            Part::LongOutput => long_output(&sandbox).await,
        };
        engine.remove(sandbox.container()).await?;
        measures.extend(measured?);
    }
    Ok(measures)
}

enum Part {
    Echo,
    LongOutput,
}

async fn echo(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    let (mut calls, mut raw) = (Vec::new(), Vec::new());
    let mut stream = Attached::open(sandbox.container(), &["cat"]).await?;
    // In turns, call by call, so that both find the machine in the same state: engine and guest asleep.
    for _ in 0..ECHOES {
        calls.push(timed(call(sandbox, "bash", json!({"command": "echo hello"}))).await?.0);
        raw.push(timed(stream.ask("hello", "hello\n")).await?.0);
    }
    let name = "bash call (echo)";
    let echo = median_millis(calls);
    let mut measures = vec![
        Measure::beside(name, "ms", echo, "raw echo over an attached exec stream", median_millis(raw)).at_most(3.0),
    ];
    let peer = peers::swe_rex().await?.of("echo").context("SWE-ReX was not measured")?;
    measures.push(Measure::beside(name, "ms", echo, "SWE-ReX run_in_session", peer).at_most(0.01));
    let peer = peers::inspect_ai().await?.of("echo").context("Inspect was not measured")?;
    measures.push(Measure::beside(name, "ms", echo, "Inspect's bash, local", peer));
    Ok(measures)
}

async fn long_output(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    bash(sandbox, &format!("yes 'a line of some forty characters, as usual' | head -c 50000000 > {LONG_OUTPUT}"))
        .await?;
    let (command, end) = (format!("cat {LONG_OUTPUT}"), "the end\n");
    let (attached_command, piped_command) =
        (format!("{command}; echo; echo the end"), format!("{command} | cat > /dev/null; echo the end"));
    let mut shell = Attached::open(sandbox.container(), &["bash"]).await?;
    let [mut calls, mut attached, mut piped] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let (time, answer) = timed(call(sandbox, "bash", json!({"command": command}))).await?;
        if answer.joined_text().len() > 100_000 {
            bail!("50 MB of output were not cut short");
        }
        calls.push(time);
        attached.push(timed(shell.ask(&attached_command, end)).await?.0);
        piped.push(timed(shell.ask(&piped_command, end)).await?.0);
    }
    let guest = guest_processes(sandbox.container()).await?;
    let peak = guest.into_iter().map(|pid| status_mib(pid, "VmHWM")).sum();
    let (name, calls) = ("bash call with 50 MB of output", median_millis(calls));
    Ok(vec![
        Measure::beside(name, "ms", calls, "the same over a pipe inside", median_millis(piped)).at_most(3.0),
        Measure::beside(name, "ms", calls, "the same over an attached exec stream", median_millis(attached))
            .at_most(3.0),
        Measure::within("guest's memory at most meanwhile", "MiB", peak, 64.0),
    ])
}
