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

/// What is measured, one after the other.
#[derive(Clone, Copy)]
enum Group {
    Bash,
    Editor,
    Computer,
    Start,
    Weight,
}

const GROUPS: [(&str, Group); 5] = [
    ("bash", Group::Bash),
    ("editor", Group::Editor),
    ("computer", Group::Computer),
    ("start", Group::Start),
    ("weight", Group::Weight),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => bench(&GROUPS).await,
        ["soak", calls] => soak::run(calls.parse().context("CALLS is a number")?).await,
        ref names => bench(&groups(names)?).await,
    }
}

fn groups(names: &[&str]) -> Result<Vec<(&'static str, Group)>> {
    let known = || GROUPS.map(|(name, _)| name).join("`, `");
    names
        .iter()
        .map(|name| GROUPS.into_iter().find(|(known, _)| known == name))
        .collect::<Option<_>>()
        .with_context(|| format!("it takes nothing, `soak CALLS`, or some of `{}`", known()))
}

/// Measures group by group. One that fails costs its own rows, not those of the others.
async fn bench(groups: &[(&str, Group)]) -> Result<()> {
    let mut measures: Vec<Measure> = Vec::new();
    let mut failed = Vec::new();
    for (name, group) in groups {
        eprintln!("bench: {name}");
        match group.run().await {
            Ok(measured) => measures.extend(measured),
            Err(error) => {
                eprintln!("bench: {name}: {error:#}");
                failed.push(*name);
            }
        }
    }
    print_table(&measures);
    fs::write(RESULT, serde_json::to_string_pretty(&measures)?)?;
    println!("\nwritten to {RESULT}");
    if !failed.is_empty() {
        bail!("not measured: {}", failed.join(", "));
    }
    Ok(())
}

impl Group {
    async fn run(self) -> Result<Vec<Measure>> {
        match self {
            Self::Bash => bash_calls::run().await,
            Self::Editor => edits::run().await,
            Self::Computer => desktop::run().await,
            Self::Start => Ok(vec![start::run().await?]),
            Self::Weight => weight::run().await,
        }
    }
}
