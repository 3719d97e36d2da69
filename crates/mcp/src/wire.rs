//! A tool in the protocol's words. What it answers is worded by `handspike-wire`.

use handspike_types::ToolSpec;
use handspike_wire::TOOLSET_KEY;
use rmcp::model::{MetaObject, Tool, ToolAnnotations};
use serde_json::{Map, Value};

use crate::ToolHints;

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
