//! The desktop tools on their thread: a connection to the display, made when it is needed and again when it is lost.

use std::{io, os::fd::BorrowedFd};

use handspike_computer::{Computer, Desktop, DesktopError};
use handspike_types::{
    ComputerSettings, ContentPart, ToolOutput, computer::ComputerAction, desktop::DesktopAction, with_causes,
};

use crate::worker::{Line, Worker};

/// What is asked of the desktop.
pub(crate) enum ScreenCall {
    Act(ComputerAction, ComputerSettings),
    Batch(Vec<ComputerAction>, ComputerSettings),
    Desktop(DesktopAction, ComputerSettings),
    /// Let go of all keys and buttons.
    Release,
}

/// Where the display comes from, and the one after it.
pub trait Displays {
    /// What a display is operated through.
    type Desktop: Desktop;

    /// Connects to the display, or says, for the model to read, why that can't be.
    fn connect(&mut self) -> Result<Computer<Self::Desktop>, String>;
}

/// The display and the connection to it.
pub(crate) struct Screen<D: Displays> {
    displays: D,
    computer: Option<Computer<D::Desktop>>,
    /// Whether the last one was lost; to be told with the first answer of the next.
    is_lost: bool,
}

/// What a model is told when a display is there again.
const NEW_DISPLAY: &str = "[the display had ended and there is a new one: the windows that were on it are gone]";

/// What it is told when a display ends under a call.
const LOST_DISPLAY: &str = "[the display ended under this call, and with it all windows; what the call did before is not \
                            known, and the next one gets a new display]";

impl<D: Displays> Screen<D> {
    /// Starts the thread of those who use displays.
    pub(crate) fn start(displays: impl Fn() -> D + Send + 'static) -> io::Result<Worker<ScreenCall>> {
        Worker::start("computer", move || {
            let mut screen = Self { displays: displays(), computer: None, is_lost: false };
            move |call, line: Line<'_>| line.answer.give(screen.run(&call, line.cancel))
        })
    }

    fn run(&mut self, call: &ScreenCall, cancel: BorrowedFd<'_>) -> ToolOutput {
        match call {
            ScreenCall::Act(action, settings) => self.with(cancel, |computer| computer.run(action, settings, cancel)),
            ScreenCall::Batch(actions, settings) => {
                self.with(cancel, |computer| computer.run_batch(actions, settings, cancel))
            }
            ScreenCall::Desktop(action, settings) => {
                self.with(cancel, |computer| computer.run_desktop(action, settings, cancel))
            }
            ScreenCall::Release => {
                self.computer.iter_mut().for_each(Computer::release_held);
                ToolOutput::default()
            }
        }
    }

    fn with(
        &mut self,
        cancel: BorrowedFd<'_>,
        act: impl FnOnce(&mut Computer<D::Desktop>) -> ToolOutput,
    ) -> ToolOutput {
        let mut computer = match self.ready(cancel) {
            Ok(computer) => computer,
            Err(error) => return ToolOutput::error(error),
        };
        let news = std::mem::take(&mut self.is_lost).then_some(NEW_DISPLAY);
        let mut output = act(&mut computer);
        output.content.splice(0..0, news.map(ContentPart::text));
        if computer.is_lost() {
            self.is_lost = true;
            output.content.push(ContentPart::text(LOST_DISPLAY));
        } else {
            self.computer = Some(computer);
        }
        output
    }

    /// The connection to the display, which may have ended since the last call: then another one, before anything is done.
    fn ready(&mut self, cancel: BorrowedFd<'_>) -> Result<Computer<D::Desktop>, String> {
        if let Some(mut computer) = self.computer.take() {
            match computer.desktop().begin(cancel) {
                Ok(()) => return Ok(computer),
                Err(DesktopError::Lost(_)) => self.is_lost = true,
                Err(error) => {
                    // It is there and does not answer, or the call is cancelled. The call would come no further.
                    computer.desktop().end();
                    computer.release_held();
                    self.computer = Some(computer);
                    return Err(with_causes(&error));
                }
            }
        }
        self.displays.connect()
    }
}
