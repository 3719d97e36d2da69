//! Partial updates of tools. As what a tool needs depends on its type, the fields of all types may be named; merged into
//! the tool's definition they are checked again, and those of other types are left out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiCallDef, Bash20241022Def, Bash20250124Def, Computer20241022Def, Computer20250124Def, Computer20251124Def,
    FunctionDef, IntegrationDef, SystemDef, TextEditor20241022Def, TextEditor20250124Def, TextEditor20250429Def,
    TextEditor20250728Def,
};
use crate::{CallType, Patch};

/// Any of a tool's fields (PATCH).
pub type ToolPatch = Patch<ToolFields>;

/// The fields of a tool of any type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ToolForm)]
#[allow(missing_docs, reason = "they are those of a tool's definition")]
pub struct ToolFields {
    #[schema(max_length = 40, pattern = r"^[^\W0-9]\w*$")]
    pub name: Option<String>,
    #[schema(max_length = 16000)]
    pub description: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<CallType>,
    pub function: Option<FunctionDef>,
    pub integration: Option<IntegrationDef>,
    pub system: Option<SystemDef>,
    pub api_call: Option<ApiCallDef>,
    pub computer_20241022: Option<Computer20241022Def>,
    pub computer_20250124: Option<Computer20250124Def>,
    pub computer_20251124: Option<Computer20251124Def>,
    pub text_editor_20241022: Option<TextEditor20241022Def>,
    pub text_editor_20250124: Option<TextEditor20250124Def>,
    pub text_editor_20250429: Option<TextEditor20250429Def>,
    pub text_editor_20250728: Option<TextEditor20250728Def>,
    pub bash_20241022: Option<Bash20241022Def>,
    pub bash_20250124: Option<Bash20250124Def>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ToolDefinition, check::read_value, merge_patch};

    #[test]
    fn a_patch_can_change_a_tools_description_its_spec_and_its_type() {
        let tool = json!({"name": "look", "type": "function", "function": {"parameters": {"type": "object"}}});
        for (patch, merged) in [
            (
                json!({"description": "new"}),
                json!({"name": "look", "description": "new", "type": "function", "function": tool["function"]}),
            ),
            (json!({"type": "bash_20250124", "nobody": 1}), json!({"name": "look", "type": "bash_20250124"})),
        ] {
            let patch: ToolPatch = read_value(patch).expect("fits");
            let patched: ToolDefinition = read_value(merge_patch(tool.clone(), patch.into_json())).expect("fits");
            assert_eq!(patched, read_value(merged).expect("fits"));
        }
        let incomplete: ToolPatch = read_value(json!({"type": "system"})).expect("fits alone");
        let invalid = read_value::<ToolDefinition>(merge_patch(tool, incomplete.into_json())).expect_err("no spec");
        assert_eq!(invalid.details[0].loc, "system");
    }
}
