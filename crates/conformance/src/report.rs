//! How cases went, for people as a table and for programs as JSON.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use serde::Serialize;

use crate::{
    case::{Case, Tool},
    miss::Miss,
};

/// How one case ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The server does what the case's name says.
    Passed,
    /// It does something else.
    Failed {
        /// What a good server does.
        expected: String,
        /// What this one did.
        found: String,
    },
    /// It lacks what the case is about.
    NotApplicable {
        /// What it lacks.
        reason: String,
    },
}

impl Verdict {
    pub(crate) fn of(judged: Result<(), Miss>) -> Self {
        match judged {
            Ok(()) => Self::Passed,
            Err(Miss::Failed { expected, found } | Miss::Gone { expected, found }) => Self::Failed { expected, found },
            Err(Miss::NotApplicable(reason)) => Self::NotApplicable { reason },
        }
    }
}

/// One case and how it went.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The tool that the case is about.
    pub tool: Tool,
    /// What it belongs to within its tool.
    pub group: &'static str,
    /// What holds when it is passed.
    pub name: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took.
    pub seconds: f64,
}

impl CaseReport {
    pub(crate) fn new(case: &Case, verdict: Verdict, took: Duration) -> Self {
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        Self { tool: case.tool, group: case.group, name: case.name, why: case.why, verdict, seconds }
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub not_applicable: usize,
}

/// A whole run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What the server calls itself.
    pub server: String,
    /// How long the run took.
    pub seconds: f64,
    /// Cases that were chosen and not run, because the run was stopped before.
    pub not_run: usize,
    /// The cases, tool by tool and group by group.
    pub cases: Vec<CaseReport>,
}

impl Report {
    /// All cases together.
    #[must_use]
    pub fn counts(&self) -> Counts {
        count(self.cases.iter())
    }

    /// Whether something was checked and nothing failed. What does not apply is no failure, unless nothing does.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let counts = self.counts();
        counts.failed == 0 && counts.passed > 0
    }

    /// Everything as JSON, with the counts in front.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "server": self.server, "seconds": self.seconds, "counts": self.counts(), "not_run": self.not_run,
            "cases": self.cases,
        })
    }

    /// Tool and group of each case, each pair once and in order.
    fn groups(&self) -> Vec<(Tool, &'static str)> {
        let mut groups: Vec<_> = self.cases.iter().map(|case| (case.tool, case.group)).collect();
        groups.dedup();
        groups
    }

    fn cases_of(&self, tool: Tool, group: Option<&str>) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(move |case| case.tool == tool && group.is_none_or(|group| case.group == group))
    }

    /// Each reason once, with the number of cases, since one missing program is one thing to know.
    fn not_applicable(&self) -> String {
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for case in &self.cases {
            if let Verdict::NotApplicable { reason } = &case.verdict {
                match reasons.iter_mut().find(|(known, _)| known == reason) {
                    Some((_, count)) => *count += 1,
                    None => reasons.push((reason, 1)),
                }
            }
        }
        let mut text = String::new();
        for (index, (reason, count)) in reasons.iter().enumerate() {
            let lead = if index == 0 { "\n" } else { "" };
            let cases = if *count == 1 { "case" } else { "cases" };
            let _ = writeln!(text, "{lead}not applicable, {count} {cases}: {reason}");
        }
        text
    }
}

fn count<'a>(cases: impl Iterator<Item = &'a CaseReport>) -> Counts {
    cases.fold(Counts::default(), |mut counts, case| {
        match case.verdict {
            Verdict::Passed => counts.passed += 1,
            Verdict::Failed { .. } => counts.failed += 1,
            Verdict::NotApplicable { .. } => counts.not_applicable += 1,
        }
        counts
    })
}

