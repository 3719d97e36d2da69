//! What a script says, and how it is read from YAML or JSON.

use std::fmt;

use handspike_types::{CallError, SandboxCall, ToolSettings};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::Value;
use thiserror::Error;

use super::Expectation;

/// The steps of one turn. At least one; all but the last have calls, and the last has none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Vec<ScriptedStep>")]
pub struct Script {
    pub(super) steps: Vec<ScriptedStep>,
}

/// One answer of the model.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedStep {
    /// Its text; nothing when it only calls tools.
    #[serde(default)]
    pub say: String,
    /// The calls it asks for.
    #[serde(default)]
    pub calls: Vec<ScriptedCall>,
}

/// A call, and what is expected of its result. Written as a map of the tool's name to its arguments, with an
/// optional `expect` beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedCall {
    /// The tool's name, whether or not there is such a tool.
    pub tool: String,
    /// What the tool is given, passed on as it is. A tool's mistakes are a script's too, unless it expects an error.
    pub arguments: Value,
    /// What must hold of the result.
    pub expect: Expectation,
}

/// Why steps are no script. One line each, as they are shown within the error of a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// There is no step.
    #[error("the script has no steps; it needs at least one, such as `- say: Done.`")]
    Empty,
    /// The last step has calls.
    #[error(
        "step {step} is the script's last and has calls, whose results nobody would check; \
         end with a step without calls, such as `- say: Done.`"
    )]
    LastStepHasCalls {
        /// Its number, from 1.
        step: usize,
    },
    /// A step before the last has no calls.
    #[error("step {step} of {steps} has no calls, which ends the turn; the steps after it would never be played")]
    EndsEarly {
        /// Its number, from 1.
        step: usize,
        /// How many there are.
        steps: usize,
    },
}

impl TryFrom<Vec<ScriptedStep>> for Script {
    type Error = ScriptError;

    fn try_from(steps: Vec<ScriptedStep>) -> Result<Self, ScriptError> {
        let Some((last, before)) = steps.split_last() else { return Err(ScriptError::Empty) };
        if let Some(index) = before.iter().position(|step| step.calls.is_empty()) {
            return Err(ScriptError::EndsEarly { step: index + 1, steps: steps.len() });
        }
        if !last.calls.is_empty() {
            return Err(ScriptError::LastStepHasCalls { step: steps.len() });
        }
        Ok(Self { steps })
    }
}

impl<'de> Deserialize<'de> for ScriptedCall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CallVisitor)
    }
}

struct CallVisitor;

impl<'de> Visitor<'de> for CallVisitor {
    type Value = ScriptedCall;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a call: a tool's name with its arguments, such as `bash: { command: ls }`, and perhaps `expect`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ScriptedCall, A::Error> {
        let mut call: Option<(String, Value)> = None;
        let mut expect: Option<Expectation> = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "expect" {
                if expect.replace(map.next_value()?).is_some() {
                    return Err(A::Error::duplicate_field("expect"));
                }
            } else if let Some((first, _)) = &call {
                return Err(A::Error::custom(format!("a call names one tool, but `{first}` and `{key}` stand here")));
            } else {
                call = Some((key, map.next_value()?));
            }
        }
        let (tool, arguments) =
            call.ok_or_else(|| A::Error::custom("a call names a tool, such as `bash`; here is none"))?;
        let expect = expect.unwrap_or_default();
        if !expect.is_error {
            match SandboxCall::parse(&tool, &arguments, &ToolSettings::default()) {
                Err(CallError::Invalid(error)) => {
                    return Err(A::Error::custom(format!("`{tool}` does not accept this: {error}")));
                }
                // A tool of another kind; whoever offers it will judge.
                Err(CallError::NoSuchTool) | Ok(_) => {}
            }
        }
        Ok(ScriptedCall { tool, arguments, expect })
    }
}
