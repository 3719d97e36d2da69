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
    sync::mpsc::{self, TrySendError},
    thread,
    time::Duration,
};

use handspike_types::ToolOutput;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    sync::oneshot,
    time::timeout,
};

/// How many calls may wait for one tool; more are refused.
const QUEUE: usize = 64;

/// How long a tool may take to come to rest after a call was cancelled: a large file is written to its end.
const REST_LIMIT: Duration = Duration::from_secs(30);

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
    pub(crate) answer: Answer<'a>,
}

/// Takes a call's answer.
pub(crate) struct Answer<'a> {
    answer: oneshot::Sender<ToolOutput>,
    line: &'a BlockingStream,
}

impl Answer<'_> {
    /// Answers the call. What the tool does afterwards holds up nobody but the next call.
    pub(crate) fn give(mut self, output: ToolOutput) {
        // Nobody waits any more when the connection is gone; the call is done all the same.
        let _ = self.answer.send(output);
        let _ = self.line.write(&[0]);
    }
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

/// A failure of the machinery, not of the call. A limit that calls themselves reach is none: it is answered.
#[derive(Debug)]
pub struct WorkerFailed(pub &'static str);

impl<C: Send + 'static> Worker<C> {
    /// Starts a thread whose tool is made by `make`, and made again should it ever panic. A call that it does not answer
    /// has failed.
    pub(crate) fn start<T>(name: &str, make: impl Fn() -> T + Send + 'static) -> io::Result<Self>
    where
        T: FnMut(C, Line<'_>),
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
        let (mut line, theirs) = match joined() {
            Ok(pair) => pair,
            Err(error) => return Ok(not_run(&error)),
        };
        let (answer, mut answered) = oneshot::channel();
        match self.jobs.try_send(Job { call, line: theirs, progress: caller.progress, answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                let text = format!("not run: {QUEUE} calls wait for this tool already; try again when they are done");
                return Ok(ToolOutput::error(text));
            }
            Err(TrySendError::Disconnected(_)) => return Err(WorkerFailed("the tool's thread has ended")),
        }
        // A bell that can't be rung because it is ringing already will be heard all the same.
        let _ = (&self.bell).write(&[0]);

        let mut done = [0];
        tokio::select! {
            biased;
            _ = line.read(&mut done) => {}
            () = caller.cancelled => {
                let _ = line.write(&[0]).await;
                if timeout(REST_LIMIT, line.read(&mut done)).await.is_err() {
                    let seconds = REST_LIMIT.as_secs();
                    return Ok(ToolOutput::error(format!(
                        "cancelled: the tool did not come to rest within {seconds} s; calls to it wait until it does"
                    )));
                }
            }
        }
        answered.try_recv().map_err(|_| WorkerFailed("the tool failed in the middle of the call"))
    }
}

/// The two ends of a call's line: the caller's and the tool's.
fn joined() -> io::Result<(UnixStream, BlockingStream)> {
    let (line, theirs) = BlockingStream::pair()?;
    line.set_nonblocking(true)?;
    Ok((UnixStream::from_std(line)?, theirs))
}

/// The answer to a call for which the system has no thread or descriptor left. Whoever asked for so many can give some
/// back.
pub(crate) fn not_run(error: &io::Error) -> ToolOutput {
    ToolOutput::error(format!(
        "not run: the machine of the tools has nothing left to run it with: {error}\nhint: end processes, or close \
         terminals and programs, that are not needed any more"
    ))
}

impl<C> Job<C> {
    /// Runs the call and hands on the tool for the next one.
    fn run<T: FnMut(C, Line<'_>)>(self, mut tool: T, make: &impl Fn() -> T) -> T {
        let Self { call, line, progress, answer } = self;
        let theirs = Line { cancel: line.as_fd(), progress, answer: Answer { answer, line: &line } };
        match catch_unwind(AssertUnwindSafe(|| tool(call, theirs))) {
            Ok(()) => tool,
            Err(_) => make(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::{Arc, Mutex},
    };

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn nobody() -> Caller<impl Future<Output = ()>> {
        Caller { cancelled: pending(), progress: None }
    }

    fn wait_for_cancel(line: &Line<'_>) {
        poll(&mut [PollFd::from_borrowed_fd(line.cancel, PollFlags::IN)], None).expect("waits");
    }

    #[tokio::test]
    async fn calls_run_in_order_on_one_tool() {
        let worker = Worker::start("test", || {
            let mut before = 0;
            move |call: u32, line: Line<'_>| {
                before += 1;
                line.answer.give(ToolOutput::text(format!("{call} after {}", before - 1)));
            }
        });
        let worker = worker.expect("a thread");
        for call in 0..3 {
            let output = worker.call(call, nobody()).await.expect("no failure");
            assert_eq!(output.joined_text(), format!("{call} after {call}"));
        }
    }

    #[tokio::test]
    async fn a_cancelled_call_answers_how_far_it_came() {
        let worker = Worker::start("test", || {
            |(): (), line: Line<'_>| {
                wait_for_cancel(&line);
                line.answer.give(ToolOutput::text("half of it"));
            }
        });
        let caller = Caller { cancelled: ready(()), progress: None };
        let called = timeout(LIMIT, worker.expect("a thread").call((), caller)).await.expect("ends");
        assert_eq!(called.expect("no failure").joined_text(), "half of it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_does_not_heed_a_cancel_is_not_waited_for() {
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(Some(held));
        let worker = Worker::start("test", move || {
            let held = held.lock().expect("no panic").take().expect("made once");
            move |(): (), line: Line<'_>| {
                let _ = held.recv();
                line.answer.give(ToolOutput::text("late"));
            }
        });
        let caller = Caller { cancelled: ready(()), progress: None };
        let called = worker.expect("a thread").call((), caller).await.expect("no failure");
        assert!(called.is_error && called.joined_text().contains("did not come to rest"), "{}", called.joined_text());
        drop(let_go);
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_any_more_is_told_to_stop() {
        let worker = Worker::start("test", || {
            |stuck: bool, line: Line<'_>| {
                if stuck {
                    wait_for_cancel(&line);
                }
                line.answer.give(ToolOutput::text("on"));
            }
        });
        let worker = worker.expect("a thread");
        assert!(timeout(Duration::from_millis(50), worker.call(true, nobody())).await.is_err());
        let next = timeout(LIMIT, worker.call(false, nobody())).await.expect("ends");
        assert_eq!(next.expect("no failure").joined_text(), "on");
    }

    #[tokio::test]
    async fn progress_is_told_from_the_tool_s_thread() {
        let worker = Worker::start("test", || {
            |(): (), mut line: Line<'_>| {
                line.progress.as_mut().expect("somebody wants to know")("half");
                line.answer.give(ToolOutput::text("done"));
            }
        });
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell: Tell = Box::new({
            let told = Arc::clone(&told);
            move |text| told.lock().expect("no panic").push(text.to_owned())
        });
        let caller = Caller { cancelled: pending(), progress: Some(tell) };
        worker.expect("a thread").call((), caller).await.expect("no failure");
        assert_eq!(*told.lock().expect("no panic"), ["half"]);
    }

    #[tokio::test]
    async fn what_a_tool_does_after_its_answer_holds_up_the_next_call_alone() {
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(Some(held));
        let worker = Worker::start("test", move || {
            let held = held.lock().expect("no panic").take();
            move |call: u32, line: Line<'_>| {
                line.answer.give(ToolOutput::text(format!("call {call}")));
                let _ = held.as_ref().map(mpsc::Receiver::recv);
            }
        });
        let worker = worker.expect("a thread");
        assert_eq!(worker.call(1, nobody()).await.expect("no failure").joined_text(), "call 1");
        assert!(timeout(Duration::from_millis(50), worker.call(2, nobody())).await.is_err());
        drop(let_go);
        assert_eq!(worker.call(3, nobody()).await.expect("no failure").joined_text(), "call 3");
    }

    #[tokio::test]
    async fn a_panic_costs_its_call_and_the_tool_is_made_again() {
        let worker = Worker::start("test", || {
            let mut calls = 0;
            move |panics: bool, line: Line<'_>| {
                calls += 1;
                assert!(!panics, "as asked");
                line.answer.give(ToolOutput::text(format!("call {calls}")));
            }
        });
        let worker = worker.expect("a thread");
        assert_eq!(worker.call(false, nobody()).await.expect("no failure").joined_text(), "call 1");
        let failed = worker.call(true, nobody()).await.expect_err("a panic");
        assert_eq!(failed.0, "the tool failed in the middle of the call");
        assert_eq!(worker.call(false, nobody()).await.expect("no failure").joined_text(), "call 1");
    }

    #[tokio::test]
    async fn more_calls_than_may_wait_are_answered_as_not_run() {
        let worker = Worker::start("test", || {
            |(): (), line: Line<'_>| {
                wait_for_cancel(&line);
                line.answer.give(ToolOutput::text("stopped"));
            }
        });
        let worker = Arc::new(worker.expect("a thread"));
        let calls: Vec<_> = (0..2 * QUEUE)
            .map(|_| {
                let worker = Arc::clone(&worker);
                let stop = async { tokio::time::sleep(Duration::from_millis(200)).await };
                tokio::spawn(async move { worker.call((), Caller { cancelled: stop, progress: None }).await })
            })
            .collect();
        let mut refused = 0;
        for call in calls {
            let output = timeout(LIMIT, call).await.expect("ends").expect("no panic").expect("no failure");
            refused += usize::from(output.is_error && output.joined_text().starts_with("not run: "));
        }
        // One more than may wait can be under way.
        assert!((QUEUE - 1..=QUEUE).contains(&refused), "{refused}");
    }
}
