//! Several actions in one call, for models that know no toolset: run in order up to the first failure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    ComputerAction,
    input::{forms, with_action},
};
use crate::{ComputerSettings, InvalidInput, input::parse_with};

/// The tool's name on the wire.
pub const NAME: &str = "computer_batch";

/// What a call of a batch is answered that comes after one that failed. Published; models know it.
pub const NOT_EXECUTED: &str = "Not executed: an earlier computer action in this turn failed.";

/// Actions in one batch at most.
pub const MAX_ACTIONS: usize = 50;

/// The arguments as a model sends them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchInput {
    /// The actions, in order, 1 to 50.
    pub actions: Vec<BatchedInput>,
}

/// One action of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchedInput {
    /// The action's name, as that of a tool.
    pub name: String,
    /// Its arguments, as that tool takes them.
    #[serde(default)]
    pub input: Map<String, Value>,
}

/// Reads and checks a model's arguments. One action that does not fit refuses the whole batch, before any is run.
pub(crate) fn parse(arguments: &Value, settings: &ComputerSettings) -> Result<Vec<ComputerAction>, InvalidInput> {
    let takes = format!("a list of 1 to {MAX_ACTIONS} objects, each with `name` and `input`");
    let input: BatchInput = parse_with(arguments, &[("actions", takes.clone())])?;
    let count = input.actions.len();
    if count == 0 || count > MAX_ACTIONS {
        return Err(InvalidInput::of("actions", format!("holds {count} actions; it takes {takes}")));
    }
    let forms = forms(settings);
    let parse_one = |(index, BatchedInput { name, input }): (usize, BatchedInput)| {
        forms.named(&format!("actions[{index}].name"), &name)?;
        with_action(&name, &Value::Object(input))
            .and_then(|arguments| ComputerAction::parse(&arguments, settings))
            .map_err(|error| error.within(&format!("actions[{index}].input")))
    };
    input.actions.into_iter().enumerate().map(parse_one).collect()
}
