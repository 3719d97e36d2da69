//! Results, as they are written and read.

use handspike_types::{ContentPart, ToolDetails, ToolOutput};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Map, Value};

/// The key in the `_meta` of a tool, and of a result, that names the set which the tool is a member of.
pub const TOOLSET_KEY: &str = "toolset_name";

/// The key in a result's `_meta` under which programs find the facts of the call.
const DETAILS_KEY: &str = "dev.handspike/details";

/// An answer as a result, of a tool that is a member of this set.
#[must_use]
pub fn result(output: ToolOutput, toolset: Option<&str>) -> CallToolResult {
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
    let details = details.map(|details| (DETAILS_KEY.to_owned(), details));
    let toolset = toolset.map(|toolset| (TOOLSET_KEY.to_owned(), Value::from(toolset)));
    let meta: Map<String, Value> = details.into_iter().chain(toolset).collect();
    result.meta = (!meta.is_empty()).then_some(MetaObject(meta));
    result
}

/// The facts in a result, for programs. What does not parse is left out, as whoever wrote it may say anything.
#[must_use]
pub fn details(result: &mut CallToolResult) -> Option<ToolDetails> {
    let details = result.meta.as_mut()?.0.remove(DETAILS_KEY)?;
    serde_json::from_value(details).ok()
}

#[cfg(test)]
mod tests {
    use handspike_types::desktop::DesktopDetails;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_says_nothing_to_programs_has_no_meta() {
        let written = serde_json::to_value(result(ToolOutput::error("no"), None)).expect("JSON");
        assert_eq!((&written["isError"], written.get("_meta")), (&json!(true), None));
    }

    #[test]
    fn the_set_is_echoed_and_details_are_read_as_they_were_written() {
        let details_of = ToolDetails::Desktop(DesktopDetails::Written);
        let mut result = result(ToolOutput::text("OK").with_details(details_of.clone()), Some("computer"));
        let written = serde_json::to_value(&result).expect("JSON");
        assert_eq!(written["_meta"][TOOLSET_KEY], "computer");
        assert_eq!(details(&mut result), Some(details_of));
        assert_eq!(details(&mut result), None);
    }
}
