//! Programs with a window to type into: an editor of each toolkit, and a browser, under a window manager.

use std::{
    os::fd::AsFd,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::backend::Computer;
use handspike_types::{
    ToolDetails,
    computer::ComputerAction,
    desktop::{DesktopAction, DesktopDetails, Selection, Window},
};
use tempfile::TempDir;
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, PropMode, WindowClass},
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

use crate::xserver::{XServer, cancel_fd, done, key, settings};

/// How long a program may take for what it does at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Gtk,
    Qt,
    Chromium,
}

impl Program {
    fn class(self) -> &'static str {
        match self {
            Self::Gtk => "L3afpad",
            Self::Qt => "FeatherPad",
            Self::Chromium => "Chromium",
        }
    }

    /// What its window's title contains once it can be typed into.
    fn ready(self) -> &'static str {
        match self {
            Self::Gtk | Self::Qt => "",
            Self::Chromium => "ready",
        }
    }

    fn command(self, home: &Path) -> Command {
        match self {
            Self::Gtk => Command::new("l3afpad"),
            Self::Qt => {
                let folder = home.join("featherpad");
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join("fp.conf"), "[text]\nnoIndent=true\n").unwrap();
                let mut command = Command::new("featherpad");
                command.arg("--standalone");
                command
            }
            Self::Chromium => {
                let page = home.join("page.html");
                std::fs::write(&page, PAGE).unwrap();
                let mut command = Command::new("chromium");
                command
                    .args(["--no-sandbox", "--test-type", "--disable-gpu", "--no-first-run", "--password-store=basic"])
                    .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
                    .arg(format!("--user-data-dir={}", home.join("profile").display()))
                    .arg(format!("file://{}", page.display()));
                command
            }
        }
    }
}

/// A page that is a field, in which a tab is a character.
const PAGE: &str = r"<!doctype html><meta charset=utf-8><title>loading</title>
<textarea style='position:fixed;inset:0;width:100%;height:100%' spellcheck=false autocomplete=off></textarea>
<script>
const field = document.querySelector('textarea');
field.addEventListener('keydown', event => {
  if (event.key !== 'Tab') return;
  event.preventDefault();
  document.execCommand('insertText', false, '\t');
});
field.addEventListener('input', () => { document.title = 'typed'; });
onload = () => { field.focus(); requestAnimationFrame(() => { document.title = 'ready'; }); };
</script>
";

/// A running program, which ends with the test.
pub(crate) struct Running {
    manager: Child,
    program: Child,
    _home: TempDir,
}

impl Running {
    /// Starts a program, and waits until it has the keyboard.
    pub(crate) fn start(program: Program, server: &XServer, computer: &mut Computer) -> Self {
        let home = tempfile::tempdir().unwrap();
        let manager = start_manager(server);
        let mut command = program.command(home.path());
        let running = Self { manager, program: spawn(&mut command, server, home.path()), _home: home };
        wait_for(computer, |window| {
            window.focused && window.class == program.class() && window.title.contains(program.ready())
        });
        if program == Program::Chromium {
            type_until_it_arrives(computer);
        }
        running
    }
}

/// A page gets no keys before the browser has painted it, and that it does not tell.
fn type_until_it_arrives(computer: &mut Computer) {
    let deadline = Instant::now() + PATIENCE;
    while !windows(computer).iter().any(|window| window.title.contains("typed")) {
        assert!(Instant::now() < deadline, "the page gets no keys");
        done(computer, key("x"));
    }
    cut_all(computer);
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in [&mut self.program, &mut self.manager] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts the window manager of the sandbox, with its configuration, and waits until it manages a window: its list is
/// there a moment earlier, and a window that comes within that moment is missed until it is mapped again.
pub(crate) fn start_manager(server: &XServer) -> Child {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sandbox/desktop/openbox.xml");
    let home = std::env::temp_dir();
    let manager = spawn(Command::new("openbox").args(["--sm-disable", "--config-file", config]), server, &home);
    let (connection, root) = server.outsider();
    let list = connection.intern_atom(false, b"_NET_CLIENT_LIST_STACKING").unwrap().reply().unwrap().atom;
    let managed =
        || connection.get_property(false, root, list, AtomEnum::ANY, 0, 1).unwrap().reply().unwrap().value_len;
    let wait_until = |done: &dyn Fn() -> bool| {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "openbox does not come up");
            thread::sleep(Duration::from_millis(5));
        }
    };
    let probe = open(&connection, "probe", (0, 0), (10, 10));
    wait_until(&|| {
        connection.map_window(probe).unwrap();
        managed() == 1
    });
    connection.destroy_window(probe).unwrap();
    wait_until(&|| managed() == 0);
    manager
}

