//! What the pool knows of one session's sandbox. Who opens, stops or removes it holds `work` meanwhile; what is known
//! otherwise stands behind a lock that is held for moments only.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use handspike_core::Origin;
use handspike_sandbox::DockerSandbox;
use handspike_types::SessionId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::gate::{Gate, Permit};

/// One session's sandbox.
pub(crate) struct Slot {
    pub(crate) session: SessionId,
    /// Held by whoever opens, stops or removes the sandbox.
    pub(crate) work: tokio::sync::Mutex<()>,
    /// Fires when the session is over.
    pub(crate) over: CancellationToken,
    gate: Arc<Gate>,
    seen: Mutex<Seen>,
}

/// What is known.
pub(crate) struct Seen {
    running: Running,
    /// Since when it is known.
    since: Instant,
    /// Which run of the guest was connected to last.
    last_run: Option<String>,
    /// Turns that have it open.
    handles: usize,
    /// Calls and transfers under way.
    busy: usize,
    last_used: Instant,
    /// Whether it was used since the store was told so.
    is_used_since_told: bool,
    /// What no turn has been told yet.
    untold: Option<Origin>,
}

/// Whether its container runs.
pub(crate) enum Running {
    No,
    /// It does, or did when it was last heard of, and nobody is connected. Another process with the same store may be.
    Unconnected(Permit),
    Connected(Arc<DockerSandbox>, Permit),
}

impl Running {
    fn is(&self, sandbox: &Arc<DockerSandbox>) -> bool {
        matches!(self, Self::Connected(current, _) if Arc::ptr_eq(current, sandbox))
    }

    fn into_permit(self) -> Option<Permit> {
        match self {
            Self::No => None,
            Self::Unconnected(permit) | Self::Connected(_, permit) => Some(permit),
        }
    }
}

impl Seen {
    /// Whether nobody has it open.
    pub(crate) fn is_unused(&self) -> bool {
        self.handles == 0 && self.busy == 0
    }

    /// Whether nothing has been asked of it for so long.
    pub(crate) fn is_idle(&self, limit: Duration) -> bool {
        self.busy == 0 && self.last_used.elapsed() >= limit
    }

    /// Whether it runs, and nobody here is connected.
    pub(crate) fn is_unconnected(&self) -> bool {
        matches!(self.running, Running::Unconnected(_))
    }

    /// Whether this was known before a moment.
    pub(crate) fn is_older_than(&self, moment: Instant) -> bool {
        self.since < moment
    }

    fn set(&mut self, running: Running) -> Running {
        self.since = Instant::now();
        std::mem::replace(&mut self.running, running)
    }
}

impl Slot {
    pub(crate) fn new(session: SessionId, gate: &Arc<Gate>) -> Arc<Self> {
        let now = Instant::now();
        let seen = Seen {
            running: Running::No,
            since: now,
            last_run: None,
            handles: 0,
            busy: 0,
            last_used: now,
            is_used_since_told: false,
            untold: None,
        };
        Arc::new(Self {
            session,
            work: tokio::sync::Mutex::default(),
            over: CancellationToken::new(),
            gate: Arc::clone(gate),
            seen: Mutex::new(seen),
        })
    }

    /// The sandbox, if somebody is connected to it.
    pub(crate) fn connected(&self) -> Option<Arc<DockerSandbox>> {
        match &self.locked().running {
            Running::Connected(sandbox, _) => Some(Arc::clone(sandbox)),
            Running::Unconnected(_) | Running::No => None,
        }
    }

    pub(crate) fn connect(&self, sandbox: Arc<DockerSandbox>, permit: Permit, origin: Origin) {
        let mut seen = self.locked();
        seen.last_run = sandbox.run();
        seen.last_used = Instant::now();
        match origin {
            Origin::Restarted | Origin::Replaced => seen.untold = Some(origin),
            Origin::Made | Origin::Found => {}
        }
        drop(seen.set(Running::Connected(sandbox, permit)));
    }

    /// The connection is of no more use. Its container keeps its room until it is known that it doesn't run.
    pub(crate) fn lost(&self, sandbox: &Arc<DockerSandbox>) {
        let mut seen = self.locked();
        if seen.running.is(sandbox)
            && let Some(permit) = seen.set(Running::No).into_permit()
        {
            seen.running = Running::Unconnected(permit);
        }
    }

