//! Several actions in one call: in order, up to the first that fails.

use std::os::fd::BorrowedFd;

use handspike_types::{
    ComputerSettings, ContentPart, ToolOutput,
    computer::{ComputerAction, NOT_EXECUTED},
    with_causes,
};

use crate::{Computer, Desktop, DesktopError};

impl<D: Desktop> Computer<D> {
    /// Carries out actions in order, up to the first that fails. The answer tells what came of each of them. It ends
    /// with a picture of the screen; the answer to a batch that failed has text only.
    pub fn run_batch(
        &mut self,
        actions: &[ComputerAction],
        settings: &ComputerSettings,
        cancel: BorrowedFd<'_>,
    ) -> ToolOutput {
        self.call(cancel, |computer| computer.batch(actions, settings))
    }

    fn batch(&mut self, actions: &[ComputerAction], settings: &ComputerSettings) -> Result<ToolOutput, DesktopError> {
        let mut output = ToolOutput::default();
        let mut settled = None;
        let mut ends_with_the_screen = false;
        for (index, action) in actions.iter().enumerate() {
            let outcome = match self.perform(action, settings) {
                Ok(outcome) => outcome,
                Err(error) => return Ok(self.broken_off(output, actions, index, &error)),
            };
            settled = outcome.settled().or(settled);
            ends_with_the_screen = outcome.is_the_screen();
            let text = outcome.text(settings.version);
            output.content.push(line(index, action, text.as_deref().unwrap_or("the picture below")));
            self.show(&mut output, outcome, settings)?;
        }
        if !ends_with_the_screen {
            self.show_the_screen(&mut output, settings)?;
        }
        self.with_details(output, settled, settings)
    }

    fn broken_off(
        &mut self,
        mut output: ToolOutput,
        actions: &[ComputerAction],
        failed: usize,
        error: &DesktopError,
    ) -> ToolOutput {
        // Letting go of what is held must not be held up by the cancel that made it necessary.
        self.desktop().end();
        self.recover_from(error);
        output.content.retain(|part| matches!(part, ContentPart::Text { .. }));
        output.content.push(line(failed, &actions[failed], &with_causes(error)));
        let rest = actions.iter().enumerate().skip(failed + 1);
        output.content.extend(rest.map(|(index, action)| line(index, action, NOT_EXECUTED)));
        output.is_error = true;
        output
    }
}

fn line(index: usize, action: &ComputerAction, text: &str) -> ContentPart {
    ContentPart::text(format!("{}. {}: {text}", index + 1, action.name()))
}
