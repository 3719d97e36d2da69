//! The protocol's side of a server: what is answered to which request.

use std::sync::Arc;

use handspike_types::ToolOutput;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestMethod, CallToolRequestParams, CallToolResponse, CallToolResult, ConstString as _,
        CustomRequest, CustomResult, ErrorCode, Implementation, ListToolsResult, PaginatedRequestParams,
        ProtocolVersion, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::Value;

use crate::{Server, calls::CallEvent, connection::Connection, progress::Reporter, wire};

/// What is served beside calls. A request of this name that arrives as an unknown one has parameters that do not fit.
const OTHER_METHODS: [&str; 4] = ["initialize", "ping", "server/discover", "tools/list"];

/// One client's view of the server.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Server>);

impl ServerHandler for Service {
    fn get_info(&self) -> ServerConfig {
        let info = &self.0.info;
        let config = ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(&info.name, &info.version));
        match &info.instructions {
            Some(instructions) => config.with_instructions(instructions),
            None => config,
        }
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let hints = &self.0.info.hints;
        let tools = self.0.executor.specs().into_iter().map(|spec| wire::tool(spec, hints));
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        Ok(self.call(&request.name, arguments, &context).await.into())
    }

    /// A call whose arguments are no object is none to the protocol's own types. A model that made it can mend it only
    /// if it is told in a result.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if OTHER_METHODS.contains(&request.method.as_str()) {
            let text = format!("the parameters of `{}` do not fit", request.method);
            return Err(ErrorData::invalid_params(text, None));
        }
        if request.method != CallToolRequestMethod::VALUE {
            let text = format!("there is no method `{}`", request.method);
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, text, None));
        }
        let params = request.params.unwrap_or_default();
        let Some(name) = params.get("name").and_then(Value::as_str) else {
            return Err(ErrorData::invalid_params("parameter `name` is required and names a tool", None));
        };
        let mut result = match params.get("arguments") {
            Some(arguments) if !arguments.is_object() => {
                let came: String = arguments.to_string().chars().take(80).collect();
                let text = format!("the arguments of `{name}` are no JSON object; what came begins with `{came}`");
                handspike_wire::result(ToolOutput::error(text), self.0.toolset_of(name))
            }
            Some(_) | None => return Err(ErrorData::invalid_params("the call's parameters cannot be read", None)),
        };
        if context.protocol_version().is_none_or(|version| version < ProtocolVersion::V_2026_07_28) {
            result.result_type = None;
        }
        let result =
            serde_json::to_value(result).map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(CustomResult::new(result))
    }
}

impl Service {
    /// Runs a call to its end, telling the client how it goes.
    async fn call(&self, tool: &str, arguments: Value, context: &RequestContext<RoleServer>) -> CallToolResult {
        // A connection of its own is only known where it lives longer than the request; otherwise the request's own
        // token fires when the client goes.
        let connection = context.extensions.get::<Connection>();
        let gone = connection.map_or(&self.0.stop, |connection| &connection.gone).clone();
        let _waiting = connection.and_then(|connection| Some(connection.presence.as_ref()?.call()));
        let mut call = self.0.start(tool, arguments, context.ct.child_token());
        let mut reporter = context.meta.get_progress_token().map(|token| Reporter::new(context.peer.clone(), token));
        let mut is_wanted = true;
        loop {
            let event = tokio::select! {
                biased;
                () = gone.cancelled(), if is_wanted => {
                    call.cancel();
                    is_wanted = false;
                    continue;
                }
                () = context.ct.cancelled(), if is_wanted => {
                    is_wanted = false;
                    continue;
                }
                event = call.next() => event,
            };
            match (event, &mut reporter) {
                (CallEvent::Answered(output), _) => return handspike_wire::result(output, self.0.toolset_of(tool)),
                (CallEvent::News(text), Some(reporter)) if is_wanted => {
                    tokio::select! {
                        () = reporter.report(call.elapsed(), text) => {}
                        // A client that is gone takes nothing any more, and its end must not wait for that.
                        () = gone.cancelled() => {}
                        () = context.ct.cancelled() => {}
                    }
                }
                (CallEvent::News(_), _) => {}
            }
        }
    }
}
