//! The sandbox's tools as a model is offered them: names, words and schemas. The schemas are derived from the
//! input types, so what a model is told and what the executors accept can't drift apart.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use crate::{InvalidInput, ToolSpec, bash, computer, editor};

/// The specs of all tools that run in a sandbox.
#[must_use]
pub fn sandbox_tools() -> Vec<ToolSpec> {
    vec![bash_tool(), editor_tool(), computer_tool()]
}

/// Whether a tool of the sandbox accepts such arguments; of other tools nothing is known here.
pub fn check_arguments(tool: &str, arguments: &Value) -> Result<(), InvalidInput> {
    match tool {
        bash::NAME => bash::BashAction::parse(arguments).map(drop),
        editor::NAME => editor::EditorCommand::parse(arguments).map(drop),
        computer::NAME => computer::ComputerAction::parse(arguments).map(drop),
        _ => Ok(()),
    }
}

fn bash_tool() -> ToolSpec {
    ToolSpec {
        name: bash::NAME.to_owned(),
        description: "Runs a command in a persistent bash shell. Working directory, variables, functions and background \
                      jobs carry over from call to call. Standard input is empty. The answer holds what the command wrote \
                      and its exit status; long output is cut in the middle and kept whole in a file that the answer \
                      names. A command that exceeds its time is killed with all it started, and the shell lives on."
            .to_owned(),
        parameters: schema::<bash::BashInput>(),
    }
}

fn editor_tool() -> ToolSpec {
    ToolSpec {
        name: editor::NAME.to_owned(),
        description: "Views, creates and edits files. `view` shows a file with numbered lines or lists a directory, \
                      `create` makes a new file, `str_replace` replaces a text that occurs exactly once, `insert` adds \
                      text after a line, `undo_edit` takes back the last edit of a file. Paths are absolute."
            .to_owned(),
        parameters: schema::<editor::EditorInput>(),
    }
}

fn computer_tool() -> ToolSpec {
    ToolSpec {
        name: computer::NAME.to_owned(),
        description: "Looks at the desktop's screen and uses its mouse and keyboard. Coordinates are pixels of the \
                      screenshot. Clicks happen where the pointer is, so move it there first. Every action that may \
                      change something answers with a screenshot, taken once the screen has come to rest."
            .to_owned(),
        parameters: schema::<computer::ComputerInput>(),
    }
}

/// A plain object schema with everything inlined, as providers want it.
fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schema_is_a_closed_object_without_references() {
        for spec in sandbox_tools() {
            assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
            assert_eq!(spec.parameters["additionalProperties"], false, "{}", spec.name);
            assert!(!spec.parameters.to_string().contains("$ref"), "{}", spec.parameters);
        }
    }

    #[test]
    fn the_computer_schema_lists_the_published_actions() {
        let schema = computer_tool().parameters.to_string();
        for action in ["key", "type", "mouse_move", "left_click_drag", "double_click", "cursor_position"] {
            assert!(schema.contains(&format!("\"{action}\"")), "{schema}");
        }
    }
}
