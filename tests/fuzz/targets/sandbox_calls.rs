//! A model's arguments are read without a panic, in every version and with any settings.
//! What is read is also allowed by the schema that the model was shown, as far as its parameters and verbs go.
//! A refusal is a short fragment, so that a model can read it; settings that are read survive the wire.
#![no_main]

use std::sync::LazyLock;

use handspike_types::{
    CallError, SandboxCall, ToolSettings, ToolSpec, ToolVersions,
    spec::{self, SandboxTool},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// More than any refusal says, unless it repeats what came at its whole length.
const LONGEST_REFUSAL: usize = 4096;

static VERSIONS: LazyLock<Vec<(ToolSettings, Vec<ToolSpec>)>> = LazyLock::new(|| {
    let settings = ToolVersions::DATES.map(|date| ToolSettings::of(date.parse().expect("a version")));
    settings.map(|settings| (settings.clone(), spec::specs(&SandboxTool::ALL, &settings))).to_vec()
});

// The first line is the tool's name, the second its arguments, the third settings.
fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (Some(tool), Some(arguments)) = (lines.next(), lines.next()) else { return };
    let Ok(arguments) = serde_json::from_str::<Value>(arguments) else { return };
    for (settings, specs) in VERSIONS.iter() {
        check(tool, &arguments, settings, specs);
    }
    let Some(Ok(settings)) = lines.next().map(serde_json::from_str::<ToolSettings>) else { return };
    let wire = serde_json::to_value(&settings).expect("settings are JSON");
    assert_eq!(serde_json::from_value::<ToolSettings>(wire).expect("what was written is read"), settings);
    check(tool, &arguments, &settings, &spec::specs(&SandboxTool::ALL, &settings));
});

fn check(tool: &str, arguments: &Value, settings: &ToolSettings, specs: &[ToolSpec]) {
    match SandboxCall::parse(tool, arguments, settings) {
        Ok(call) => {
            let _ = call.time(settings);
            let _ = call.tool(tool);
            // The editor answers to its older names too, which have no schema here.
            if let Some(spec) = specs.iter().find(|spec| spec.name == tool) {
                assert_allowed(arguments, &spec.parameters);
            }
        }
        Err(CallError::NoSuchTool) => {
            assert!(specs.iter().all(|spec| spec.name != tool), "`{tool}` is offered and unknown");
        }
        Err(CallError::Invalid(error)) => {
            let error = error.to_string();
            let given = arguments.to_string().len();
            assert!(!error.is_empty() && error.len() <= LONGEST_REFUSAL + given, "{} bytes of refusal", error.len());
        }
    }
}

fn assert_allowed(arguments: &Value, schema: &Value) {
    let given = arguments.as_object().expect("only objects are read");
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(given.get(name).is_some_and(|value| !value.is_null()), "`{name}` is required and was not given");
    }
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let property = schema["properties"].get(name);
        let property = property.unwrap_or_else(|| panic!("`{name}` is read and not in the schema"));
        if let Some(verbs) = property["enum"].as_array().filter(|verbs| verbs.iter().all(Value::is_string)) {
            assert!(verbs.contains(value), "`{name}` may be {value}, which the schema does not list");
        }
    }
}
