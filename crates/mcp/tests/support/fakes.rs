//! An executor that does nothing real: slow, failing, faulting and drawing tools.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use handspike_core::{CallContext, Executor, Fault, Lane};
use handspike_types::{
    Image, ToolCall, ToolDetails, ToolOutput, ToolSpec,
    bash::{BashDetails, BashEnd},
};
use serde_json::json;

/// The base64 of a picture, as far as anybody here looks.
pub const PICTURE: &str = "iVBORw0KGgo=";

/// What happened, in order.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no test panics while noting").push(what.into());
    }

    pub fn read(&self) -> Vec<String> {
        self.0.lock().expect("no test panics while noting").clone()
    }
}

#[derive(Default)]
pub struct FakeTools {
    pub notes: Notes,
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec::new(name, format!("The tool {name}."), json!({"type": "object", "additionalProperties": true}))
}

#[async_trait]
impl Executor for FakeTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let member = ToolSpec { toolset: Some("computer".to_owned()), ..tool("shot") };
        let mut specs: Vec<ToolSpec> =
            ["echo", "nap", "stubborn", "refuse", "fault", "panic", "command"].map(tool).into();
        specs.push(member);
        specs
    }

    fn lane(&self, call: &ToolCall) -> Lane {
        match call.name.as_str() {
            "nap" | "stubborn" => Lane::Shared(0),
            _ => Lane::Free,
        }
    }

    async fn execute(&self, call: &ToolCall, context: &CallContext) -> Result<ToolOutput, Fault> {
        let tag = call.arguments["tag"].as_str().unwrap_or(&call.name).to_owned();
        self.notes.note(format!("{tag} runs"));
        let output = match call.name.as_str() {
            "echo" => ToolOutput::text(call.arguments["text"].as_str().unwrap_or_default()),
            "nap" => nap(call, context).await,
            "stubborn" => std::future::pending().await,
            "refuse" => ToolOutput::error("parameter `path` is `/nowhere`, where there is no file"),
            "fault" => return Err(Fault::new("the disk is full")),
            "panic" => panic!("this tool always panics"),
            "shot" => ToolOutput::text("here it is").with_image(Image::new("image/png", PICTURE)),
            "command" => ToolOutput::text("hello").with_details(ToolDetails::Bash(details())),
            other => ToolOutput::error(format!("there is no tool `{other}`; the tools are `echo` and others")),
        };
        self.notes.note(format!("{tag} ends"));
        Ok(output)
    }

    async fn client_left(&self) {
        self.notes.note("a client left");
    }

    async fn close(&self) -> Result<(), Fault> {
        self.notes.note("closed");
        Ok(())
    }
}

async fn nap(call: &ToolCall, context: &CallContext) -> ToolOutput {
    let seconds = call.arguments["seconds"].as_f64().unwrap_or(3600.0);
    context.progress.say("the nap begins");
    tokio::select! {
        () = context.cancel.cancelled() => ToolOutput::error("woken"),
        () = tokio::time::sleep(Duration::from_secs_f64(seconds)) => ToolOutput::text("rested"),
    }
}

fn details() -> BashDetails {
    BashDetails {
        end: BashEnd::Exited(0),
        cwd: "/workspace".to_owned(),
        duration_ms: 1,
        output_bytes: 6,
        stderr: String::new(),
    }
}
