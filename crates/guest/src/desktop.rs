//! The sandbox's desktop: an X server at the declared size, and the image's session (window manager and so on) on
//! it. Both start with the guest where the image has an X server; nobody waits for them until a call needs the screen. A
//! server that ends is started again.

use std::{
    env, fs, io,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use handspike_computer::{Computer, ComputerConfig, X11Desktop};
use handspike_local::Displays;
use handspike_types::with_causes;

const SESSION: &str = "/usr/local/lib/handspike/desktop-session";
const START_LIMIT: Duration = Duration::from_secs(20);

/// A server that lived for less had a short life, and after so many of them it is not started again.
const SHORT_LIFE: Duration = Duration::from_secs(1);
const SHORT_LIVES: u32 = 5;

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

    fn own_number(&self) -> u32 {
        self.number
    }

    fn connect(&mut self, number: u32) -> Result<Computer<X11Desktop>, String> {
        if number != self.number {
            return connect(number);
        }
        let server = self.server_after(0)?;
        connect(number).or_else(|_| {
            // The server has ended a moment ago, and the next one is being started.
            self.server_after(server)?;
            connect(number)
        })
    }
}

fn connect(number: u32) -> Result<Computer<X11Desktop>, String> {
    Computer::connect(&display_name(number), ComputerConfig::default()).map_err(|error| with_causes(&error))
}

/// A desktop that is starting, running or impossible.
#[derive(Clone)]
pub(crate) struct Desktop {
    number: u32,
    state: Arc<(Mutex<State>, Condvar)>,
}

enum State {
    Starting,
    /// How many servers there have been, this one included.
    Running(u32),
    Failed(String),
}

impl Desktop {
    /// Starts the desktop on a thread of its own, which starts it again when it ends.
    pub(crate) fn start() -> Self {
        let desktop =
            Self { number: declared_number(), state: Arc::new((Mutex::new(State::Starting), Condvar::new())) };
        let starter = desktop.clone();
        thread::spawn(move || match x_server() {
            None => starter.set(State::Failed(
                "this image has no desktop: no X server is installed in it\nhint: use the image `desktop`".to_owned(),
            )),
            Some(server) => starter.keep_running(&server),
        });
        desktop
    }

    /// Which server has the display, counted from 1, once it can be connected to and is a later one than the given.
    fn server_after(&self, server: u32) -> Result<u32, String> {
        let (state, changed) = &*self.state;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_awaited = |state: &mut State| match state {
            State::Starting => true,
            State::Running(running) => *running <= server,
            State::Failed(_) => false,
        };
        let (state, _) =
            changed.wait_timeout_while(state, START_LIMIT, is_awaited).unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Running(running) if *running > server => Ok(*running),
            State::Starting | State::Running(_) => {
                Err(format!("the desktop is not up after {} s", START_LIMIT.as_secs()))
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn set(&self, new: State) {
        let (state, changed) = &*self.state;
        *state.lock().unwrap_or_else(PoisonError::into_inner) = new;
        changed.notify_all();
    }

    /// Runs one server after another, until one can't be started or does not live.
    fn keep_running(&self, server: &Path) {
        let mut short_lives = 0;
        for count in 1.. {
            let started = Instant::now();
            let ended = match self.run(server, count) {
                Ok(()) if started.elapsed() >= SHORT_LIFE => {
                    short_lives = 0;
                    continue;
                }
                Ok(()) if short_lives < SHORT_LIVES => {
                    short_lives += 1;
                    continue;
                }
                Ok(()) => "the desktop's X server ended as soon as it had started".to_owned(),
                Err(error) => format!("the desktop's X server could not be started: {error}"),
            };
            return self.set(State::Failed(ended));
        }
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
        let session = Path::new(SESSION).is_file().then(|| start_session(&display)).transpose()?;
        self.set(State::Running(count));
        server.wait()?;
        self.set(State::Starting);
        // Its programs have lost their display and end by themselves; whichever hangs must not outlive it.
        if let Some(mut session) = session {
            let _ = session.kill();
            session.wait()?;
        }
        Ok(())
    }
}

fn start_session(display: &str) -> io::Result<Child> {
    Command::new(SESSION)
        .env("DISPLAY", display)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
