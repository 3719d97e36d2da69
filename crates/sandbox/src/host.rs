//! The user's own machine in place of a sandbox: the same tools, in this process, with nothing around them. Only for those
//! who ask for it by name, and with approvals in front of it.

use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use handspike_computer::Computer;
use handspike_core::{
    CallContext, Fault, OpenFailure, OpenedSandbox, Origin, Progress, Sandbox, SandboxFailure, SandboxSource,
    SandboxedCall,
};
use handspike_local::{Caller, Displays, LocalConfig, Tell, Tools};
use handspike_types::{CallError, SandboxCall, ToolOutput};
use serde_json::Value;
use tempfile::TempDir;
use thiserror::Error;

/// Runs tools on this machine.
pub struct HostSource {
    cwd: PathBuf,
    /// Whether there were tools already, which were given up.
    was_open: AtomicBool,
}

/// Why a tool could not be run on this machine.
#[derive(Debug, Error)]
pub enum HostError {
    /// The threads could not be started.
    #[error("the tools could not be started on this machine")]
    Start(#[from] io::Error),
    /// A tool's thread failed.
    #[error("the tool failed on this machine: {0}")]
    Tool(&'static str),
    /// There is no such tool.
    #[error("there is no tool `{0}` on this machine")]
    NoSuchTool(String),
}

impl HostSource {
    /// Tools that start in a folder.
    #[must_use]
    pub fn new(cwd: PathBuf) -> Self {
        Self { cwd, was_open: AtomicBool::new(false) }
    }
}

#[async_trait]
impl SandboxSource for HostSource {
    async fn open(&self, _progress: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        let spool = tempfile::Builder::new().prefix("handspike-").tempdir();
        let spool = spool.map_err(|error| Fault::new(HostError::from(error)))?;
        let config = LocalConfig { cwd: self.cwd.clone(), undo_journal: None, spool: spool.path().to_owned() };
        let tools = Tools::start(config, || OwnDisplay).map_err(|error| Fault::new(HostError::from(error)))?;
        let origin = if self.was_open.swap(true, Ordering::Relaxed) { Origin::Restarted } else { Origin::Made };
        Ok(OpenedSandbox { sandbox: Box::new(Host { tools, _spool: spool }), origin })
    }
}

/// This machine's tools. They end, with all that they started, when this is dropped.
struct Host {
    tools: Tools,
    /// Where they put what is longer than an answer. It goes with them, and after them.
    _spool: TempDir,
}

#[async_trait]
impl Sandbox for Host {
    async fn call(&self, call: SandboxedCall<'_>, context: &CallContext) -> Result<ToolOutput, SandboxFailure> {
        let failed = |error| SandboxFailure::Failed(Fault::new(error));
        let parsed = match SandboxCall::parse(call.tool, &Value::Object(call.arguments), call.settings) {
            Ok(parsed) => parsed,
            Err(CallError::Invalid(error)) => return Ok(error.into()),
            Err(CallError::NoSuchTool) => return Err(failed(HostError::NoSuchTool(call.tool.to_owned()))),
        };
        let progress = context.progress.clone();
        let progress: Tell = Box::new(move |text: &str| progress.say(text));
        let caller = Caller { cancelled: context.cancel.cancelled(), progress: Some(progress) };
        let answer = self.tools.call(parsed, call.settings.clone(), caller).await;
        answer.map_err(|error| failed(HostError::Tool(error.0)))
    }

    /// There is nothing to do: a thread that hangs can't be ended, and what else there is ends with this value.
    async fn give_up(&self) {}

    async fn close(&self) -> Result<(), Fault> {
        self.tools.release_held().await;
        Ok(())
    }
}

/// The desktop that the user sees.
struct OwnDisplay;

impl Displays for OwnDisplay {
    #[cfg(feature = "host-desktop")]
    type Desktop = handspike_computer::HostDesktop;
    #[cfg(not(feature = "host-desktop"))]
    type Desktop = handspike_computer::X11Desktop;

    #[cfg(feature = "host-desktop")]
    fn connect(&mut self) -> Result<Computer<Self::Desktop>, String> {
        let config = handspike_computer::ComputerConfig::default();
        let desktop = handspike_computer::HostDesktop::connect(&config);
        desktop.map(|desktop| Computer::new(desktop, config)).map_err(|error| handspike_types::with_causes(&error))
    }

    #[cfg(not(feature = "host-desktop"))]
    fn connect(&mut self) -> Result<Computer<Self::Desktop>, String> {
        Err("this build of Handspike can't use the machine's own desktop\nhint: `make build` makes one that can"
            .to_owned())
    }
}