    /// Takes note of a container that runs, and was last used so long ago.
    pub(crate) fn found(&self, unused_for: Duration) {
        let permit = self.gate.enter_anyway();
        let mut seen = self.locked();
        seen.last_used = Instant::now().checked_sub(unused_for).unwrap_or(seen.last_used);
        drop(seen.set(Running::Unconnected(permit)));
    }

    /// Takes note of a use that somebody else has told of.
    pub(crate) fn used_elsewhere(&self, unused_for: Duration) {
        let mut seen = self.locked();
        if let Some(used) = Instant::now().checked_sub(unused_for) {
            seen.last_used = seen.last_used.max(used);
        }
    }

    /// Takes what runs out of the slot if that is still as it should be. From then on no call begins.
    pub(crate) fn take_if(&self, is_so: impl FnOnce(&Seen) -> bool) -> Option<Running> {
        let mut seen = self.locked();
        let taken = !matches!(seen.running, Running::No) && is_so(&seen);
        taken.then(|| seen.set(Running::No))
    }

    /// The room that it has, for somebody who is about to open it.
    pub(crate) fn take_permit(&self) -> Option<Permit> {
        self.take_if(|_| true).and_then(Running::into_permit)
    }

    /// What runs after all.
    pub(crate) fn put_back(&self, running: Running) {
        if let Some(permit) = running.into_permit() {
            drop(self.locked().set(Running::Unconnected(permit)));
        }
    }

    pub(crate) fn last_run(&self) -> Option<String> {
        self.locked().last_run.clone()
    }

    /// What a turn that opens it is to be told.
    pub(crate) fn take_untold(&self) -> Option<Origin> {
        self.locked().untold.take()
    }

    /// When it was last used, if it runs and this is so.
    pub(crate) fn last_used_if(&self, is_so: impl FnOnce(&Seen) -> bool) -> Option<Instant> {
        let seen = self.locked();
        (!matches!(seen.running, Running::No) && is_so(&seen)).then_some(seen.last_used)
    }

    /// Whether it runs, as far as is known.
    pub(crate) fn runs(&self) -> bool {
        !matches!(self.locked().running, Running::No)
    }

    /// Whether what is known was known before a moment.
    pub(crate) fn is_older_than(&self, moment: Instant) -> bool {
        self.locked().is_older_than(moment)
    }

    /// Whether somebody has it open.
    pub(crate) fn is_in_use(&self) -> bool {
        !self.locked().is_unused()
    }

    /// Whether it runs and was used since this was last asked.
    pub(crate) fn take_use(&self) -> bool {
        let mut seen = self.locked();
        let is_used = !matches!(seen.running, Running::No) && (seen.busy > 0 || seen.is_used_since_told);
        seen.is_used_since_told = false;
        is_used
    }

    /// Whether there is nothing to know.
    pub(crate) fn is_empty(&self) -> bool {
        let seen = self.locked();
        matches!(seen.running, Running::No) && seen.is_unused() && seen.untold.is_none()
    }

    fn locked(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn's hold on a sandbox: as long as it is there, no other session takes its room.
pub(crate) struct Handle(Arc<Slot>);

impl Handle {
    pub(crate) fn new(slot: &Arc<Slot>) -> Self {
        slot.locked().handles += 1;
        Self(Arc::clone(slot))
    }

    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.ended(|seen| seen.handles -= 1);
    }
}

/// A call or transfer that is under way: as long as it is there, the sandbox is not stopped.
pub(crate) struct Use(Arc<Slot>);

impl Use {
    /// None where the sandbox is not the slot's any more.
    pub(crate) fn begin(slot: &Arc<Slot>, sandbox: &Arc<DockerSandbox>) -> Option<Self> {
        let mut seen = slot.locked();
        seen.running.is(sandbox).then(|| {
            seen.busy += 1;
            Self(Arc::clone(slot))
        })
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.ended(|seen| seen.busy -= 1);
    }
}

impl Slot {
    fn ended(&self, count: impl FnOnce(&mut Seen)) {
        let mut seen = self.locked();
        count(&mut seen);
        seen.last_used = Instant::now();
        seen.is_used_since_told = true;
        let is_unused = seen.is_unused();
        drop(seen);
        if is_unused {
            self.gate.ring();
        }
    }
}
