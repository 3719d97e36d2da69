//! Several executors as one. A name is offered once: the first executor that offers it has it.

use async_trait::async_trait;
use handspike_core::{CallContext, Executor, Fault, Lane};
use handspike_types::{ToolCall, ToolOutput, ToolSpec};

use crate::no_such_tool::no_such_tool;

/// Sends calls to the executors that offer their tools.
#[derive(Default)]
pub struct Router {
    executors: Vec<Box<dyn Executor>>,
    routes: Vec<Route>,
}

struct Route {
    spec: ToolSpec,
    executor: usize,
}

impl Router {
    /// A router without tools.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same router with an executor more.
    #[must_use]
    pub fn with(mut self, executor: Box<dyn Executor>) -> Self {
        let index = self.executors.len();
        for spec in executor.specs() {
            let is_taken = |route: &Route| route.spec.name == spec.name && route.spec.toolset == spec.toolset;
            if !self.routes.iter().any(is_taken) {
                self.routes.push(Route { spec, executor: index });
            }
        }
        self.executors.push(executor);
        self
    }

    /// A tool that stands alone may have the name of a set's member, so the set counts where the call names one. Providers
    /// that know no sets name the member alone.
    fn find(&self, call: &ToolCall) -> Option<&dyn Executor> {
        let named = || self.routes.iter().filter(|route| route.spec.name == call.name);
        let exact = named().find(|route| route.spec.toolset == call.toolset);
        let route = exact.or_else(|| named().find(|_| call.toolset.is_none()))?;
        Some(&*self.executors[route.executor])
    }
}

#[async_trait]
impl Executor for Router {
    fn specs(&self) -> Vec<ToolSpec> {
        self.routes.iter().map(|route| route.spec.clone()).collect()
    }

    fn lane(&self, call: &ToolCall) -> Lane {
        self.find(call).map_or(Lane::Free, |executor| executor.lane(call))
    }

    fn after_failure(&self, call: &ToolCall) -> Option<ToolOutput> {
        self.find(call)?.after_failure(call)
    }

    fn belongs_to_client(&self, call: &ToolCall) -> bool {
        self.find(call).is_some_and(|executor| executor.belongs_to_client(call))
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        match self.find(call) {
            Some(executor) => executor.execute(call, context).await,
            None => Ok(no_such_tool(&call.name, self.routes.iter().map(|route| &route.spec))),
        }
    }

    async fn client_left(&self) {
        for executor in &self.executors {
            executor.client_left().await;
        }
    }

    async fn close(&self) -> Result<(), Fault> {
        let mut first_fault = Ok(());
        for executor in &self.executors {
            // One that fails must not keep the others from closing.
            first_fault = first_fault.and(executor.close().await);
        }
        first_fault
    }
}
