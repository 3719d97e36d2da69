//! Opening a session's sandbox: the one that is connected, the one that is there, or a new one in its turn.
//!
//! An opening goes on when nobody waits for it any more, but for the waiting in line: what is made stays the session's, and
//! a container that is half made would be in everybody's way.

use std::{io, sync::Arc};

use async_trait::async_trait;
use handspike_core::{Fault, NoRoom, OpenFailure, OpenedSandbox, Origin, Progress, SandboxSource, SandboxWishes};
use handspike_sandbox::{DockerSandbox, DockerSource, SandboxError, container::sandbox_name};
use handspike_store::{SandboxRow, StoreError};
use thiserror::Error;
use tokio::sync::MutexGuard;
use tokio_util::sync::CancellationToken;

use crate::{
    gate::Permit,
    handle::PoolSandbox,
    pool::{Shared, state},
    slot::{Handle, Slot},
};

/// Where a session's sandbox comes from.
pub(crate) struct PoolSource {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    wishes: SandboxWishes,
}

/// Whether a sandbox is made where there is none.
#[derive(Clone, Copy)]
pub(crate) enum Making {
    /// It is, like this.
    Wanted(SandboxWishes),
    /// It is not.
    Unwanted,
}

/// Why a sandbox is not open.
#[derive(Debug, Error)]
pub(crate) enum OpeningError {
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    #[error("the session was deleted, and its sandbox with it")]
    Over,
    #[error("nobody waits for the sandbox any more")]
    Abandoned,
    /// There is none, and none is wanted.
    #[error("the session has no sandbox")]
    Absent,
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("the store could not be asked about the session's sandbox")]
    Store(#[from] StoreError),
    #[error("the opening of the sandbox broke off")]
    Task(#[from] io::Error),
}

impl From<OpeningError> for OpenFailure {
    fn from(error: OpeningError) -> Self {
        match error {
            OpeningError::NoRoom(no_room) => Self::NoRoom(no_room),
            error => Self::Failed(Fault::new(error)),
        }
    }
}

impl PoolSource {
    pub(crate) fn new(shared: Arc<Shared>, slot: Arc<Slot>, wishes: SandboxWishes) -> Self {
        Self { shared, slot, wishes }
    }
}

#[async_trait]
impl SandboxSource for PoolSource {
    async fn open(&self, progress: &Progress) -> Result<OpenedSandbox, OpenFailure> {
        let making = Making::Wanted(self.wishes);
        let Opened { sandbox, origin, handle } = self.shared.open(&self.slot, making, progress).await?;
        // A client's look at a file may have started it again, and the model knows nothing of that.
        let origin = self.slot.take_untold().unwrap_or(origin);
        Ok(OpenedSandbox { sandbox: Box::new(PoolSandbox::new(sandbox, handle)), origin })
    }

    fn opens_by_itself(&self) -> bool {
        true
    }
}

/// A sandbox that is open.
pub(crate) struct Opened {
    pub(crate) sandbox: Arc<DockerSandbox>,
    pub(crate) origin: Origin,
    pub(crate) handle: Handle,
}

/// What an opening begins with.
enum Beginning {
    Open(Arc<DockerSandbox>),
    Room(Permit),
}

impl Shared {
    /// Opens a session's sandbox, and takes hold of it.
    pub(crate) async fn open(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        making: Making,
        progress: &Progress,
    ) -> Result<Opened, OpeningError> {
        let abandoned = CancellationToken::new();
        let _if_dropped = abandoned.clone().drop_guard();
        let (shared, slot, progress) = (Arc::clone(self), Arc::clone(slot), progress.clone());
        let opening = async move { shared.open_in_turn(&slot, making, &progress, &abandoned).await };
        tokio::spawn(opening).await.map_err(io::Error::from)?
    }

    async fn open_in_turn(
        &self,
        slot: &Arc<Slot>,
        making: Making,
        progress: &Progress,
        abandoned: &CancellationToken,
    ) -> Result<Opened, OpeningError> {
        let (_work, beginning) = tokio::select! {
            biased;
            () = slot.over.cancelled() => return Err(OpeningError::Over),
            () = abandoned.cancelled() => return Err(OpeningError::Abandoned),
            begun = self.begin(slot, making, progress) => begun?,
        };
        let (sandbox, origin) = match beginning {
            Beginning::Open(sandbox) => (sandbox, Origin::Found),
            Beginning::Room(permit) => self.find_or_make(slot, making, permit, progress).await?,
        };
        Ok(Opened { sandbox, origin, handle: Handle::new(slot) })
    }

    /// Waits until it is this opening's turn, which nothing is lost by giving up.
    async fn begin<'s>(
        &self,
        slot: &'s Slot,
        making: Making,
        progress: &Progress,
    ) -> Result<(MutexGuard<'s, ()>, Beginning), OpeningError> {
        let work = slot.work.lock().await;
        if let Some(sandbox) = slot.connected() {
            return Ok((work, Beginning::Open(sandbox)));
        }
        let permit = match slot.take_permit() {
            Some(permit) => permit,
            None => self.room(slot, making, progress).await?,
        };
        Ok((work, Beginning::Room(permit)))
    }

    /// Room for a sandbox that does not run.
    async fn room(&self, slot: &Slot, making: Making, progress: &Progress) -> Result<Permit, OpeningError> {
        if let Making::Unwanted = making {
            self.row(slot).await?.filter(|row| !row.container.is_empty()).ok_or(OpeningError::Absent)?;
        }
        let longest = self.config.longest_wait;
        if self.gate.is_full() {
            progress.say(format!("as many sandboxes run as may; waiting for room, {} s at most", longest.as_secs()));
        }
        Ok(self.gate.enter(longest).await?)
    }

    async fn find_or_make(
        &self,
        slot: &Slot,
        making: Making,
        permit: Permit,
        progress: &Progress,
    ) -> Result<(Arc<DockerSandbox>, Origin), OpeningError> {
        let session = slot.session;
        let wishes = match making {
            Making::Wanted(wishes) => wishes,
            Making::Unwanted => SandboxWishes::default(),
        };
        let spec = self.config.spec_for(self.store.id(), &wishes);
        let source = DockerSource::of_session(self.engine.clone(), self.guest.clone(), session, spec);
        let source = source.after_run(slot.last_run());
        let before = self.row(slot).await?;
        let note = async |state| self.store.remember_sandbox(session.into(), &sandbox_name(session), state).await;
        let (sandbox, origin) = match (source.find(progress).await?, making) {
            (Some(found), _) => found,
            (None, Making::Unwanted) => {
                self.note_absence(slot, before).await?;
                return Err(OpeningError::Absent);
            }
            (None, Making::Wanted(_)) => {
                note(state::STARTING).await?;
                match source.make(progress).await {
                    Ok(sandbox) if before.as_ref().is_some_and(had_one) => (sandbox, Origin::Replaced),
                    Ok(sandbox) => (sandbox, Origin::Made),
                    Err(error) => {
                        self.note_absence(slot, before).await?;
                        return Err(error.into());
                    }
                }
            }
        };
        note(state::RUNNING).await?;
        let sandbox = Arc::new(sandbox);
        slot.connect(Arc::clone(&sandbox), permit, origin);
        Ok((sandbox, origin))
    }

    async fn row(&self, slot: &Slot) -> Result<Option<SandboxRow>, StoreError> {
        self.store.sandbox(slot.session.into()).await
    }

    /// Takes note that there is no container: of a session that had one it is remembered.
    async fn note_absence(&self, slot: &Slot, before: Option<SandboxRow>) -> Result<(), StoreError> {
        match before.filter(had_one) {
            Some(_) => self.store.remember_sandbox(slot.session.into(), "", state::REMOVED).await,
            None => self.store.forget_sandbox(slot.session.into()).await,
        }
    }
}

/// Whether the session had a sandbox, as far as is known: one that a crash prevented never was.
fn had_one(row: &SandboxRow) -> bool {
    row.state != state::STARTING
}
