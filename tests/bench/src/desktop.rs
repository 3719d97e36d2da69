//! The computer: pictures, clicks that change the screen or don't, and typing.

use std::{
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use handspike_sandbox::{BuiltIn, DockerSandbox, Engine};
use handspike_types::{ToolDetails, computer::ComputerDetails};
use serde_json::json;
use tokio::{process::Command, time::Instant};

use crate::{
    measure::{Measure, median, median_millis, millis, timed},
    sandboxed::{bash, call, open},
};

const SCREENSHOTS: usize = 60;
const CAPTURE_COST: &str = "target/x86_64-unknown-linux-gnu/guest/examples/capture_cost";
const CLICKS: usize = 40;
/// Each takes the two seconds that are the limit.
const RESTLESS_CLICKS: usize = 5;
const TYPINGS: usize = 100;
const CHARACTERS: usize = 1000;
const SENTENCE: &str = "Pack my box with five dozen LIQUOR jugs; 9 (nine) of them.\n";
/// How long a program may take to show itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time for which the screen has to be quiet, and the longest wait, as they are by default.
const QUIET: f64 = 100.0;
const LIMIT: f64 = 2000.0;

/// The reference demonstration of computer use sleeps 2,000 ms after each action; that and what its picture costs is quoted
/// here from its source and documentation, for it was not run.
const DEMO: &str = "the reference demo: quoted, not run";
const DEMO_MILLIS: f64 = 2300.0;

/// Paints the whole terminal at each click, as often as it is told and 40 ms apart, and writes down the time of the last.
const PAINTER: &str = r"
import os, sys, time, tty
tty.setraw(0)
os.write(1, b'\x1b[?1000h\x1b[?25l')
colour = 0
open('/tmp/painter-ready', 'w')
while True:
    if b'\x1b[M ' not in os.read(0, 64):
        continue
    for change in range(int(sys.argv[1])):
        if change:
            time.sleep(0.04)
        colour = 1 - colour
        os.write(1, b'\x1b[4%dm\x1b[2J' % (2 + colour))
    with open('/tmp/painted.new', 'w') as file:
        file.write(repr(time.time()))
    os.rename('/tmp/painted.new', '/tmp/painted')
";

pub(crate) async fn run() -> Result<Vec<Measure>> {
    let engine = Engine::connect().await?;
    let sandbox = open(&engine, BuiltIn::Desktop).await?;
    let measured = measure(&sandbox).await;
    engine.remove(sandbox.container()).await?;
    measured
}

async fn measure(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    call(sandbox, "str_replace_editor", json!({"command": "create", "path": "/tmp/painter.py", "file_text": PAINTER}))
        .await?;
    let mut measures = clicks(sandbox).await?;
    measures.extend(typing(sandbox).await?);
    measures.push(screenshots(sandbox).await?);
    Ok(measures)
}

async fn clicks(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    // The first brings the pointer there.
    click(sandbox).await?;
    let still = many_clicks(sandbox, CLICKS, |details| !details.changed).await?;
    let once = painted_clicks(sandbox, 1).await?;
    let five_times = painted_clicks(sandbox, 5).await?;
    let xterm = Window::open(sandbox, "sh -c 'while :; do date +%N; sleep 0.01; done'").await?;
    click(sandbox).await?;
    let restless = many_clicks(sandbox, RESTLESS_CLICKS, |details| details.changed).await?;
    xterm.close(sandbox).await?;

    let still_name = "click that changes nothing";
    let once_name = "click that changes the screen";
    Ok(vec![
        Measure::within(still_name, "ms", still, 350.0),
        Measure::beside(still_name, "ms", still, DEMO, DEMO_MILLIS),
        Measure::within(format!("{once_name}, after its change"), "ms", once.after_change, QUIET + 30.0),
        Measure::beside(format!("{once_name}, all of it"), "ms", once.whole, DEMO, DEMO_MILLIS),
        Measure::within("click with 5 changes, after the last", "ms", five_times.after_change, QUIET + 30.0),
        Measure::within("click on a screen that never rests", "ms", restless, LIMIT + 30.0),
    ])
}

/// The median of clicks whose details are as expected.
async fn many_clicks(
    sandbox: &DockerSandbox,
    count: usize,
    is_expected: impl Fn(&ComputerDetails) -> bool,
) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..count {
        let (time, details) = timed(click(sandbox)).await?;
        if !is_expected(&details) {
            bail!("a click's answer says {details:?}");
        }
        times.push(time);
    }
    Ok(median_millis(times))
}

/// Medians of clicks that change the screen.
struct PaintedClicks {
    /// From the last change, as the program that made it knows, to the answer. The clock is the same in the container.
    after_change: f64,
    whole: f64,
}

