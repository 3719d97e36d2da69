//! `make bench`: medians and ratios, all taken in one run on one machine.
//!
//! Each measure stands beside a floor that it can't beat (the same work without Handspike) or beside a peer. The goals
//! are ratios, because absolute times say more about a machine than about a program. Nothing here fails a build: a
//! timed test would, on a busy machine.

#![allow(clippy::print_stdout, reason = "a table is what this prints")]

mod measure;
mod peers;
mod sandbox_calls;
mod start;
mod weight;

use std::fs;

use anyhow::Result;

use crate::measure::{Measure, print_table};

const RESULT: &str = "target/bench.json";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut measures: Vec<Measure> = Vec::new();
    eprintln!("bench: calls into a sandbox");
    measures.extend(sandbox_calls::run().await?);
    eprintln!("bench: starting sandboxes");
    measures.push(start::run().await?);
    eprintln!("bench: weight");
    measures.extend(weight::run().await?);
    print_table(&measures);
    fs::write(RESULT, serde_json::to_string_pretty(&measures)?)?;
    println!("\nwritten to {RESULT}");
    Ok(())
}
