//! Reads and throws away what nobody waits for any more.
//!
//! A background job goes on writing to the pipes of the call that started it. It must neither block nor die of SIGPIPE,
//! and what it writes belongs to no later call, so a thread reads those pipes to their end. It also reads the shell's
//! own output, of which it keeps the last bytes: they say why a shell did not start.

use std::{
    collections::HashMap,
    io,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use rustix::{
    buffer::spare_capacity,
    event::{EventfdFlags, epoll, eventfd},
    io::Errno,
};

const STOP: u64 = 0;
const LAST_WORDS: usize = 2048;

/// The last bytes of a descriptor that is read by the janitor.
pub(crate) type LastWords = Arc<Mutex<Vec<u8>>>;

/// A thread that reads descriptors to their end.
#[derive(Debug)]
pub(crate) struct Janitor {
    floor: Arc<Floor>,
    stop: OwnedFd,
}

/// Names a descriptor that the janitor reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(u64);

#[derive(Debug)]
struct Floor {
    epoll: OwnedFd,
    litter: Mutex<Litter>,
}

#[derive(Debug, Default)]
struct Litter {
    last_ticket: u64,
    readers: HashMap<u64, Reader>,
}

#[derive(Debug)]
struct Reader {
    fd: Arc<OwnedFd>,
    last_words: Option<LastWords>,
}

impl Janitor {
    pub(crate) fn start() -> io::Result<Self> {
        let floor = Arc::new(Floor { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, litter: Mutex::default() });
        let stop = eventfd(0, EventfdFlags::CLOEXEC)?;
        epoll::add(&floor.epoll, &stop, epoll::EventData::new_u64(STOP), epoll::EventFlags::IN)?;
        let shared = Arc::clone(&floor);
        thread::Builder::new().name("bash-janitor".into()).spawn(move || shared.sweep())?;
        Ok(Self { floor, stop })
    }

    /// Reads a non-blocking descriptor from now on, until its end or until it is taken back.
    pub(crate) fn hand_over(&self, fd: Arc<OwnedFd>) -> io::Result<Ticket> {
        self.floor.add(fd, None)
    }

    /// The same, keeping the last bytes.
    pub(crate) fn listen(&self, fd: OwnedFd) -> io::Result<LastWords> {
        let last_words = LastWords::default();
        self.floor.add(Arc::new(fd), Some(Arc::clone(&last_words)))?;
        Ok(last_words)
    }

    /// Once this has returned, the janitor reads nothing more from the descriptor.
    pub(crate) fn take_back(&self, ticket: Ticket) {
        let mut litter = self.floor.litter();
        if let Some(reader) = litter.readers.remove(&ticket.0) {
            let _ = epoll::delete(&self.floor.epoll, &reader.fd);
        }
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
    }
}

impl Floor {
    fn litter(&self) -> MutexGuard<'_, Litter> {
        self.litter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, fd: Arc<OwnedFd>, last_words: Option<LastWords>) -> io::Result<Ticket> {
        let mut litter = self.litter();
        litter.last_ticket += 1;
        let ticket = litter.last_ticket;
        epoll::add(&self.epoll, &fd, epoll::EventData::new_u64(ticket), epoll::EventFlags::IN)?;
        litter.readers.insert(ticket, Reader { fd, last_words });
        Ok(Ticket(ticket))
    }

    fn sweep(&self) {
        let mut events = Vec::with_capacity(16);
        let mut buffer = Vec::with_capacity(64 * 1024);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            // Held while reading: a descriptor that has been taken back is not among the readers any more.
            let mut litter = self.litter();
            for event in &events {
                match event.data.u64() {
                    STOP => return,
                    ticket => litter.read(&self.epoll, ticket, &mut buffer),
                }
            }
        }
    }
}

impl Litter {
    fn read(&mut self, epoll: &OwnedFd, ticket: u64, buffer: &mut Vec<u8>) {
        let Some(reader) = self.readers.get(&ticket) else { return };
        buffer.clear();
        match rustix::io::read(&reader.fd, spare_capacity(buffer)) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A terminal that nobody holds any more ends with an error.
            Ok(0) | Err(_) => {
                // Others may hold the descriptor, so dropping it alone would leave it in the epoll set.
                let _ = epoll::delete(epoll, &reader.fd);
                self.readers.remove(&ticket);
            }
            Ok(_) => {
                if let Some(last_words) = &reader.last_words {
                    let mut kept = last_words.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend_from_slice(buffer);
                    let excess = kept.len().saturating_sub(LAST_WORDS);
                    kept.drain(..excess);
                }
            }
        }
    }
}