async fn painted_clicks(sandbox: &DockerSandbox, changes: usize) -> Result<PaintedClicks> {
    bash(sandbox, "rm -f /tmp/painter-ready").await?;
    let xterm = Window::open(sandbox, &format!("python3 /tmp/painter.py {changes}")).await?;
    within_patience(sandbox, "[ -e /tmp/painter-ready ]").await?;
    // The first also gives the window the focus.
    click(sandbox).await?;
    let (mut after_change, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..CLICKS {
        let (time, details) = timed(click(sandbox)).await?;
        let answered = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        if !details.changed {
            bail!("a click on a program that paints itself changed nothing");
        }
        let painted = bash(sandbox, "cat /tmp/painted").await?;
        let painted: f64 = painted.trim().parse().with_context(|| format!("`{painted}` is no time"))?;
        after_change.push((answered - painted) * 1000.0);
        whole.push(millis(time));
    }
    xterm.close(sandbox).await?;
    Ok(PaintedClicks { after_change: median(after_change), whole: median(whole) })
}

async fn click(sandbox: &DockerSandbox) -> Result<ComputerDetails> {
    let answer = call(sandbox, "computer", json!({"action": "left_click", "coordinate": [400, 300]})).await?;
    match answer.details {
        Some(ToolDetails::Computer(details)) => Ok(details),
        other => bail!("a click's details are {other:?}"),
    }
}

async fn typing(sandbox: &DockerSandbox) -> Result<Vec<Measure>> {
    let text: String = SENTENCE.chars().cycle().take(CHARACTERS).collect();
    let sample = json!({"command": "create", "path": "/tmp/sample", "file_text": text});
    call(sandbox, "str_replace_editor", sample).await?;
    bash(sandbox, "rm -f /tmp/typed").await?;
    let xterm = Window::open(sandbox, "sh -c 'stty -icanon -isig -iexten -ixon; exec cat > /tmp/typed'").await?;
    within_patience(sandbox, "[ -e /tmp/typed ]").await?;
    click(sandbox).await?;
    let mut times = Vec::new();
    for _ in 0..TYPINGS {
        times.push(timed(call(sandbox, "computer", json!({"action": "type", "text": text}))).await?.0);
    }
    let expected = format!("for i in $(seq {TYPINGS}); do cat /tmp/sample; done > /tmp/expected");
    // A terminal may still be at work on what was typed; what has not come by then is lost.
    let all = TYPINGS * CHARACTERS;
    let arrival = format!("for try in $(seq 100); do [ $(stat -c %s /tmp/typed) -ge {all} ] && break; sleep 0.1; done");
    bash(sandbox, &arrival).await?;
    let differences = "cmp -l /tmp/expected /tmp/typed 2> /dev/null | wc -l; stat -c %s /tmp/typed";
    let counted = bash(sandbox, &format!("{expected}; {differences}")).await?;
    xterm.close(sandbox).await?;
    let numbers: Vec<usize> = counted.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let &[different, arrived] = numbers.as_slice() else { bail!("characters were counted as {counted}") };
    let wrong = different + all.abs_diff(arrived);
    Ok(vec![
        Measure::within("typing 1,000 characters into xterm", "ms", median_millis(times), 1500.0),
        Measure::beside("characters lost or wrong", "", wrong as f64, "typed", all as f64).none(),
    ])
}

async fn screenshots(sandbox: &DockerSandbox) -> Result<Measure> {
    let xterm = Window::open(sandbox, "top").await?;
    call(sandbox, "computer", json!({"action": "mouse_move", "coordinate": [400, 300]})).await?;
    let (mut pictures, mut alone) = (Vec::new(), vec![capture_alone(sandbox.container()).await?]);
    for _ in 0..3 {
        for _ in 0..SCREENSHOTS / 3 {
            pictures.push(timed(call(sandbox, "computer", json!({"action": "screenshot"}))).await?.0);
        }
        alone.push(capture_alone(sandbox.container()).await?);
    }
    xterm.close(sandbox).await?;
    let (pictures, alone) = (median_millis(pictures), median(alone));
    let floor = "capture and encode alone in the guest";
    Ok(Measure::beside("screenshot, 1024x768", "ms", pictures, floor, alone).at_most(2.0))
}

/// Runs the capture of the guest's own code in the sandbox, without host, engine and protocol. Milliseconds.
async fn capture_alone(container: &str) -> Result<f64> {
    let copied = Command::new("docker")
        .args(["cp", CAPTURE_COST, &format!("{container}:/tmp/capture_cost")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await?;
    if !copied.success() {
        bail!("`{CAPTURE_COST}` is not built; `make bench` does it");
    }
    let ran = Command::new("docker").args(["exec", container, "/tmp/capture_cost", ":0"]).output().await?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("whole screenshot")).context("no capture cost was printed")?;
    Ok(line.split_whitespace().rev().nth(1).context("no figure")?.parse()?)
}

/// An xterm at the screen's corner that runs a command.
struct Window {
    pid: u32,
}

impl Window {
    async fn open(sandbox: &DockerSandbox, command: &str) -> Result<Self> {
        let start = format!("nohup xterm -geometry 100x40+0+0 -e {command} > /dev/null 2>&1 & echo $!");
        let pid = bash(sandbox, &start).await?;
        // An interactive shell announces the job in a line before.
        let last = pid.lines().last().unwrap_or_default();
        let pid = last.trim().parse().with_context(|| format!("`{pid}` is no process id"))?;
        let deadline = Instant::now() + PATIENCE;
        while !call(sandbox, "desktop", json!({"action": "list_windows"})).await?.joined_text().contains("XTerm") {
            if Instant::now() > deadline {
                bail!("xterm did not show a window");
            }
        }
        Ok(Self { pid })
    }

    async fn close(self, sandbox: &DockerSandbox) -> Result<()> {
        let Self { pid } = self;
        bash(sandbox, &format!("kill {pid}")).await?;
        within_patience(sandbox, &format!("! [ -e /proc/{pid} ]")).await
    }
}

/// Waits until a condition of the shell holds.
async fn within_patience(sandbox: &DockerSandbox, condition: &str) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while bash(sandbox, &format!("if {condition}; then echo yes; fi")).await?.trim() != "yes" {
        if Instant::now() > deadline {
            bail!("`{condition}` did not come true");
        }
    }
    Ok(())
}
