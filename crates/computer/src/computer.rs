//! Canonical actions on a desktop: act, let the screen settle, answer with a picture.
//!
//! Each call is bracketed by the desktop's `begin` and `end`, so a cancelled or failed action leaves nothing
//! pressed. An answer that is an error carries text only, since providers refuse pictures there.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use handspike_types::computer::{Click, ComputerAction, ComputerDetails, Point};
use handspike_types::{ContentPart, Image, ToolDetails, ToolOutput, with_causes};

use crate::wait::{Woken, wait};
use crate::{Button, ComputerConfig, ConnectError, Desktop, DesktopError, Settled, X11Desktop, drag, parse_chords};

/// A desktop that is operated one action at a time.
#[derive(Debug)]
pub struct Computer<D = X11Desktop> {
    desktop: D,
    config: ComputerConfig,
    lost: bool,
}

impl Computer<X11Desktop> {
    /// Opens an X11 display, such as `:1`, and keeps the connection.
    pub fn connect(display: &str, config: ComputerConfig) -> Result<Self, ConnectError> {
        Ok(Self::new(X11Desktop::connect(display, &config)?, config))
    }
}

impl<D: Desktop> Computer<D> {
    /// A computer on a desktop that is there already.
    pub fn new(desktop: D, config: ComputerConfig) -> Self {
        Self { desktop, config, lost: false }
    }

    /// Whether the connection is gone for good: every further call will fail and a new computer is needed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Carries out one action. The call ends early when `cancel`, for example an eventfd, is readable.
    pub fn run(&mut self, action: &ComputerAction, cancel: BorrowedFd<'_>) -> ToolOutput {
        let answer = self.desktop.begin(cancel).and_then(|()| self.perform(action, cancel));
        self.desktop.end();
        answer.unwrap_or_else(|error| {
            self.lost |= matches!(error, DesktopError::Lost(_));
            ToolOutput::error(with_causes(&error))
        })
    }

    /// A picture of the screen as it is, without waiting for anything.
    pub fn screenshot(&mut self) -> Result<Image, DesktopError> {
        self.desktop.capture()?.to_image()
    }

    /// The desktop below, for what no action covers.
    pub fn desktop(&mut self) -> &mut D {
        &mut self.desktop
    }

    fn perform(&mut self, action: &ComputerAction, cancel: BorrowedFd<'_>) -> Result<ToolOutput, DesktopError> {
        match action {
            ComputerAction::Screenshot => return self.seen(ToolOutput::default(), None),
            ComputerAction::CursorPosition => return self.cursor_position(),
            ComputerAction::MouseMove(to) => {
                self.check(*to)?;
                if self.desktop.pointer()? == *to {
                    return self.seen(ToolOutput::text("the pointer was there already"), None);
                }
                self.desktop.move_pointer(*to)?;
            }
            ComputerAction::Click(click) => self.click(*click)?,
            ComputerAction::LeftClickDrag(to) => self.drag(*to, cancel)?,
            ComputerAction::Key(text) => {
                for chord in parse_chords(text)? {
                    self.desktop.chord(&chord)?;
                }
            }
            ComputerAction::Type(text) => self.desktop.type_text(text)?,
        }
        let settled = self.desktop.settle(&self.config)?;
        self.seen(ToolOutput::text(describe(settled)), Some(settled))
    }

    fn click(&mut self, click: Click) -> Result<(), DesktopError> {
        let (button, times) = match click {
            Click::Left => (Button::Left, 1),
            Click::Right => (Button::Right, 1),
            Click::Middle => (Button::Middle, 1),
            Click::Double => (Button::Left, 2),
        };
        for _ in 0..times {
            self.desktop.press(button)?;
            self.desktop.release(button)?;
        }
        Ok(())
    }

    fn drag(&mut self, to: Point, cancel: BorrowedFd<'_>) -> Result<(), DesktopError> {
        self.check(to)?;
        let from = self.desktop.pointer()?;
        self.desktop.press(Button::Left)?;
        for point in drag::path(from, to) {
            self.desktop.move_pointer(point)?;
            match wait(None, Some(cancel), self.config.drag_pause)? {
                Woken::TimedOut => {}
                Woken::Ready | Woken::Cancelled => return Err(DesktopError::Cancelled),
            }
        }
        self.desktop.release(Button::Left)
    }

    fn check(&mut self, point: Point) -> Result<(), DesktopError> {
        let size = self.desktop.size()?;
        if size.contains(point) { Ok(()) } else { Err(DesktopError::OutsideScreen { point, size }) }
    }

    fn cursor_position(&mut self) -> Result<ToolOutput, DesktopError> {
        let pointer = self.desktop.pointer()?;
        Ok(ToolOutput::text(format!("X={},Y={}", pointer.x, pointer.y)).with_details(details(None, pointer)))
    }

    fn seen(&mut self, mut output: ToolOutput, settled: Option<Settled>) -> Result<ToolOutput, DesktopError> {
        output.content.push(ContentPart::Image(self.screenshot()?));
        Ok(output.with_details(details(settled, self.desktop.pointer()?)))
    }
}

fn details(settled: Option<Settled>, pointer: Point) -> ToolDetails {
    ToolDetails::Computer(ComputerDetails {
        settle_ms: settled.map_or(0, |settled| millis(settled.elapsed())),
        changed: settled.is_some_and(Settled::changed),
        pointer,
    })
}

fn describe(settled: Settled) -> String {
    let after = millis(settled.elapsed());
    match settled {
        Settled::Unchanged(_) => format!("the screen did not change within {after} ms"),
        Settled::Changed(_) => format!("settled after {after} ms, the screen changed"),
        Settled::Restless(_) => format!("the screen was still changing after {after} ms"),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
