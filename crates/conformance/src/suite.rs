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
    server::{GREETING_LIMIT, Server, ServerCommand, StartError},
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

/// After this time without a greeting somebody who waits is told what for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a run tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The server takes its time to greet. Told once.
    Waiting {
        /// How long it is waited for at most.
        limit: Duration,
    },
    /// A case has ended.
    Ended {
        /// Cases that have ended.
        done: usize,
        /// Cases in all.
        total: usize,
        /// The one that ended last.
        last: &'a CaseReport,
    },
}

/// What the runs of the tools share.
struct Run<'a, P> {
    command: &'a ServerCommand,
    total: usize,
    done: Cell<usize>,
    has_waited: Cell<bool>,
    /// A server could not be started, so no other is tried.
    has_failed: Cell<bool>,
    progress: P,
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
        let run = Run {
            command: &self.command,
            total,
            done: Cell::new(0),
            has_waited: Cell::new(false),
            has_failed: Cell::new(false),
            progress,
        };
        let runs = Tool::ALL.into_iter().filter_map(|tool| {
            let cases: Vec<&Case> = self.cases.iter().filter(|case| case.tool == tool).collect();
            (!cases.is_empty()).then(|| run.tool(tool, cases, stop.clone()))
        });
        let runs: Vec<_> = stream::iter(runs).buffered(self.jobs).collect().await;
        let mut report = Report::default();
        for run in runs {
            let (server, cases) = run?;
            // A run that was stopped early knows no name.
            if !server.is_empty() {
                report.server = server;
            }
            report.cases.extend(cases);
        }
        report.not_run = total - report.cases.len();
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }
}

impl<P: Fn(Progress<'_>)> Run<'_, P> {
    /// Runs the cases of one tool. Gives what the server calls itself, and how they went.
    async fn tool(
        &self,
        tool: Tool,
        cases: Vec<&Case>,
        stop: impl Future<Output = ()>,
    ) -> Result<(String, Vec<CaseReport>), StartError> {
        if self.has_failed.get() {
            return Ok((String::new(), Vec::new()));
        }
        let tag = unique_tag();
        let mut stop = pin!(stop);
        let first = tokio::select! {
            first = self.first_server() => first?,
            () = &mut stop => return Ok((String::new(), Vec::new())),
        };
        let name = first.name.clone();
        let mut session = Some(Session::new(first, tool, &tag));
        let mut reports = Vec::new();
        for (number, case) in cases.into_iter().enumerate() {
            let started = Instant::now();
            let current = match session.take() {
                Some(session) => Ok(session),
                None => Server::start(self.command).await.map(|server| Session::new(server, tool, &tag)),
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
                Err(error) => {
                    Verdict::Failed { expected: "a server that starts again".into(), found: error.to_string() }
                }
            };
            let report = CaseReport::new(case, verdict, started.elapsed());
            self.tell(&report);
            reports.push(report);
        }
        if let Some(session) = session {
            session.end().await;
        }
        Ok((name, reports))
    }

    async fn first_server(&self) -> Result<Server, StartError> {
        let mut starting = pin!(Server::start(self.command));
        let started = match timeout(PATIENCE, &mut starting).await {
            Ok(started) => started,
            Err(_) => {
                if !self.has_waited.replace(true) {
                    (self.progress)(Progress::Waiting { limit: GREETING_LIMIT });
                }
                starting.await
            }
        };
        started.inspect_err(|_| self.has_failed.set(true))
    }

    fn tell(&self, last: &CaseReport) {
        self.done.set(self.done.get() + 1);
        (self.progress)(Progress::Ended { done: self.done.get(), total: self.total, last });
    }
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
