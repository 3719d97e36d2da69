//! Others who do the same, installed from PyPI by `scripts/setup bench`. Each runs in a process of its own, without a
//! container, and prints its medians.

use std::{collections::HashMap, path::Path};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

const VENV: &str = "target/bench-venv/bin/python";
/// Apart, because it asks for a newer Python, which a machine may not have.
const NEWER_VENV: &str = "target/bench-newer-venv/bin/python";

/// A peer's medians in milliseconds, by what was measured.
pub(crate) struct Medians(HashMap<String, f64>);

impl Medians {
    pub(crate) fn of(&self, measured: &str) -> Option<f64> {
        self.0.get(measured).copied()
    }
}

/// SWE-ReX's local runtime.
pub(crate) async fn swe_rex() -> Result<Medians> {
    run(VENV, include_str!("../peers/swe_rex.py"), None).await
}

/// Inspect's tools in its local sandbox: `bash` alone, without a folder of files to edit.
pub(crate) async fn inspect_ai() -> Result<Medians> {
    run(VENV, include_str!("../peers/inspect_ai.py"), None).await
}

/// The same, editing the files of a folder.
pub(crate) async fn inspect_ai_editing(files: &Path) -> Result<Medians> {
    run(VENV, include_str!("../peers/inspect_ai.py"), Some(files)).await
}

/// The editor of openhands-aci, if this machine has a Python that it accepts.
pub(crate) async fn openhands_aci(files: &Path) -> Result<Option<Medians>> {
    if !Path::new(NEWER_VENV).exists() {
        eprintln!("bench: no openhands-aci, which needs Python 3.12 or newer");
        return Ok(None);
    }
    run(NEWER_VENV, include_str!("../peers/openhands_aci.py"), Some(files)).await.map(Some)
}

async fn run(python: &str, program: &str, files: Option<&Path>) -> Result<Medians> {
    let ran = Command::new(python).args(["-c", program]).args(files).output().await;
    let ran = ran.with_context(|| format!("no `{python}`; `scripts/setup bench` makes it"))?;
    if !ran.status.success() {
        bail!("a peer failed: {}", String::from_utf8_lossy(&ran.stderr));
    }
    let text = String::from_utf8_lossy(&ran.stdout);
    let last = text.lines().last().context("a peer printed nothing")?;
    Ok(Medians(serde_json::from_str(last)?))
}
