//! An X server of the test's own, a computer on it, and ways to look at both from outside.

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handspike_computer::{ComputerConfig, Extent, Frame};
use handspike_types::computer::{Button, ComputerAction, ComputerDetails, Point};
use handspike_types::{ComputerSettings, ContentPart, Settle, ToolDetails, ToolOutput};
use rustix::event::{EventfdFlags, eventfd};
use x11rb::protocol::xproto::{ConnectionExt, Window};
use x11rb::rust_connection::RustConnection;

use crate::backend::{self, Computer};

/// Milliseconds within which xterm, more impatient than other programs, takes clicks for one of several.
pub(crate) const MULTI_CLICK_MS: u32 = 250;

/// A running Xvfb, which ends with the test.
pub(crate) struct XServer {
    child: Child,
    pub(crate) display: String,
    _turn: backend::Turn,
}

impl XServer {
    pub(crate) fn start() -> Self {
        Self::start_with_screen("1024x768x24")
    }

    /// One with a screen of this size, such as `1920x1080x24`.
    pub(crate) fn start_with_screen(screen: &str) -> Self {
        Self::start_listening(screen, "-nolisten")
    }

    /// One that is reached over TCP, too.
    pub(crate) fn start_with_tcp() -> Self {
        Self::start_listening("1024x768x24", "-listen")
    }

    fn start_listening(screen: &str, listen: &str) -> Self {
        let turn = backend::Turn::wait();
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", screen, "-noreset", listen, "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need `Xvfb`: apt-get install xvfb");
        let mut number = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut number).unwrap();
        assert!(!number.is_empty(), "Xvfb ended without a display");
        let display = format!(":{}", number.trim());
        Self { child, _turn: turn.with(&display), display }
    }

    pub(crate) fn computer(&self) -> Computer {
        self.patient_computer(ComputerConfig::default())
    }

    pub(crate) fn patient_computer(&self, config: ComputerConfig) -> Computer {
        backend::connect(&self.display, config).expect("the display was just started")
    }

    /// A connection that knows nothing of the computer's.
    pub(crate) fn outsider(&self) -> (RustConnection, Window) {
        let (connection, screen) = RustConnection::connect(Some(&self.display)).unwrap();
        let root = x11rb::connection::Connection::setup(&connection).roots[screen].root;
        (connection, root)
    }

    /// Whether any key or button is down.
    pub(crate) fn holds_anything(&self) -> bool {
        let (connection, root) = self.outsider();
        let keys = connection.query_keymap().unwrap().reply().unwrap().keys;
        let buttons = u16::from(connection.query_pointer(root).unwrap().reply().unwrap().mask) >> 8;
        keys.iter().any(|byte| *byte != 0) || buttons != 0
    }

    /// Every symbol on the keyboard.
    pub(crate) fn keyboard_map(&self) -> Vec<u32> {
        let (connection, _) = self.outsider();
        connection.get_keyboard_mapping(8, 248).unwrap().reply().unwrap().keysyms
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cancel descriptor that is not readable until [`cancel`] makes it so.
pub(crate) fn cancel_fd() -> OwnedFd {
    eventfd(0, EventfdFlags::CLOEXEC).unwrap()
}

pub(crate) fn cancel(fd: &OwnedFd) {
    rustix::io::write(fd, &1u64.to_ne_bytes()).unwrap();
}

/// What a session uses that chose nothing.
pub(crate) fn settings() -> ComputerSettings {
    ComputerSettings::default()
}

pub(crate) fn settling(settle: Settle) -> ComputerSettings {
    ComputerSettings { settle, ..settings() }
}

/// Runs an action that nobody cancels.
pub(crate) fn run(computer: &mut Computer, action: ComputerAction) -> ToolOutput {
    run_with(computer, action, &settings())
}

pub(crate) fn run_with(computer: &mut Computer, action: ComputerAction, settings: &ComputerSettings) -> ToolOutput {
    computer.run(&action, settings, cancel_fd().as_fd())
}

/// Runs an action that has to succeed.
pub(crate) fn done(computer: &mut Computer, action: ComputerAction) -> ToolOutput {
    done_with(computer, action, &settings())
}

pub(crate) fn done_with(computer: &mut Computer, action: ComputerAction, settings: &ComputerSettings) -> ToolOutput {
    let output = run_with(computer, action, settings);
    assert!(!output.is_error, "{}", output.joined_text());
    output
}

pub(crate) fn key(keys: &str) -> ComputerAction {
    ComputerAction::Key { keys: keys.into(), repeat: 1 }
}

pub(crate) fn click(button: Button) -> ComputerAction {
    ComputerAction::Click { button, count: 1, at: None, modifiers: None }
}

pub(crate) fn clicks(count: u8) -> ComputerAction {
    ComputerAction::Click { button: Button::Left, count, at: None, modifiers: None }
}

pub(crate) fn drag_to(x: u32, y: u32) -> ComputerAction {
    ComputerAction::LeftClickDrag { from: None, to: Point { x, y } }
}

pub(crate) fn move_to(computer: &mut Computer, x: u32, y: u32) -> ToolOutput {
    done(computer, ComputerAction::MouseMove(Point { x, y }))
}

pub(crate) fn details(output: &ToolOutput) -> &ComputerDetails {
    match &output.details {
        Some(ToolDetails::Computer(details)) => details,
        other => panic!("no details of a computer but {other:?}"),
    }
}

/// The picture of an answer.
pub(crate) fn picture(output: &ToolOutput) -> Frame {
    let image = output.content.iter().find_map(|part| match part {
        ContentPart::Image(image) => Some(image),
        ContentPart::Text { .. } => None,
    });
    let image = image.expect("a picture");
    assert_eq!(image.media_type, "image/png");
    decode(&STANDARD.decode(&image.data).unwrap())
}

pub(crate) fn decode(file: &[u8]) -> Frame {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    assert_eq!(reader.output_color_type(), (png::ColorType::Rgb, png::BitDepth::Eight));
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    Frame { size: Extent { width: info.width, height: info.height }, rgb }
}

pub(crate) fn colour_at(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
    let start = (y * frame.size.width + x) as usize * 3;
    frame.rgb[start..start + 3].try_into().unwrap()
}
