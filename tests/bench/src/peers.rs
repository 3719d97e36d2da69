//! Others who do the same, installed from PyPI into `target/bench-venv` by `scripts/setup bench`.

use anyhow::{Context as _, Result};
use tokio::process::Command;

/// Times `run_in_session` of SWE-ReX's local runtime, in its own process, and prints the median in milliseconds.
const SWE_REX: &str = r#"
import asyncio, statistics, time
from swerex.runtime.abstract import BashAction, CreateBashSessionRequest
from swerex.runtime.local import LocalRuntime

async def main():
    runtime = LocalRuntime()
    await runtime.create_session(CreateBashSessionRequest())
    times = []
    for _ in range(20):
        start = time.perf_counter()
        answer = await runtime.run_in_session(BashAction(command="echo hello"))
        times.append(time.perf_counter() - start)
        assert answer.output.strip() == "hello", answer
    await runtime.close()
    print(statistics.median(times) * 1000)

asyncio.run(main())
"#;

/// SWE-ReX's median for `echo hello`. It needs no container here, which is in its favour.
pub(crate) async fn swe_rex_millis() -> Result<f64> {
    let ran = Command::new("target/bench-venv/bin/python").args(["-c", SWE_REX]).output().await;
    let ran = ran.context("swe-rex is not installed; `scripts/setup bench` does it")?;
    let text = String::from_utf8_lossy(&ran.stdout);
    let last = text.lines().last().with_context(|| String::from_utf8_lossy(&ran.stderr).into_owned())?;
    Ok(last.trim().parse()?)
}
