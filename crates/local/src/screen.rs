//! The desktop tools on their thread: a connection to each display that is asked for, made again when it is lost.

use std::{collections::BTreeMap, io};

use handspike_computer::{Computer, Desktop};
use handspike_types::{ComputerSettings, ContentPart, ToolOutput, computer::ComputerAction, desktop::DesktopAction};

use crate::worker::{Line, Worker};

/// What is asked of the desktop.
pub(crate) enum ScreenCall {
    Act(ComputerAction, ComputerSettings),
    Batch(Vec<ComputerAction>, ComputerSettings),
    Desktop(DesktopAction, ComputerSettings),
    /// Let go of all keys and buttons.
    Release,
}

/// Where displays come from.
pub trait Displays {
    /// What a display is operated through.
    type Desktop: Desktop;

    /// The number of the display that is meant where a call names none.
    fn own_number(&self) -> u32;

    /// Connects to a display, or says, for the model to read, why that can't be.
    fn connect(&mut self, number: u32) -> Result<Computer<Self::Desktop>, String>;
}

/// The displays and the connections to them.
pub(crate) struct Screen<D: Displays> {
    displays: D,
    computers: BTreeMap<u32, Computer<D::Desktop>>,
    /// The display was lost under the last call; to be told with the next answer.
    was_lost: bool,
}

impl<D: Displays> Screen<D> {
    /// Starts the thread of those who use displays.
    pub(crate) fn start(displays: impl Fn() -> D + Send + 'static) -> io::Result<Worker<ScreenCall>> {
        Worker::start("computer", move || {
            let mut screen = Self { displays: displays(), computers: BTreeMap::new(), was_lost: false };
            move |call, line: Line<'_>| screen.run(&call, &line)
        })
    }

    fn run(&mut self, call: &ScreenCall, line: &Line<'_>) -> ToolOutput {
        match call {
            ScreenCall::Act(action, settings) => {
                self.with(settings, |computer| computer.run(action, settings, line.cancel))
            }
            ScreenCall::Batch(actions, settings) => {
                self.with(settings, |computer| computer.run_batch(actions, settings, line.cancel))
            }
            ScreenCall::Desktop(action, settings) => {
                self.with(settings, |computer| computer.run_desktop(action, settings, line.cancel))
            }
            ScreenCall::Release => {
                self.computers.values_mut().for_each(Computer::release_held);
                ToolOutput::default()
            }
        }
    }

    fn with(
        &mut self,
        settings: &ComputerSettings,
        act: impl FnOnce(&mut Computer<D::Desktop>) -> ToolOutput,
    ) -> ToolOutput {
        let number = settings.display_number.unwrap_or(self.displays.own_number());
        let mut computer = match self.computers.remove(&number) {
            Some(computer) => computer,
            None => match self.displays.connect(number) {
                Ok(computer) => computer,
                Err(error) => return ToolOutput::error(error),
            },
        };
        let mut output = act(&mut computer);
        if std::mem::take(&mut self.was_lost) {
            let news = "[the display had ended and there is a new one: the windows that were on it are gone]";
            output.content.insert(0, ContentPart::text(news));
        }
        if computer.is_lost() {
            self.was_lost = true;
        } else {
            self.computers.insert(number, computer);
        }
        output
    }
}
