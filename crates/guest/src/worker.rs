//! A thread that owns one tool. The tools block and keep state, so each has a thread of its own, and calls to it
//! queue in the order in which they came. A call is cancelled through an eventfd that the tool watches beside
//! whatever else it waits for.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
};

use handspike_types::ToolOutput;
use nix::sys::eventfd::{EfdFlags, EventFd};
use serde_json::Value;
use tokio::sync::oneshot;

/// How many calls may wait for one tool; more are refused.
const QUEUE: usize = 64;

/// A tool on its thread.
pub(crate) struct Worker {
    jobs: mpsc::SyncSender<Job>,
}

struct Job {
    arguments: Value,
    cancel: Arc<EventFd>,
    answer: oneshot::Sender<ToolOutput>,
}

/// A failure of the guest, not of the call.
#[derive(Debug)]
pub(crate) struct WorkerFailed(pub(crate) &'static str);

/// Fires the call's eventfd unless the call has been answered: also when the connection is gone.
struct CancelOnDrop(Option<Arc<EventFd>>);

impl CancelOnDrop {
    fn fire(&mut self) {
        if let Some(cancel) = self.0.take() {
            // Writing 1 to an eventfd that holds 0 can't block or fail.
            let _ = cancel.write(1);
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.fire();
    }
}

impl Worker {
    /// Starts a thread whose tool is made by `make`, and made again should it ever panic.
    pub(crate) fn start<T>(name: &str, make: impl Fn() -> T + Send + 'static) -> std::io::Result<Self>
    where
        T: FnMut(&Value, BorrowedFd<'_>) -> ToolOutput,
    {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut tool = make();
            for Job { arguments, cancel, answer } in queue {
                match catch_unwind(AssertUnwindSafe(|| tool(&arguments, cancel.as_fd()))) {
                    // Nobody waits any more when the connection is gone; the call is done all the same.
                    Ok(output) => drop(answer.send(output)),
                    Err(_) => {
                        drop(answer);
                        tool = make();
                    }
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Runs one call. `cancelled` tells the tool to stop; its answer then says how far it came.
    pub(crate) async fn call(
        &self,
        arguments: Value,
        cancelled: impl Future<Output = ()>,
    ) -> Result<ToolOutput, WorkerFailed> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let cancel = EventFd::from_value_and_flags(0, flags).map_err(|_| WorkerFailed("no descriptor is free"))?;
        let cancel = Arc::new(cancel);
        let (answer, mut answered) = oneshot::channel();
        let job = Job { arguments, cancel: Arc::clone(&cancel), answer };
        self.jobs.try_send(job).map_err(|_| WorkerFailed("too many calls wait for this tool"))?;

        let mut guard = CancelOnDrop(Some(cancel));
        let output = tokio::select! {
            biased;
            output = &mut answered => output,
            () = cancelled => {
                guard.fire();
                answered.await
            }
        };
        guard.0 = None;
        output.map_err(|_| WorkerFailed("the tool failed in the middle of the call"))
    }
}
