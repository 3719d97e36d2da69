//! `make bench`: medians and ratios, all taken in one run on one machine.
//!
//! Each measure stands beside a floor that it can't beat (the same work without Handspike) or beside a peer. The goals
//! are ratios, because absolute times say more about a machine than about a program. Nothing here fails a build: a
//! timed test would, on a busy machine.
//!
//! `make soak`, which is `handspike-bench soak CALLS`, does fail, if something grows that should not.

#![allow(clippy::print_stdout, reason = "a table is what this prints")]

mod bash_calls;
mod desktop;
mod edits;
mod footprint;
mod measure;
mod peers;
mod sandboxed;
mod soak;
mod soak_calls;
mod start;
mod weight;

use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::measure::{Measure, print_table};

const RESULT: &str = "target/bench.json";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => bench().await,
        ["soak", calls] => soak::run(calls.parse().context("CALLS is a number")?).await,
        _ => bail!("it takes nothing, or `soak CALLS`"),
    }
}

async fn bench() -> Result<()> {
    let mut measures: Vec<Measure> = Vec::new();
    eprintln!("bench: bash");
    measures.extend(bash_calls::run().await?);
    eprintln!("bench: editor");
    measures.extend(edits::run().await?);
    eprintln!("bench: computer");
    measures.extend(desktop::run().await?);
    eprintln!("bench: starting sandboxes");
    measures.push(start::run().await?);
    eprintln!("bench: weight");
    measures.extend(weight::run().await?);
    print_table(&measures);
    fs::write(RESULT, serde_json::to_string_pretty(&measures)?)?;
    println!("\nwritten to {RESULT}");
    Ok(())
}
