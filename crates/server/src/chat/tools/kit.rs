//! Putting the tools of a turn together.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use handspike_api::{CallType, ToolDefinition};
use handspike_core::{CallContext, Executor, Fault, Lane, Sandboxes};
use handspike_tools::Router;
use handspike_types::{SessionId, ToolCall, ToolOutput, ToolSpec};
use serde::{Deserialize, Serialize};

use super::{
    bench::{Bench, sandbox_tool, wishes},
    outside::Outside,
};

/// Who runs calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Runs {
    /// The server, but for functions.
    Here,
    /// The client, all of them.
    ByClient,
}

/// The tools of a turn.
pub(crate) struct Kit {
    /// Offers them and runs the calls.
    pub(crate) executor: Box<dyn Executor>,
    /// As they are offered.
    pub(crate) specs: Vec<ToolSpec>,
    /// Of what type each is.
    pub(crate) kinds: Arc<Kinds>,
}

/// Of what type tools are, by name, and whose calls are whose.
#[derive(Debug)]
pub(crate) struct Kinds {
    by_name: HashMap<String, CallType>,
    runs: Runs,
}

impl Kinds {
    pub(crate) fn of(definitions: &[ToolDefinition], runs: Runs) -> Self {
        let by_name = definitions.iter().map(|tool| (tool.name.clone(), tool.spec.kind())).collect();
        Self { by_name, runs }
    }

    /// A tool's type. What a model has made up is called a function.
    pub(crate) fn of_tool(&self, name: &str) -> CallType {
        self.by_name.get(name).copied().unwrap_or_default()
    }

    /// Whether the client runs the calls to a tool. Those to one that there is not are answered here.
    pub(crate) fn is_clients(&self, name: &str) -> bool {
        match self.runs {
            Runs::ByClient => true,
            Runs::Here => self.by_name.get(name) == Some(&CallType::Function),
        }
    }
}

impl Kit {
    /// The tools of these definitions, no two of which have the same name.
    pub(crate) fn new(
        definitions: &[ToolDefinition],
        runs: Runs,
        sandboxes: &dyn Sandboxes,
        session: SessionId,
    ) -> Self {
        let wishes = wishes(definitions);
        let mut benches: Vec<Bench> = Vec::new();
        let mut outside = Vec::new();
        for definition in definitions {
            match sandbox_tool(&definition.spec) {
                Some(tool) => Bench::place(&mut benches, definition, tool),
                None => outside.push(definition.clone()),
            }
        }
        let mut router = Router::new().with(Box::new(Outside::new(outside)));
        for bench in benches {
            router = router.with(Box::new(bench.into_executor(sandboxes.source(session, &wishes))));
        }
        let kinds = Arc::new(Kinds::of(definitions, runs));
        let order = definitions.iter().map(|tool| tool.name.clone()).collect();
        let executor = Box::new(Sorted { router, order, kinds: Arc::clone(&kinds) });
        Self { specs: executor.specs(), executor, kinds }
    }
}

/// The tools in the order of their definitions, so that the same tools are always offered in the same way.
struct Sorted {
    router: Router,
    order: Vec<String>,
    kinds: Arc<Kinds>,
}

#[async_trait]
impl Executor for Sorted {
    fn specs(&self) -> Vec<ToolSpec> {
        let mut specs = self.router.specs();
        specs.sort_by_key(|spec| self.order.iter().position(|name| *name == spec.name));
        specs
    }

    fn lane(&self, call: &ToolCall) -> Lane {
        self.router.lane(call)
    }

    fn after_failure(&self, call: &ToolCall) -> Option<ToolOutput> {
        self.router.after_failure(call)
    }

    fn belongs_to_client(&self, call: &ToolCall) -> bool {
        self.kinds.is_clients(&call.name)
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        self.router.execute(call, context).await
    }

    async fn close(&self) -> Result<(), Fault> {
        self.router.close().await
    }
}

/// The tools of a request beside those of its agent: the agent's first, then those whose names are new.
pub(crate) fn joined(of_agent: Vec<ToolDefinition>, of_request: Vec<ToolDefinition>) -> Vec<ToolDefinition> {
    let mut all = of_agent;
    for tool in of_request {
        if all.iter().all(|known| known.name != tool.name) {
            all.push(tool);
        }
    }
    all
}
