//! The sandbox's desktop: an X server at the declared size, and the image's session (window manager and so on) on
//! it. Both start with the guest where the image has an X server. Calls that may start programs wait for them, for a
//! moment and at the first time; calls that need the screen wait until they are there.
//!
//! A server that ends is started again. One that does not live is given up for a while, and tried again when a call
//! needs it after that.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use handspike_computer::{Computer, ComputerConfig, X11Desktop};
use handspike_local::Displays;
use handspike_types::with_causes;
use tokio::{sync::watch, time::timeout};

use crate::session::{self, DesktopSession};

const START_LIMIT: Duration = Duration::from_secs(20);

/// How long a session may take until its window manager takes charge of windows, or else counts as one without.
const MANAGER_LIMIT: Duration = Duration::from_secs(3);

/// How long a call that may need no screen waits for the desktop's first start.
const FIRST_START: Duration = Duration::from_secs(3);

/// A server that lived for less had a short life, and after so many of them it is given up for a while.
const SHORT_LIFE: Duration = Duration::from_secs(1);
const SHORT_LIVES: u32 = 5;

/// How long it is given up: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// The display that a desktop of this image has; none when the image has no X server.
pub(crate) fn display_of_this_image() -> Option<String> {
    x_server().map(|_| display_name(declared_number()))
}

fn x_server() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("Xvfb")).find(|file| file.is_file())
}

