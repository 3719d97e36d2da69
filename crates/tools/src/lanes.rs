//! Which calls to a sandbox wait for each other, where not all of them do.

use std::sync::{Mutex, PoisonError};

use handspike_core::Lane;
use handspike_types::{SandboxCall, shell::ShellName};

/// Names of shells and terminals that get a lane of their own. Lanes are kept, so there is an end to them.
const NAMED_LANES: usize = 1024;

/// One lane for each tool, each shell and each terminal, as each has a thread of its own in the sandbox.
#[derive(Default)]
pub(crate) struct Lanes {
    /// The shells and terminals that have been called, in the order of their lanes.
    named: Mutex<Vec<Named>>,
}

#[derive(PartialEq, Eq)]
enum Named {
    Shell(ShellName),
    Terminal(ShellName),
}

impl Lanes {
    pub(crate) fn of(&self, call: &SandboxCall) -> Lane {
        match call {
            SandboxCall::Editor(_) => Lane::Shared(1),
            SandboxCall::Computer(_) | SandboxCall::ComputerBatch(_) | SandboxCall::Desktop(_) => Lane::Shared(2),
            SandboxCall::Terminal(name, _) => self.named(Named::Terminal(name.clone())),
            SandboxCall::Shell(name, _) | SandboxCall::CloseShell(name) => self.named(Named::Shell(name.clone())),
        }
    }

    fn named(&self, wanted: Named) -> Lane {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match named.iter().position(|known| *known == wanted) {
            Some(index) => index,
            None if named.len() < NAMED_LANES => {
                named.push(wanted);
                named.len() - 1
            }
            // All the others share one, and wait for each other without need.
            None => NAMED_LANES,
        };
        Lane::Shared(3 + u32::try_from(index).unwrap_or(u32::MAX - 3))
    }
}
