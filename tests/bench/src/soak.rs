//! `make soak`: thousands of mixed calls in one sandbox, after which guest and host must hold no more than after the
//! first few hundred: memory, open files, processes and threads.
//!
//! The calls come in rounds. A round leaves nothing behind, so the figures are taken between two of them, when the
//! processes that a round started have gone.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use handspike_sandbox::{BuiltIn, DockerSandbox, Engine};

use crate::{
    footprint::{Footprint, Growth},
    sandboxed::{answered, open},
    soak_calls::{self, CALLS_OF_A_ROUND, Expected},
};

/// By then every tool has been used, and what is made once has been made.
const SETTLED_AFTER: usize = 500;
/// What may be added to a figure between then and the end.
const TOLERANCE: f64 = 0.05;

/// Makes so many calls, and fails if something has grown.
pub(crate) async fn run(calls: usize) -> Result<()> {
    let engine = Engine::connect().await?;
    let sandbox = open(&engine, BuiltIn::Desktop).await?;
    let grown = grown(&sandbox, calls).await;
    engine.remove(sandbox.container()).await?;
    let grown = grown?;
    if !grown.is_empty() {
        bail!("more than {:.0} % were added to: {}", TOLERANCE * 100.0, grown.join(", "));
    }
    Ok(())
}

/// What has grown too far.
async fn grown(sandbox: &DockerSandbox, calls: usize) -> Result<Vec<String>> {
    soak_calls::prepare(sandbox).await?;
    let settled_after = SETTLED_AFTER.min(calls / 2).next_multiple_of(CALLS_OF_A_ROUND);
    let started = Instant::now();
    let mut settled = None;
    println!("{}", Footprint::HEADER);
    let rounds = calls.div_ceil(CALLS_OF_A_ROUND);
    for round in 1..=rounds {
        play(sandbox, round).await?;
        let made = round * CALLS_OF_A_ROUND;
        if made == settled_after {
            settled = Some(Footprint::at_rest(sandbox).await?);
        }
        if made == settled_after || made.is_multiple_of(1000) || round == rounds {
            println!("{}", Footprint::at_rest(sandbox).await?.row(made, started.elapsed()));
        }
    }
    let Some(settled) = settled else { bail!("{calls} calls are too few to compare") };
    let end = Footprint::at_rest(sandbox).await?;
    let growth = settled.grown_to(&end);
    Ok(growth
        .into_iter()
        .filter(|growth| growth.share() > TOLERANCE)
        .map(|growth: Growth| growth.to_string())
        .collect())
}

async fn play(sandbox: &DockerSandbox, round: usize) -> Result<()> {
    for (number, call) in soak_calls::round(round).into_iter().enumerate() {
        let start = Instant::now();
        let answer = answered(sandbox, call.tool, call.arguments.clone()).await?;
        let text = answer.joined_text();
        let as_expected = match &call.expected {
            Expected::Done => !answer.is_error,
            Expected::Refused => answer.is_error,
            Expected::Says(words) => text.contains(words.as_str()),
        };
        if !as_expected {
            bail!("round {round}, call {number}: {call:?} was answered by {text}");
        }
        if start.elapsed() > Duration::from_secs(10) {
            bail!("round {round}, call {number}: {call:?} took {:?}", start.elapsed());
        }
    }
    Ok(())
}