/// The display's number, as declared for the sandbox.
fn declared_number() -> u32 {
    env::var("HANDSPIKE_DISPLAY").ok().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn display_name(number: u32) -> String {
    format!(":{number}")
}

impl Displays for Desktop {
    type Desktop = X11Desktop;

    fn connect(&mut self) -> Result<Computer<X11Desktop>, String> {
        let server = self.server_after(0)?;
        connect(self.number).or_else(|_| {
            // The server has ended a moment ago, and the next one is being started.
            self.server_after(server)?;
            connect(self.number)
        })
    }
}

fn connect(number: u32) -> Result<Computer<X11Desktop>, String> {
    Computer::connect(&display_name(number), ComputerConfig::default()).map_err(|error| with_causes(&error))
}

/// A desktop that is starting, running or not to be had.
#[derive(Clone)]
pub(crate) struct Desktop {
    number: u32,
    state: Arc<(Mutex<State>, Condvar)>,
    /// Whether the first start has come to its end, one way or the other.
    started: Arc<watch::Sender<bool>>,
}

enum State {
    Starting,
    /// How many servers there have been, this one included.
    Running(u32),
    /// It does not live, and is not tried again before this moment, nor before a call needs it.
    GivenUp(String, Instant),
    /// This image has none.
    Absent,
}

impl Desktop {
    /// Starts the desktop on a thread of its own, which starts it again when it ends.
    pub(crate) fn start() -> Self {
        let desktop = Self {
            number: declared_number(),
            state: Arc::new((Mutex::new(State::Starting), Condvar::new())),
            started: Arc::new(watch::Sender::new(false)),
        };
        match x_server() {
            None => desktop.set(State::Absent),
            Some(server) => {
                let starter = desktop.clone();
                thread::spawn(move || starter.keep_running(&server));
            }
        }
        desktop
    }

    /// Waits for the end of the first start, but not for long: what a program shows before that is lost.
    pub(crate) async fn first_start(&self) {
        if *self.started.borrow() {
            return;
        }
        let _ = timeout(FIRST_START, self.started.subscribe().wait_for(|started| *started)).await;
    }

    /// Which server has the display, counted from 1, once it can be connected to and is a later one than the given.
    fn server_after(&self, server: u32) -> Result<u32, String> {
        let (_, changed) = &*self.state;
        let mut state = self.locked();
        if matches!(&*state, State::GivenUp(_, until) if *until <= Instant::now()) {
            *state = State::Starting;
            changed.notify_all();
        }
        let is_awaited = |state: &mut State| match state {
            State::Starting => true,
            State::Running(running) => *running <= server,
            State::GivenUp(..) | State::Absent => false,
        };
        let (state, _) =
            changed.wait_timeout_while(state, START_LIMIT, is_awaited).unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Running(running) if *running > server => Ok(*running),
            State::Starting | State::Running(_) => {
                Err(format!("the desktop is not up after {} s", START_LIMIT.as_secs()))
            }
            State::GivenUp(error, until) => {
                let seconds = until.saturating_duration_since(Instant::now()).as_secs() + 1;
                Err(format!("{error}\nhint: the next call after {seconds} s starts it again"))
            }
            State::Absent => Err("this image has no desktop: no X server is installed in it\nhint: use the image \
                                  `desktop`"
                .to_owned()),
        }
    }

    fn set(&self, new: State) {
        let is_starting = matches!(new, State::Starting);
        *self.locked() = new;
        self.state.1.notify_all();
        if !is_starting {
            self.started.send_replace(true);
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one server after another, and pauses when none of them lives.
    fn keep_running(&self, server: &Path) {
        let mut short_lives = 0;
        for count in 1.. {
            let started = Instant::now();
            let ended = self.run(server, count);
            if ended.is_ok() && started.elapsed() >= SHORT_LIFE {
                short_lives = 0;
                continue;
            }
            short_lives += 1;
            let error = match ended {
                Ok(()) if short_lives <= SHORT_LIVES => continue,
                Ok(()) => "the desktop's X server ended as soon as it had started".to_owned(),
                Err(error) => format!("the desktop's X server could not be started: {error}"),
            };
            self.give_up(error, pause_after(short_lives.saturating_sub(SHORT_LIVES)));
        }
    }

    /// Waits until a call needs the server, after the pause.
    fn give_up(&self, error: String, pause: Duration) {
        self.set(State::GivenUp(error, Instant::now() + pause));
        let is_given_up = |state: &mut State| matches!(state, State::GivenUp(..));
        drop(self.state.1.wait_while(self.locked(), is_given_up).unwrap_or_else(PoisonError::into_inner));
    }

    /// Runs the X server to its end.
    fn run(&self, server: &Path, count: u32) -> io::Result<()> {
        let number = self.number;
        // A server that was killed leaves its marks, as does a container that was stopped.
        for stale in [format!("/tmp/.X{number}-lock"), format!("/tmp/.X11-unix/X{number}")] {
            let _ = fs::remove_file(stale);
        }
        let size = env::var("HANDSPIKE_SCREEN").unwrap_or_else(|_| "1024x768".to_owned());
        let display = display_name(number);
        // The server writes its display's number to descriptor 1 as soon as clients can connect.
        let mut server = Command::new(server)
            .args([&*display, "-screen", "0", &format!("{size}x24"), "-noreset", "-nolisten", "tcp", "-displayfd", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let ready = server.stdout.take().map(BufReader::new).map(|mut lines| lines.read_line(&mut String::new()));
        if !matches!(ready, Some(Ok(bytes)) if bytes > 0) {
            return Err(io::Error::other(format!("it ended with {}", server.wait()?)));
        }
        // A display without a window manager, for want of a thread, is better than none.
        let session = DesktopSession::start(Path::new(session::PROGRAM), &display).unwrap_or(None);
        if session.is_some() {
            wait_for_manager(&display);
        }
        self.set(State::Running(count));
        server.wait()?;
        self.set(State::Starting);
        // Its programs have lost their display and end by themselves; whichever hangs must not outlive it.
        drop(session);
        Ok(())
    }
}

/// Waits for the session's window manager. A session without one, or a server that ends meanwhile, is met later.
fn wait_for_manager(display: &str) {
    if let Ok(mut desktop) = X11Desktop::connect(display, &ComputerConfig::default()) {
        let _ = desktop.wait_for_manager(MANAGER_LIMIT);
    }
}

/// Twice as long each time.
fn pause_after(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LAST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desktop_in(state: State) -> Desktop {
        let state = Arc::new((Mutex::new(state), Condvar::new()));
        Desktop { number: 0, state, started: Arc::new(watch::Sender::new(false)) }
    }

    #[test]
    fn a_server_that_was_given_up_is_not_started_before_its_pause_is_over() {
        let desktop = desktop_in(State::GivenUp("it died".to_owned(), Instant::now() + Duration::from_secs(60)));
        let error = desktop.server_after(0).expect_err("given up");
        assert!(error.starts_with("it died\nhint: the next call after 60 s"), "{error}");
        assert!(matches!(&*desktop.locked(), State::GivenUp(..)));
    }

    #[test]
    fn a_call_after_the_pause_starts_a_server_that_was_given_up() {
        let desktop = desktop_in(State::Starting);
        let keeper = thread::spawn({
            let desktop = desktop.clone();
            move || {
                desktop.give_up("it died".to_owned(), Duration::ZERO);
                desktop.set(State::Running(7));
            }
        });
        while matches!(&*desktop.locked(), State::Starting) {
            thread::yield_now();
        }
        assert_eq!(desktop.server_after(0), Ok(7));
        keeper.join().expect("the keeper ends");
    }

    #[test]
    fn pauses_grow_and_have_a_bound() {
        assert_eq!(pause_after(0), FIRST_PAUSE);
        assert!((0..40).all(|failures| pause_after(failures) <= pause_after(failures + 1)));
        assert_eq!(pause_after(u32::MAX), LAST_PAUSE);
    }
}
