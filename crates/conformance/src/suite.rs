//! Runs cases: a server for each tool, one case after the other, a new server where one was lost.

use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    process,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::{StreamExt as _, stream};
use tokio::time::timeout;

use crate::{
    case::{Case, Tool},
    miss::Miss,
    report::{CaseReport, Report, Verdict},
    server::{Server, ServerCommand, StartError},
    session::Session,
};

/// How long a case may take, all calls and waits together.
const CASE_LIMIT: Duration = Duration::from_secs(90);

/// Cases and the server that they are to run against.
pub struct Suite {
    command: ServerCommand,
    cases: Vec<Case>,
    jobs: usize,
}

/// What a run tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Cases that have ended.
    pub done: usize,
    /// Cases in all.
    pub total: usize,
    /// The one that ended last.
    pub last: &'a CaseReport,
}

impl Suite {
    /// The cases that are to run, and how many tools are worked on beside each other.
    #[must_use]
    pub fn new(command: ServerCommand, cases: Vec<Case>, jobs: usize) -> Self {
        Self { command, cases, jobs: jobs.max(1) }
    }

    /// Runs until all cases have ended, or until `stop`; those that have not run by then are not in the report.
    /// Servers are always ended. Fails only when a tool's first server could not be started.
    pub async fn run(
        self,
        progress: impl Fn(Progress<'_>),
        stop: impl Future<Output = ()> + Clone,
    ) -> Result<Report, StartError> {
        let started = Instant::now();
        let total = self.cases.len();
        let done = Cell::new(0);
        let tell = |last: &CaseReport| {
            done.set(done.get() + 1);
            progress(Progress { done: done.get(), total, last });
        };
        let command = &self.command;
        let runs = Tool::ALL.into_iter().filter_map(|tool| {
            let cases: Vec<&Case> = self.cases.iter().filter(|case| case.tool == tool).collect();
            (!cases.is_empty()).then(|| run_tool(tool, cases, command, &tell, stop.clone()))
        });
        let runs: Vec<_> = stream::iter(runs).buffered(self.jobs).collect().await;
        let mut report = Report::default();
        for run in runs {
            let (server, cases) = run?;
            report.server = server;
            report.cases.extend(cases);
        }
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }
}

/// Runs the cases of one tool. Gives what the server calls itself, and how they went.
async fn run_tool(
    tool: Tool,
    cases: Vec<&Case>,
    command: &ServerCommand,
    tell: &impl Fn(&CaseReport),
    stop: impl Future<Output = ()>,
) -> Result<(String, Vec<CaseReport>), StartError> {
    let tag = unique_tag();
    let mut stop = pin!(stop);
    let first = tokio::select! {
        first = Server::start(command) => first?,
        () = &mut stop => return Ok((String::new(), Vec::new())),
    };
    let name = first.name.clone();
    let mut session = Some(Session::new(first, tool, &tag));
    let mut reports = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        let started = Instant::now();
        let current = match session.take() {
            Some(session) => Ok(session),
            None => Server::start(command).await.map(|server| Session::new(server, tool, &tag)),
        };
        let verdict = match current {
            Ok(current) => {
                let judged = tokio::select! {
                    judged = run_case(case, &current, number) => judged,
                    () = &mut stop => {
                        current.abandon().await;
                        return Ok((name, reports));
                    }
                };
                match is_lost(&judged) {
                    true => current.abandon().await,
                    false => session = Some(current),
                }
                Verdict::of(judged)
            }
            Err(error) => Verdict::Failed { expected: "a server that starts again".into(), found: error.to_string() },
        };
        let report = CaseReport::new(case, verdict, started.elapsed());
        tell(&report);
        reports.push(report);
    }
    if let Some(session) = session {
        session.end().await;
    }
    Ok((name, reports))
}

async fn run_case(case: &Case, session: &Session, number: usize) -> Result<(), Miss> {
    session.offer(case.tool)?;
    let steps = async {
        session.begin_case(number).await?;
        case.run(session).await
    };
    timeout(CASE_LIMIT, steps).await.unwrap_or_else(|_| Err(Miss::silent(CASE_LIMIT)))
}

fn is_lost(judged: &Result<(), Miss>) -> bool {
    matches!(judged, Err(Miss::Gone { .. }))
}

/// Tells runs apart that share a machine, and with it `/tmp`.
fn unique_tag() -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    format!("{}-{nanos}", process::id())
}
