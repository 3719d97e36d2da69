//! Which tools a session has, and where they run.

use std::path::PathBuf;

use handspike_core::SandboxSource;
use handspike_sandbox::{DockerSource, Engine, GuestBinary, HostSource, SandboxSpec};
use handspike_tools::SandboxTools;
use handspike_types::{SessionId, ToolSettings, spec::SandboxTool};

/// The tools of a session.
pub struct Workbench {
    /// Where they run.
    pub place: Place,
    /// Which of them are offered.
    pub tools: Vec<SandboxTool>,
    /// As which versions, and how they behave.
    pub settings: ToolSettings,
}

/// Where tools run.
pub enum Place {
    /// In a container, made at the first call.
    Sandbox(Box<SandboxPlace>),
    /// On this machine, with nothing around them, from this folder.
    Host(PathBuf),
}

/// A container to be.
pub struct SandboxPlace {
    /// Where it is made.
    pub engine: Engine,
    /// What goes into it.
    pub guest: GuestBinary,
    /// What it is to be like.
    pub spec: SandboxSpec,
    /// Whether the session has one already, perhaps.
    pub history: History,
}

/// Whether there was anything before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The session is new.
    None,
    /// It may have a sandbox, which is used again.
    Perhaps,
}

impl Workbench {
    /// The tools as an executor. Nothing is started yet.
    #[must_use]
    pub fn into_tools(self, session: SessionId) -> SandboxTools {
        let source: Box<dyn SandboxSource> = match self.place {
            Place::Sandbox(place) => {
                let SandboxPlace { engine, guest, spec, history } = *place;
                Box::new(match history {
                    History::None => DockerSource::of_new_session(engine, guest, session, spec),
                    History::Perhaps => DockerSource::of_session(engine, guest, session, spec),
                })
            }
            Place::Host(cwd) => Box::new(HostSource::new(cwd)),
        };
        SandboxTools::new(source, &self.tools, self.settings)
    }
}
