//! Tools that need no sandbox: functions, which the client runs, and those that this server does not run yet. A model is
//! offered them all, so that a client can run any of them itself.

use async_trait::async_trait;
use handspike_api::{ApiCallDef, CallType, SystemDef, ToolDefinition, ToolSpec};
use handspike_core::{CallContext, Executor, Fault};
use handspike_types::{ToolCall, ToolOutput};
use serde_json::{Value, json};

use crate::chat::{entry::word_of, messages::kind_word};

/// Tools without a sandbox.
pub(super) struct Outside {
    tools: Vec<ToolDefinition>,
}

impl Outside {
    pub(super) fn new(tools: Vec<ToolDefinition>) -> Self {
        Self { tools }
    }
}

#[async_trait]
impl Executor for Outside {
    fn specs(&self) -> Vec<handspike_types::ToolSpec> {
        self.tools.iter().map(offered).collect()
    }

    async fn execute(&self, call: &ToolCall, _: &CallContext) -> Result<ToolOutput, Fault> {
        let kind =
            self.tools.iter().find(|tool| tool.name == call.name).map_or(CallType::Function, |tool| tool.spec.kind());
        let kind = kind_word(kind);
        Ok(ToolOutput::error(format!("not run: this server does not run tools of the type `{kind}` yet")))
    }
}

/// A definition as it is offered to a model.
fn offered(definition: &ToolDefinition) -> handspike_types::ToolSpec {
    let anything = json!({"type": "object", "properties": {}});
    let (words, parameters) = match &definition.spec {
        ToolSpec::Function { function } => {
            let parameters = function.parameters.clone().map(Value::Object);
            (String::new(), parameters.unwrap_or(anything))
        }
        ToolSpec::ApiCall { api_call } => (words_of_api_call(api_call), parameters_of_api_call(api_call)),
        ToolSpec::System { system } => (words_of_system(system), anything),
        ToolSpec::Integration { integration } => {
            let method = integration.method.as_deref().map(|method| format!(", method {method}")).unwrap_or_default();
            (format!("Asks the service {}{method}.", word_of(&integration.provider)), anything)
        }
        // They stand on a bench.
        ToolSpec::Computer20241022 { .. }
        | ToolSpec::Computer20250124 { .. }
        | ToolSpec::Computer20251124 { .. }
        | ToolSpec::TextEditor20241022 { .. }
        | ToolSpec::TextEditor20250124 { .. }
        | ToolSpec::TextEditor20250429 { .. }
        | ToolSpec::TextEditor20250728 { .. }
        | ToolSpec::Bash20241022 { .. }
        | ToolSpec::Bash20250124 { .. } => (String::new(), anything),
    };
    let description = definition.description.clone().filter(|text| !text.trim().is_empty()).unwrap_or(words);
    handspike_types::ToolSpec::new(&definition.name, description, parameters)
}

/// The address stays unsaid: it may hold what is nobody's business.
fn words_of_api_call(tool: &ApiCallDef) -> String {
    format!("Sends an HTTP request with the method {}.", word_of(&tool.method))
}

fn parameters_of_api_call(tool: &ApiCallDef) -> Value {
    match &tool.params_schema {
        Some(schema) => {
            let mut schema = schema.json().clone();
            schema["type"] = json!("object");
            schema
        }
        None => json!({"type": "object", "properties": {}}),
    }
}

fn words_of_system(tool: &SystemDef) -> String {
    let subresource =
        tool.subresource.map(|subresource| format!(", its {}", word_of(&subresource))).unwrap_or_default();
    format!("Resource {}{subresource}: {}.", word_of(&tool.resource), word_of(&tool.operation))
}

#[cfg(test)]
mod tests {
    use handspike_api::check::read_value;

    use super::*;

    fn spec_of(definition: Value) -> handspike_types::ToolSpec {
        offered(&read_value(definition).expect("a definition"))
    }

    #[test]
    fn each_type_is_offered_with_what_a_model_may_set() {
        let parameters = json!({"type": "object", "properties": {"x": {"type": "string"}}});
        let function = spec_of(json!({"name": "f", "type": "function", "function": {"parameters": parameters}}));
        assert_eq!((function.name.as_str(), &function.parameters), ("f", &parameters));
        let api_call = json!({"method": "GET", "url": "https://x.test", "params_schema": {"properties": {"q": {"type": "string"}}}});
        let api_call = spec_of(json!({"name": "g", "type": "api_call", "description": "Looks.", "api_call": api_call}));
        let expected = json!({"properties": {"q": {"type": "string"}}, "type": "object"});
        assert_eq!((api_call.description.as_str(), &api_call.parameters), ("Looks.", &expected));
        let system = json!({"resource": "agent", "subresource": "doc", "operation": "search"});
        let system = spec_of(json!({"name": "h", "type": "system", "system": system}));
        assert_eq!(system.description, "Resource agent, its doc: search.");
        let integration = spec_of(json!({"name": "i", "type": "integration", "integration": {"provider": "weather"}}));
        assert_eq!(
            (integration.description.as_str(), &integration.parameters["type"]),
            ("Asks the service weather.", &json!("object"))
        );
    }
}
