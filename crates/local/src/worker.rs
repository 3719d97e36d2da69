//! A thread that owns one tool. The tools block and keep state, so each has a thread of its own, and calls to it
//! queue in the order in which they came.
//!
//! A call and its thread are joined by a pair of sockets: the thread's end becomes readable when the call is to stop,
//! also because whoever made it is gone, and the tool watches it beside whatever else it waits for; the caller's end
//! becomes readable when the answer is there. Sockets rather than futexes wake the other side on the processor that is
//! warm already. On a machine with idle processors that halves the time of a short call.

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::net::UnixStream as BlockingStream,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use handspike_types::ToolOutput;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    sync::oneshot,
};

/// How many calls may wait for one tool; more are refused.
const QUEUE: usize = 64;

/// A tool on its thread. `C` is what a call asks of it.
pub(crate) struct Worker<C> {
    jobs: mpsc::SyncSender<Job<C>>,
    bell: BlockingStream,
}

struct Job<C> {
    call: C,
    line: BlockingStream,
    progress: Option<Tell>,
    answer: oneshot::Sender<ToolOutput>,
}

/// What a tool has of whoever called it.
pub(crate) struct Line<'a> {
    /// Readable once the call is to stop.
    pub(crate) cancel: BorrowedFd<'a>,
    /// Is told how the call goes on.
    pub(crate) progress: Option<Tell>,
}

/// Is told something on the tool's thread, and must not hold it up.
pub type Tell = Box<dyn FnMut(&str) + Send>;

/// What surrounds a call, on the caller's side.
pub struct Caller<F> {
    /// Ends when the call is to stop.
    pub cancelled: F,
    /// Is told how the call goes on, if anybody wants to know.
    pub progress: Option<Tell>,
}

/// A failure of the machinery, not of the call.
#[derive(Debug)]
pub struct WorkerFailed(pub &'static str);

impl<C: Send + 'static> Worker<C> {
    /// Starts a thread whose tool is made by `make`, and made again should it ever panic.
    pub(crate) fn start<T>(name: &str, make: impl Fn() -> T + Send + 'static) -> io::Result<Self>
    where
        T: FnMut(C, Line<'_>) -> ToolOutput,
    {
        let (jobs, queue) = mpsc::sync_channel::<Job<C>>(QUEUE);
        let (bell, mut rung) = BlockingStream::pair()?;
        bell.set_nonblocking(true)?;
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut tool = make();
            let mut rings = [0; QUEUE];
            while matches!(rung.read(&mut rings), Ok(rings) if rings > 0) {
                for job in queue.try_iter() {
                    tool = job.run(tool, &make);
                }
            }
        })?;
        Ok(Self { jobs, bell })
    }

    /// Runs one call. When it is cancelled the tool is told to stop; its answer then says how far it came.
    pub(crate) async fn call(
        &self,
        call: C,
        caller: Caller<impl Future<Output = ()>>,
    ) -> Result<ToolOutput, WorkerFailed> {
        let no_line = |_| WorkerFailed("no descriptor is free");
        let (line, theirs) = BlockingStream::pair().map_err(no_line)?;
        line.set_nonblocking(true).map_err(no_line)?;
        let mut line = UnixStream::from_std(line).map_err(no_line)?;
        let (answer, mut answered) = oneshot::channel();
        self.jobs
            .try_send(Job { call, line: theirs, progress: caller.progress, answer })
            .map_err(|_| WorkerFailed("too many calls wait for this tool"))?;
        // A bell that can't be rung because it is ringing already will be heard all the same.
        let _ = (&self.bell).write(&[0]);

        let mut done = [0];
        tokio::select! {
            biased;
            _ = line.read(&mut done) => {}
            () = caller.cancelled => {
                let _ = line.write(&[0]).await;
                let _ = line.read(&mut done).await;
            }
        }
        answered.try_recv().map_err(|_| WorkerFailed("the tool failed in the middle of the call"))
    }
}

impl<C> Job<C> {
    /// Runs the call and hands on the tool for the next one.
    fn run<T>(self, mut tool: T, make: &impl Fn() -> T) -> T
    where
        T: FnMut(C, Line<'_>) -> ToolOutput,
    {
        let Self { call, mut line, progress, answer } = self;
        let ran = catch_unwind(AssertUnwindSafe(|| tool(call, Line { cancel: line.as_fd(), progress })));
        match ran {
            // Nobody waits any more when the connection is gone; the call is done all the same.
            Ok(output) => {
                let _ = answer.send(output);
                let _ = line.write(&[0]);
                tool
            }
            Err(_) => {
                drop(answer);
                make()
            }
        }
    }
}
