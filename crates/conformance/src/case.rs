//! A case: a name that stays, the reason why it matters, and what it does.

use std::marker::PhantomData;

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::{miss::Miss, session::Session};

/// The tools that cases are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// `bash`.
    Bash,
    /// `str_replace_editor` or `str_replace_based_edit_tool`.
    Editor,
    /// `computer`, or the set of tools of which each is one of its actions.
    Computer,
}

impl Tool {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 3] = [Self::Bash, Self::Editor, Self::Computer];

    /// The name in reports and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Editor => "editor",
            Self::Computer => "computer",
        }
    }

    /// The names that the tool may have on the wire.
    #[must_use]
    pub fn wire_names(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["bash"],
            Self::Editor => &["str_replace_editor", "str_replace_based_edit_tool"],
            Self::Computer => &["computer"],
        }
    }
}

/// One thing that a good server does.
pub struct Case {
    /// The tool that it is about.
    pub tool: Tool,
    /// What it belongs to, within its tool.
    pub group: &'static str,
    /// What holds when it is passed. Unique within the tool, and stable.
    pub name: &'static str,
    /// Why it matters, in one sentence.
    pub why: &'static str,
    steps: Box<dyn Steps>,
}

impl Case {
    /// Takes its steps.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Miss> {
        self.steps.take(session).await
    }
}

/// Cases that belong together.
pub(crate) struct Group {
    tool: Tool,
    name: &'static str,
    cases: Vec<Case>,
}

impl Group {
    pub(crate) fn new(tool: Tool, name: &'static str) -> Self {
        Self { tool, name, cases: Vec::new() }
    }

    /// Adds a case. Whatever its steps end with is judged already and dropped.
    pub(crate) fn case<T: 'static>(
        mut self,
        name: &'static str,
        why: &'static str,
        steps: impl AsyncFn(&Session) -> Result<T, Miss> + 'static,
    ) -> Self {
        let steps = Box::new(Judged { steps, end: PhantomData });
        self.cases.push(Case { tool: self.tool, group: self.name, name, why, steps });
        self
    }

    pub(crate) fn into_cases(self) -> Vec<Case> {
        self.cases
    }
}

/// What a case does; an object, so that cases of all kinds stand in one list.
trait Steps {
    fn take<'a>(&'a self, session: &'a Session) -> LocalBoxFuture<'a, Result<(), Miss>>;
}

struct Judged<F, T> {
    steps: F,
    end: PhantomData<fn() -> T>,
}

impl<F: AsyncFn(&Session) -> Result<T, Miss>, T> Steps for Judged<F, T> {
    fn take<'a>(&'a self, session: &'a Session) -> LocalBoxFuture<'a, Result<(), Miss>> {
        Box::pin(async move { (self.steps)(session).await.map(drop) })
    }
}
