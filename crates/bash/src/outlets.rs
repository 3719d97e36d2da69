//! Which pipes a call writes to, and which are still in the hands of background jobs.
//!
//! A pipe's packet mode belongs to the open file, so the writing ends must be inherited: the shell is given a small pool
//! of pairs when it starts. A pair whose call left processes behind is retired until all of them are gone. When every
//! pair is retired, a call gets a fresh pair that the shell opens by path; it keeps calls apart just as well, and only
//! the order between its two streams is approximate.

use std::{
    io, mem,
    os::fd::{AsRawFd, OwnedFd},
    process,
};

use handspike_command::Pids;

use crate::{
    driver::{FIRST_OUTPUT_FD, OUTPUT_PAIRS},
    janitor::{Janitor, Ticket},
    pipes::{Order, Pair, Stream},
    shell::Look,
};

/// The pairs of one shell.
#[derive(Debug)]
pub(crate) struct Outlets {
    pool: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    shell_fds: (i32, i32),
    state: State,
}

#[derive(Debug)]
enum State {
    Free(Pair),
    Lent,
    Retired { pair: Pair, holders: Pids, tickets: [Ticket; 2] },
}

/// A pair that a call writes to, until it is given back.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) pair: Pair,
    pub(crate) order: Order,
    /// The command's streams, as the shell redirects them.
    pub(crate) redirects: String,
    place: Option<usize>,
}

impl Outlets {
    pub(crate) fn new() -> io::Result<Self> {
        let mut pool = Vec::new();
        for fd in (FIRST_OUTPUT_FD..).step_by(2).take(OUTPUT_PAIRS as usize) {
            pool.push(Place { shell_fds: (fd, fd + 1), state: State::Free(Pair::new()?) });
        }
        Ok(Self { pool })
    }

    /// What the shell must inherit, in the order of its descriptors.
    pub(crate) fn writers(&self) -> io::Result<Vec<OwnedFd>> {
        let mut writers = Vec::new();
        for place in &self.pool {
            if let State::Free(pair) = &place.state {
                writers.push(pair.writer(Stream::Out).try_clone_to_owned()?);
                writers.push(pair.writer(Stream::Err).try_clone_to_owned()?);
            }
        }
        Ok(writers)
    }

    /// Takes back the pairs whose jobs are over. A new orphan may be of any background job, so it is taken to hold every
    /// retired pair.
    pub(crate) fn review(&mut self, janitor: &Janitor, look: &Look) {
        for place in &mut self.pool {
            place.state = match mem::replace(&mut place.state, State::Lent) {
                State::Retired { pair, mut holders, tickets } => {
                    holders.retain(|pid| look.alive.contains(pid));
                    holders.extend(&look.new_orphans);
                    if holders.is_empty() {
                        tickets.into_iter().for_each(|ticket| janitor.take_back(ticket));
                        empty(&pair);
                        State::Free(pair)
                    } else {
                        State::Retired { pair, holders, tickets }
                    }
                }
                state @ (State::Free(_) | State::Lent) => state,
            };
        }
    }

    /// A pair for the next call.
    pub(crate) fn lend(&mut self) -> io::Result<Lease> {
        for (index, place) in self.pool.iter_mut().enumerate() {
            match mem::replace(&mut place.state, State::Lent) {
                State::Free(pair) => {
                    let (out, err) = place.shell_fds;
                    let redirects = format!(">&{out} 2>&{err}");
                    return Ok(Lease { order: pair.narrow(), pair, redirects, place: Some(index) });
                }
                state @ (State::Lent | State::Retired { .. }) => place.state = state,
            }
        }
        let pair = Pair::new()?;
        let path = |stream| format!("/proc/{}/fd/{}", process::id(), pair.writer(stream).as_raw_fd());
        let redirects = format!(">|{} 2>|{}", path(Stream::Out), path(Stream::Err));
        Ok(Lease { pair, order: Order::Approximate, redirects, place: None })
    }

    /// The call is over; `holders` are the processes that it left behind.
    pub(crate) fn give_back(&mut self, janitor: &Janitor, lease: Lease, holders: Pids) -> io::Result<()> {
        let Lease { pair, place, .. } = lease;
        match place {
            Some(index) if holders.is_empty() => self.pool[index].state = State::Free(pair),
            Some(index) => {
                pair.widen();
                let tickets = hand_over(janitor, &pair)?;
                self.pool[index].state = State::Retired { pair, holders, tickets };
            }
            // Only the jobs themselves hold the writing ends now, so the janitor sees their end.
            None => hand_over(janitor, &pair).map(drop)?,
        }
        Ok(())
    }
}

fn hand_over(janitor: &Janitor, pair: &Pair) -> io::Result<[Ticket; 2]> {
    Ok([janitor.hand_over(pair.shared_reader(Stream::Out))?, janitor.hand_over(pair.shared_reader(Stream::Err))?])
}

fn empty(pair: &Pair) {
    let mut buffer = [0; 4096];
    for stream in [Stream::Out, Stream::Err] {
        while rustix::io::read(pair.reader(stream), &mut buffer).is_ok_and(|read| read > 0) {}
    }
}
