//! The sandbox's desktop: an X server at the declared size, and the image's session (window manager and so on) on
//! it. Both start with the guest where the image has an X server; nobody waits for them until a call needs the screen.

use std::{
    env, fs, io,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

const DISPLAY: &str = ":0";
const SESSION: &str = "/usr/local/lib/handspike/desktop-session";
const START_LIMIT: Duration = Duration::from_secs(20);

/// The display that a desktop of this image has; none when the image has no X server.
pub(crate) fn display_of_this_image() -> Option<&'static str> {
    x_server().map(|_| DISPLAY)
}

fn x_server() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("Xvfb")).find(|file| file.is_file())
}

/// A desktop that is starting, running or impossible.
#[derive(Clone)]
pub(crate) struct Desktop {
    state: Arc<(Mutex<State>, Condvar)>,
}

enum State {
    Starting,
    Running(String),
    Failed(String),
}

impl Desktop {
    /// Starts the desktop on a thread of its own, which then waits for its end.
    pub(crate) fn start() -> Self {
        let desktop = Self { state: Arc::new((Mutex::new(State::Starting), Condvar::new())) };
        let starter = desktop.clone();
        thread::spawn(move || {
            let failed = match x_server() {
                None => "this image has no desktop: no X server is installed in it\nhint: use the image `desktop`"
                    .to_owned(),
                Some(server) => match starter.run(&server) {
                    Ok(()) => "the desktop's X server has ended".to_owned(),
                    Err(error) => format!("the desktop's X server could not be started: {error}"),
                },
            };
            starter.set(State::Failed(failed));
        });
        desktop
    }

    /// The display's name, once it can be connected to.
    pub(crate) fn display(&self) -> Result<String, String> {
        let (state, changed) = &*self.state;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = changed
            .wait_timeout_while(state, START_LIMIT, |state| matches!(state, State::Starting))
            .unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Starting => Err(format!("the desktop is not up after {} s", START_LIMIT.as_secs())),
            State::Running(display) => Ok(display.clone()),
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn set(&self, new: State) {
        let (state, changed) = &*self.state;
        *state.lock().unwrap_or_else(PoisonError::into_inner) = new;
        changed.notify_all();
    }

    /// Runs the X server to its end.
    fn run(&self, server: &Path) -> io::Result<()> {
        // A container that was stopped and started again holds the marks of an X server that is gone.
        for stale in ["/tmp/.X0-lock", "/tmp/.X11-unix/X0"] {
            let _ = fs::remove_file(stale);
        }
        let size = env::var("HANDSPIKE_SCREEN").unwrap_or_else(|_| "1024x768".to_owned());
        // The server writes its display's number to descriptor 1 as soon as clients can connect.
        let mut server = Command::new(server)
            .args([DISPLAY, "-screen", "0", &format!("{size}x24"), "-noreset", "-nolisten", "tcp", "-displayfd", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let ready = server.stdout.take().map(BufReader::new).map(|mut lines| lines.read_line(&mut String::new()));
        if !matches!(ready, Some(Ok(bytes)) if bytes > 0) {
            return Err(io::Error::other(format!("it ended with {}", server.wait()?)));
        }
        if Path::new(SESSION).is_file() {
            start_session()?;
        }
        self.set(State::Running(DISPLAY.to_owned()));
        server.wait().map(|_| ())
    }
}

fn start_session() -> io::Result<()> {
    let mut session = Command::new(SESSION)
        .env("DISPLAY", DISPLAY)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    thread::spawn(move || session.wait());
    Ok(())
}
