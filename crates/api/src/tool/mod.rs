//! Tools as a client defines them.

mod api_call;
mod definition;
mod function;
mod integration;
mod patch;
mod sandbox;
mod system;

pub use api_call::{ApiCallDef, HttpMethod, ParamSchema, ParamsSchema, QueryParams, SecretRef};
pub use definition::{Tool, ToolDefinition, ToolSpec};
pub use function::FunctionDef;
pub use integration::{IntegrationDef, Provider};
pub use patch::{ToolFields, ToolPatch};
pub use sandbox::{
    Bash20241022Def, Bash20250124Def, Computer20241022Def, Computer20250124Def, Computer20251124Def,
    TextEditor20241022Def, TextEditor20250124Def, TextEditor20250429Def, TextEditor20250728Def,
};
pub use system::{Operation, Resource, Subresource, SystemDef};

#[cfg(test)]
mod tests;
