//! What the guest weighs: its file, and its memory while nothing happens.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use handspike_sandbox::{BuiltIn, Engine};
use serde_json::json;
use tokio::process::Command;

use crate::{
    measure::Measure,
    sandbox_calls::{call, open},
};

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) async fn run() -> Result<Vec<Measure>> {
    let size = fs::metadata("target/release/handspike-guest")?.len();
    let engine = Engine::connect().await?;
    let sandbox = open(&engine, BuiltIn::Base).await?;
    call(&sandbox, "bash", json!({"command": "echo ready"})).await?;
    // The shell has answered once; a moment later all threads are back in their waits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let memory = guest_memory(sandbox.container()).await;
    engine.remove(sandbox.container()).await?;
    Ok(vec![
        Measure::at_most("guest's memory at rest", "MiB", memory?, "bound", 12.0, 1.0),
        Measure::at_most("guest's binary", "MiB", size as f64 / MIB, "bound", 8.0, 1.0),
    ])
}

/// Resident memory of all processes that run the guest's binary, in MiB. Pages that they share count for each.
async fn guest_memory(container: &str) -> Result<f64> {
    let top = Command::new("docker").args(["top", container, "-eo", "pid,rss,args"]).output().await?;
    let kib: f64 = String::from_utf8_lossy(&top.stdout)
        .lines()
        .filter(|line| line.contains("handspike-guest"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok())
        .sum();
    (kib > 0.0).then_some(kib / 1024.0).context("the guest is not in the container's process list")
}
