//! `handspike conformance`: runs the conformance cases against our own tools or against another MCP server.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use futures_util::FutureExt as _;
use handspike_conformance::{Case, Progress, Report, ServerCommand, StartError, Suite, Tool, Verdict, cases};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    exit::{Exit, Failure, tell},
    interrupt::Interrupt,
    render::unless_unread,
};

#[derive(Args)]
pub(crate) struct ConformanceArgs {
    /// The server to check, as a command line that speaks MCP on its standard streams; Handspike's own when not given.
    #[arg(long, value_name = "COMMAND")]
    mcp: Option<String>,
    /// Only cases of these tools.
    #[arg(long, value_name = "TOOLS", value_delimiter = ',', value_parser = parse_tool, default_value = "bash,editor,computer")]
    tools: Vec<Tool>,
    /// Only cases whose tool, group or name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// List the cases with the reason for each, and run nothing.
    #[arg(long)]
    list: bool,
    /// Write how every case went to this file, as JSON. `-` is standard output; the table then goes to standard error.
    #[arg(long, value_name = "FILE")]
    json: Option<JsonTo>,
    /// How many tools are checked beside each other, each with a server of its own; 1 to 3.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=3))]
    jobs: u8,
    /// Arguments for `handspike mcp`, such as `--tools-version 20241022`; only without --mcp.
    #[arg(last = true, value_name = "ARGUMENTS", conflicts_with = "mcp")]
    own: Vec<OsString>,
}

/// Where the report for programs goes.
#[derive(Clone)]
enum JsonTo {
    StandardOutput,
    File(PathBuf),
}

impl From<OsString> for JsonTo {
    fn from(name: OsString) -> Self {
        if name == "-" { Self::StandardOutput } else { Self::File(name.into()) }
    }
}

fn parse_tool(name: &str) -> Result<Tool, String> {
    Tool::ALL
        .into_iter()
        .find(|tool| tool.name() == name)
        .ok_or_else(|| "the tools are bash, editor and computer".to_owned())
}

pub(crate) async fn run(args: ConformanceArgs) -> Result<Exit, Failure> {
    let chosen: Vec<Case> = cases().into_iter().filter(|case| args.chooses(case)).collect();
    if chosen.is_empty() {
        return Err(Failure::usage("no case is chosen\nhint: `handspike conformance --list` shows them all"));
    }
    if args.list {
        return unless_unread(list(&chosen)).map_err(Failure::internal).map(|()| Exit::Done);
    }
    let command = args.command()?;
    // A file that can't be written is better known before a minute has passed.
    if let Some(JsonTo::File(path)) = &args.json {
        fs::write(path, "")
            .map_err(|error| Failure::usage(format!("`{}` can't be written: {error}", path.display())))?;
    }
    let interrupt = Interrupt::listen().map_err(Failure::internal)?;
    let stop = interrupt.polite.clone().cancelled_owned().shared();
    let bar = progress_bar(chosen.len());
    let report = tokio::select! {
        report = Suite::new(command, chosen, args.jobs.into()).run(|progress| show(&bar, progress), stop) => report,
        () = interrupt.at_once.cancelled() => return Ok(Exit::Interrupted),
    };
    bar.finish_and_clear();
    let report = match report {
        Ok(report) => report,
        Err(error) => return args.not_started(error),
    };
    let told = match &args.json {
        None => print(&report, io::stdout().lock()),
        Some(JsonTo::File(path)) => fs::write(path, format!("{:#}\n", report.to_json()))
            .map_err(Failure::internal)
            .map(|()| print(&report, io::stdout().lock()))?,
        // A program that reads one of the two need not read the other.
        Some(JsonTo::StandardOutput) => unless_unread(print(&report, io::stderr().lock()))
            .and_then(|()| writeln!(io::stdout().lock(), "{:#}", report.to_json())),
    };
    unless_unread(told).map_err(Failure::internal)?;
    Ok(match (interrupt.polite.is_cancelled(), report.is_clean()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::Expectation,
    })
}

impl ConformanceArgs {
    fn chooses(&self, case: &Case) -> bool {
        let is_named = |text: &str| {
            let text = text.to_lowercase();
            [case.tool.name(), case.group, case.name].iter().any(|name| name.to_lowercase().contains(&text))
        };
        self.tools.contains(&case.tool) && self.filter.as_deref().is_none_or(is_named)
    }

    /// Our own server has said what is wrong, in the words and with the exit code that people know.
    fn not_started(&self, error: StartError) -> Result<Exit, Failure> {
        match (&self.mcp, error) {
            (None, StartError::Ended { status, complaint }) if !complaint.is_empty() => {
                tell(&complaint);
                Ok(match status.code() {
                    Some(1) => Exit::Fault,
                    Some(2) => Exit::Usage,
                    Some(_) | None => Exit::Sandbox,
                })
            }
            (_, error) => Err(Failure::sandbox(error)),
        }
    }

    fn command(&self) -> Result<ServerCommand, Failure> {
        if let Some(line) = &self.mcp {
            return ServerCommand::parse(line).map_err(|error| Failure::usage(error.to_string()));
        }
        let program = env::current_exe().map_err(Failure::internal)?.into_os_string();
        let arguments = [OsString::from("mcp")].into_iter().chain(self.own.iter().cloned()).collect();
        Ok(ServerCommand { program, arguments })
    }
}

fn list(cases: &[Case]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for case in cases {
        writeln!(out, "{} · {}: {}\n    {}", case.tool.name(), case.group, case.name, case.why)?;
    }
    writeln!(out, "{} cases", cases.len())
}

fn progress_bar(total: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} {elapsed} {wide_msg}");
    let bar = ProgressBar::new(total as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    let (done, last) = match progress {
        Progress::Waiting { limit } => {
            let text = format!("waiting for the server to greet, up to {} s", limit.as_secs());
            return bar.suspend(|| tell(&text));
        }
        Progress::Ended { done, last, .. } => (done, last),
    };
    if matches!(last.verdict, Verdict::Failed { .. }) {
        bar.println(format!("failed: {} · {}: {}", last.tool.name(), last.group, last.name));
    }
    bar.set_message(format!("{} · {}: {}", last.tool.name(), last.group, last.name));
    bar.set_position(done as u64);
}

fn print(report: &Report, mut out: impl io::Write) -> io::Result<()> {
    write!(out, "{report}")?;
    writeln!(out, "\n{:.1} s", report.seconds)
}