/// The table: a line for each group and tool, then what failed, then what did not apply and why.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:32} {:>7} {:>7} {:>7}", self.server, "passed", "failed", "n/a")?;
        for (tool, group) in self.groups() {
            row(f, &format!("  {} · {group}", tool.name()), count(self.cases_of(tool, Some(group))))?;
        }
        for tool in Tool::ALL {
            if self.cases_of(tool, None).next().is_some() {
                row(f, tool.name(), count(self.cases_of(tool, None)))?;
            }
        }
        row(f, "all", self.counts())?;
        if self.not_run > 0 {
            writeln!(f, "\nSTOPPED  {} of {} cases were not run", self.not_run, self.cases.len() + self.not_run)?;
        }
        for case in &self.cases {
            if let Verdict::Failed { expected, found } = &case.verdict {
                write!(f, "\nFAILED  {} · {}: {}\n", case.tool.name(), case.group, case.name)?;
                writeln!(f, "  expected  {expected}\n  found     {found}\n  matters   {}", case.why)?;
            }
        }
        f.write_str(&self.not_applicable())?;
        let Counts { passed, failed, not_applicable } = self.counts();
        if passed + failed == 0 && not_applicable > 0 {
            writeln!(f, "\nerror: no case applies to what this server lists, so nothing was checked")?;
            writeln!(f, "hint: the tools are looked for by their published names")?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, counts: Counts) -> fmt::Result {
    writeln!(f, "{name:32} {:>7} {:>7} {:>7}", counts.passed, counts.failed, counts.not_applicable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let case = |name, verdict| CaseReport {
            tool: Tool::Editor,
            group: "bytes",
            name,
            why: "files are not ours to change",
            verdict,
            seconds: 0.1,
        };
        let failed = Verdict::Failed { expected: "`a\\r\\n`".to_owned(), found: "`a\\n`".to_owned() };
        let lacks = || Verdict::NotApplicable { reason: "this server has no program `xterm`".to_owned() };
        Report {
            server: "some-server 1.0".to_owned(),
            seconds: 1.0,
            not_run: 0,
            cases: vec![
                case("tabs stay", Verdict::Passed),
                case("crlf stays", failed),
                case("one", lacks()),
                case("two", lacks()),
            ],
        }
    }

    #[test]
    fn the_table_shows_counts_failures_and_each_missing_thing_once() {
        let table = report().to_string();
        assert!(table.contains("editor · bytes"), "{table}");
        assert!(table.contains("FAILED  editor · bytes: crlf stays"), "{table}");
        assert!(table.contains("expected  `a\\r\\n`") && table.contains("found     `a\\n`"), "{table}");
        assert!(table.contains("files are not ours to change"), "{table}");
        assert_eq!(table.matches("no program `xterm`").count(), 1);
        assert!(table.contains("2 cases"), "{table}");
    }

    #[test]
    fn a_run_that_was_stopped_says_how_much_is_missing() {
        assert!(!report().to_string().contains("not run"));
        let stopped = Report { not_run: 3, ..report() };
        assert!(stopped.to_string().contains("3 of 7 cases were not run"), "{stopped}");
        assert_eq!(stopped.to_json()["not_run"], 3);
    }

    #[test]
    fn only_a_failure_makes_a_run_unclean() {
        let mut report = report();
        assert_eq!(report.counts(), Counts { passed: 1, failed: 1, not_applicable: 2 });
        assert!(!report.is_clean());
        report.cases.remove(1);
        assert!(report.is_clean() && !report.to_string().contains("nothing was checked"));
        report.cases.remove(0);
        assert!(!report.is_clean() && report.to_string().contains("nothing was checked"), "{report}");
    }

    #[test]
    fn the_json_holds_every_case_with_its_verdict() {
        let json = report().to_json();
        assert_eq!(json["counts"]["failed"], 1);
        assert_eq!(json["cases"][1]["verdict"], "failed");
        assert_eq!(json["cases"][1]["found"], "`a\\n`");
        assert_eq!(json["cases"][2]["verdict"], "not_applicable");
        assert_eq!(json["cases"][0]["tool"], "editor");
    }
}
