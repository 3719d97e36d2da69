//! A desktop that is operated call by call: act, let the screen settle, answer.
//!
//! Each call is bracketed by the desktop's `begin` and `end`. A call that is cancelled or fails half-way lets go of
//! everything that is pressed; one that was refused for its arguments has pressed nothing, and leaves what an earlier
//! `left_mouse_down` holds. An answer that is an error carries text only, since providers refuse pictures there.

use std::{fmt, os::fd::BorrowedFd};

use handspike_types::{
    ComputerSettings, ContentPart, Image, ToolDetails, ToolOutput, Unchanged,
    computer::{ComputerAction, ComputerDetails, Point},
    desktop::{DesktopAction, DesktopDetails},
    with_causes,
};

use crate::{
    ComputerConfig, ConnectError, Desktop, DesktopError, Extent, Frame, Scale, Settled, X11Desktop,
    actions::Acting,
    answer::{self, Outcome},
};

/// A desktop that is operated one call at a time.
pub struct Computer<D = X11Desktop> {
    desktop: D,
    config: ComputerConfig,
    lost: bool,
    /// The last picture of the screen that was sent, and how; kept where a picture may be left out.
    shown: Option<(Frame, Scale)>,
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
        Self { desktop, config, lost: false, shown: None }
    }

    /// Whether the connection is gone for good: every further call will fail and a new computer is needed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Carries out one action. The call ends early when `cancel`, for example an eventfd, is readable.
    pub fn run(&mut self, action: &ComputerAction, settings: &ComputerSettings, cancel: BorrowedFd<'_>) -> ToolOutput {
        self.call(cancel, |computer| computer.single(action, settings))
    }

    /// Reads or writes the clipboard, or lists the windows, whose places are told in pixels of the picture.
    pub fn run_desktop(
        &mut self,
        action: &DesktopAction,
        settings: &ComputerSettings,
        cancel: BorrowedFd<'_>,
    ) -> ToolOutput {
        let answer = self.bracketed(cancel, |computer| computer.beside_the_screen(action, settings));
        answer.unwrap_or_else(|error| {
            // It has pressed nothing, so whatever is wrong with a clipboard leaves what is held. Only a cancel lets go.
            if matches!(error, DesktopError::Cancelled | DesktopError::Lost(_)) {
                self.recover_from(&error);
            }
            ToolOutput::error(with_causes(&error))
        })
    }

    /// Lets go of every key and button.
    pub fn release_held(&mut self) {
        // A display that is gone or frozen cannot be told, and nothing more can be done about it.
        if let Err(error) = self.desktop.release_held() {
            self.lost |= matches!(error, DesktopError::Lost(_));
        }
    }

    /// A picture of the screen as it is, without waiting for anything.
    pub fn screenshot(&mut self) -> Result<Image, DesktopError> {
        self.desktop.capture()?.to_image()
    }

    /// The desktop below, for what no action covers.
    pub fn desktop(&mut self) -> &mut D {
        &mut self.desktop
    }

    pub(crate) fn call(
        &mut self,
        cancel: BorrowedFd<'_>,
        work: impl FnOnce(&mut Self) -> Result<ToolOutput, DesktopError>,
    ) -> ToolOutput {
        self.bracketed(cancel, work).unwrap_or_else(|error| {
            self.recover_from(&error);
            ToolOutput::error(with_causes(&error))
        })
    }

    fn bracketed<T>(
        &mut self,
        cancel: BorrowedFd<'_>,
        work: impl FnOnce(&mut Self) -> Result<T, DesktopError>,
    ) -> Result<T, DesktopError> {
        let answer = self.desktop.begin(cancel).and_then(|()| work(self));
        self.desktop.end();
        answer
    }

    pub(crate) fn recover_from(&mut self, error: &DesktopError) {
        if matches!(error, DesktopError::Lost(_)) {
            self.lost = true;
        } else if !error.is_refusal() {
            self.release_held();
        }
    }

    fn single(&mut self, action: &ComputerAction, settings: &ComputerSettings) -> Result<ToolOutput, DesktopError> {
        let outcome = self.perform(action, settings)?;
        let settled = outcome.settled();
        let mut output = ToolOutput::default();
        output.content.extend(outcome.text(settings.version).map(ContentPart::text));
        if outcome.wants_the_screen(settings.version) {
            self.show_the_screen(&mut output, settings)?;
        } else {
            self.show(&mut output, outcome, settings)?;
        }
        self.with_details(output, settled, settings)
    }

    fn beside_the_screen(
        &mut self,
        action: &DesktopAction,
        settings: &ComputerSettings,
    ) -> Result<ToolOutput, DesktopError> {
        let (text, details) = match action {
            DesktopAction::ReadClipboard(selection) => {
                let held = self.desktop.read_clipboard(*selection)?;
                let text = held.clone().unwrap_or_else(|| "there is no text on it".to_owned());
                (text, DesktopDetails::Clipboard(held))
            }
            DesktopAction::WriteClipboard(text) => {
                self.desktop.write_clipboard(text)?;
                (format!("{} characters are on the clipboard", text.chars().count()), DesktopDetails::Written)
            }
            DesktopAction::ListWindows => {
                let scale = Scale::of(settings.fit, self.desktop.size()?);
                let windows = self.desktop.windows()?;
                let windows: Vec<_> = windows.into_iter().map(|window| scale.window_to_picture(window)).collect();
                (answer::windows(&windows), DesktopDetails::Windows(windows))
            }
        };
        Ok(ToolOutput::text(text).with_details(ToolDetails::Desktop(details)))
    }

    pub(crate) fn perform(
        &mut self,
        action: &ComputerAction,
        settings: &ComputerSettings,
    ) -> Result<Outcome, DesktopError> {
        let scale = Scale::of(settings.fit, self.desktop.size()?);
        Acting { desktop: &mut self.desktop, config: self.config, settings, scale }.perform(action)
    }

    /// Adds a picture of the screen, or says that it would be the last one again.
    pub(crate) fn show_the_screen(
        &mut self,
        output: &mut ToolOutput,
        settings: &ComputerSettings,
    ) -> Result<(), DesktopError> {
        let frame = self.desktop.capture()?;
        let scale = Scale::of(settings.fit, frame.size);
        let is_known = self.shown.as_ref().is_some_and(|(shown, how)| *shown == frame && *how == scale);
        if settings.unchanged == Unchanged::Told && is_known {
            output.content.push(ContentPart::text(answer::SAME_PICTURE));
            return Ok(());
        }
        self.show(output, Outcome::Screen(frame), settings)
    }

    /// Adds the picture that an action was asked for.
    pub(crate) fn show(
        &mut self,
        output: &mut ToolOutput,
        outcome: Outcome,
        settings: &ComputerSettings,
    ) -> Result<(), DesktopError> {
        let image = match outcome {
            Outcome::Screen(frame) => {
                let scale = Scale::of(settings.fit, frame.size);
                self.shown = (settings.unchanged == Unchanged::Told).then(|| (frame.clone(), scale));
                frame.scaled(scale.picture()).to_image()?
            }
            Outcome::Part(frame) => frame.to_image()?,
            Outcome::Acted(_) | Outcome::Typed(..) | Outcome::Waited(..) | Outcome::Idle(_) | Outcome::Pointer(_) => {
                return Ok(());
            }
        };
        output.content.push(ContentPart::Image(image));
        Ok(())
    }

    pub(crate) fn with_details(
        &mut self,
        output: ToolOutput,
        settled: Option<Settled>,
        settings: &ComputerSettings,
    ) -> Result<ToolOutput, DesktopError> {
        let scale = Scale::of(settings.fit, self.desktop.size()?);
        let Extent { width, height } = scale.picture();
        Ok(output.with_details(ToolDetails::Computer(ComputerDetails {
            settle_ms: settled.map_or(0, |settled| answer::millis(settled.elapsed())),
            changed: settled.is_some_and(Settled::changed),
            pointer: scale.to_picture(self.desktop.pointer()?),
            view: Point { x: width, y: height },
        })))
    }
}

impl<D> fmt::Debug for Computer<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Computer").field("lost", &self.lost).finish_non_exhaustive()
    }
}
