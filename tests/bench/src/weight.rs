//! What the guest weighs: its file, and its memory while nothing happens.

use std::{fs, time::Duration};

use anyhow::Result;
use handspike_sandbox::{BuiltIn, Engine};
use serde_json::json;

use crate::{
    measure::Measure,
    sandboxed::{call, guest_processes, open, status_mib},
};

const MIB: f64 = 1024.0 * 1024.0;

pub(crate) async fn run() -> Result<Vec<Measure>> {
    let size = fs::metadata("target/release/handspike-guest")?.len();
    let engine = Engine::connect().await?;
    let sandbox = open(&engine, BuiltIn::Base).await?;
    call(&sandbox, "bash", json!({"command": "echo ready"})).await?;
    // The shell has answered once; a moment later all threads are back in their waits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let guest = guest_processes(sandbox.container()).await;
    // Pages that its processes share count for each.
    let memory: Result<f64> = guest.map(|guest| guest.into_iter().map(|pid| status_mib(pid, "VmRSS")).sum());
    engine.remove(sandbox.container()).await?;
    Ok(vec![
        Measure::within("guest's memory at rest", "MiB", memory?, 12.0),
        Measure::within("guest's binary", "MiB", size as f64 / MIB, 8.0),
    ])
}
