//! What a server asks of the sandboxes of its sessions, which outlive turns and the server itself.

use async_trait::async_trait;
use handspike_types::SessionId;

use crate::{Fault, SandboxAccess, SandboxSource};

/// The sandboxes of many sessions. Each is made at the first call that needs it, kept between turns, and removed with
/// its session. A server's clients have a way into them, too.
#[async_trait]
pub trait Sandboxes: SandboxAccess {
    /// Where a session's sandbox comes from. Nothing is made yet, and one that is there stays as it is, also where the
    /// wishes are others by now.
    fn source(&self, session: SessionId, wishes: &SandboxWishes) -> Box<dyn SandboxSource>;

    /// Removes a session's sandbox with all that is in it, if there is one. The session is over.
    async fn remove(&self, session: SessionId) -> Result<(), Fault>;

    /// How many run now, where that is known. It is asked by those who watch a server.
    fn running(&self) -> Option<usize> {
        None
    }
}

/// What a session's tools ask of its sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SandboxWishes {
    /// The desktop's width and height in pixels.
    pub screen: Option<(u32, u32)>,
    /// The number of the desktop's display.
    pub display: Option<u32>,
}
