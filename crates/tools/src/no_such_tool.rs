//! The answer to a call that names a tool that is not offered.

use handspike_types::{ToolOutput, ToolSpec, quoted};

/// Names what came and what there is.
pub(crate) fn no_such_tool<'a>(name: &str, offered: impl IntoIterator<Item = &'a ToolSpec>) -> ToolOutput {
    let names: Vec<String> = offered.into_iter().map(|spec| format!("`{}`", spec.name)).collect();
    ToolOutput::error(format!("there is no tool {}; the tools are {}", quoted(name), names.join(", ")))
}