/// Opens a window that nobody has drawn in.
pub(crate) fn open(connection: &RustConnection, title: &str, (x, y): (i16, i16), (width, height): (u16, u16)) -> u32 {
    let (window, root) = (connection.generate_id().unwrap(), connection.setup().roots[0].root);
    let kind = WindowClass::INPUT_OUTPUT;
    connection.create_window(0, window, root, x, y, width, height, 0, kind, 0, &CreateWindowAux::new()).unwrap();
    let set = |property: u32, kind: u32, bytes: &[u8]| {
        connection.change_property8(PropMode::REPLACE, window, property, kind, bytes).unwrap();
    };
    set(atom(connection, "_NET_WM_NAME"), atom(connection, "UTF8_STRING"), title.as_bytes());
    set(AtomEnum::WM_CLASS.into(), AtomEnum::STRING.into(), b"sample\0Sample\0");
    let pid = atom(connection, "_NET_WM_PID");
    connection.change_property32(PropMode::REPLACE, window, pid, AtomEnum::CARDINAL, &[4711]).unwrap();
    connection.map_window(window).unwrap();
    connection.sync().unwrap();
    window
}

pub(crate) fn atom(connection: &RustConnection, name: &str) -> u32 {
    connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
}

fn spawn(command: &mut Command, server: &XServer, home: &Path) -> Child {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .env("DISPLAY", &server.display)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("LC_ALL", "C.UTF-8")
        .env("NO_AT_BRIDGE", "1")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("these tests need `{name}`: scripts/setup tests ({error})"))
}

/// Waits for a window.
pub(crate) fn wait_for(computer: &mut Computer, is_it: impl Fn(&Window) -> bool) -> Window {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let windows = windows(computer);
        if let Some(window) = windows.iter().find(|window| is_it(window)) {
            return window.clone();
        }
        assert!(Instant::now() < deadline, "the window does not come; there are {windows:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn windows(computer: &mut Computer) -> Vec<Window> {
    match desktop(computer, &DesktopAction::ListWindows) {
        DesktopDetails::Windows(windows) => windows,
        other => panic!("no windows but {other:?}"),
    }
}

pub(crate) fn clipboard(computer: &mut Computer, selection: Selection) -> Option<String> {
    match desktop(computer, &DesktopAction::ReadClipboard(selection)) {
        DesktopDetails::Clipboard(text) => text,
        other => panic!("no clipboard but {other:?}"),
    }
}

/// Carries out an action that has to succeed.
pub(crate) fn desktop(computer: &mut Computer, action: &DesktopAction) -> DesktopDetails {
    let output = computer.run_desktop(action, &settings(), cancel_fd().as_fd());
    assert!(!output.is_error, "{}", output.joined_text());
    match output.details {
        Some(ToolDetails::Desktop(details)) => details,
        other => panic!("no details of a desktop but {other:?}"),
    }
}

/// Everything that is in the field that has the keyboard, which is empty afterwards.
pub(crate) fn cut_all(computer: &mut Computer) -> String {
    let nothing = "nothing was copied so far";
    desktop(computer, &DesktopAction::WriteClipboard(nothing.to_owned()));
    done(computer, key("ctrl+a ctrl+x"));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match clipboard(computer, Selection::Clipboard) {
            Some(text) if text != nothing => return text,
            other => assert!(Instant::now() < deadline, "the program copies nothing, {other:?}"),
        }
        done(computer, ComputerAction::Wait(Duration::from_millis(20)));
    }
}
