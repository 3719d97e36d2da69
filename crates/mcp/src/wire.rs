//! Between the executor's words and the protocol's.

use handspike_types::{ContentPart, ToolOutput, ToolSpec};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject, Tool, ToolAnnotations};
use serde_json::{Map, Value};

use crate::ToolHints;

/// The key in a tool's `_meta` that names the set it is a member of.
const TOOLSET_KEY: &str = "toolset_name";

/// The key in a result's `_meta` under which programs find the facts of the call.
const DETAILS_KEY: &str = "dev.handspike/details";

pub(crate) fn tool(spec: ToolSpec, hints: &ToolHints) -> Tool {
    let schema = match spec.parameters {
        Value::Object(schema) => schema,
        // The protocol knows no other schemas, and an object without rules takes whatever the executor then judges.
        _ => Map::from_iter([("type".to_owned(), Value::from("object"))]),
    };
    let looks = hints.looking.contains(&spec.name);
    let annotations = ToolAnnotations::new().read_only(looks).destructive(!looks).open_world(hints.open_world);
    let tool = Tool::new(spec.name, spec.description, schema).with_annotations(annotations);
    match spec.toolset {
        Some(set) => tool.with_meta(MetaObject(Map::from_iter([(TOOLSET_KEY.to_owned(), Value::from(set))]))),
        None => tool,
    }
}

pub(crate) fn result(output: ToolOutput) -> CallToolResult {
    let content = output.content.into_iter().map(|part| match part {
        ContentPart::Text { text } => ContentBlock::text(text),
        ContentPart::Image(image) => ContentBlock::image(image.data, image.media_type),
    });
    let mut result = if output.is_error {
        CallToolResult::error(content.collect())
    } else {
        CallToolResult::success(content.collect())
    };
    // Not as structured content: that is to say what the text says, and some clients show a model it alone.
    let details = output.details.and_then(|details| serde_json::to_value(details).ok());
    result.meta = details.map(|details| MetaObject(Map::from_iter([(DETAILS_KEY.to_owned(), details)])));
    result
}
