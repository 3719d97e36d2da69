//! Moving, clicking, dragging and scrolling.

use handspike_types::computer::{Button, Point, ScrollDirection};

use super::{Acting, keys::modifiers};
use crate::{Desktop, DesktopError, answer::Outcome, drag};

impl<D: Desktop> Acting<'_, D> {
    pub(super) fn move_pointer(&mut self, to: Point) -> Result<Outcome, DesktopError> {
        let to = self.scale.to_screen("coordinate", to)?;
        if self.desktop.pointer()? == to {
            return Ok(Outcome::Idle("the pointer was there already"));
        }
        self.desktop.move_pointer(to)?;
        self.settled()
    }

    pub(super) fn click(
        &mut self,
        button: Button,
        count: u8,
        at: Option<Point>,
        text: Option<&str>,
    ) -> Result<Outcome, DesktopError> {
        let modifiers = modifiers(text)?;
        self.go_to("coordinate", at)?;
        let pause = self.config.click_pause;
        self.while_held(modifiers.as_ref(), |desktop| desktop.click(button, count, pause))?;
        self.settled()
    }

    pub(super) fn left_mouse_down(&mut self) -> Result<Outcome, DesktopError> {
        self.desktop.press(Button::Left)?;
        self.settled()
    }

    pub(super) fn left_mouse_up(&mut self) -> Result<Outcome, DesktopError> {
        self.desktop.release(Button::Left)?;
        self.settled()
    }

    pub(super) fn drag(&mut self, from: Option<Point>, to: Point) -> Result<Outcome, DesktopError> {
        let to = self.scale.to_screen("coordinate", to)?;
        self.go_to("start_coordinate", from)?;
        let from = self.desktop.pointer()?;
        self.desktop.press(Button::Left)?;
        for point in drag::path(from, to) {
            self.desktop.move_pointer(point)?;
            self.desktop.pause(self.config.drag_pause)?;
        }
        self.desktop.release(Button::Left)?;
        self.settled()
    }

    pub(super) fn scroll(
        &mut self,
        at: Option<Point>,
        direction: ScrollDirection,
        amount: u32,
        text: Option<&str>,
    ) -> Result<Outcome, DesktopError> {
        let modifiers = modifiers(text)?;
        self.go_to("coordinate", at)?;
        self.while_held(modifiers.as_ref(), |desktop| desktop.scroll(direction, amount))?;
        self.settled()
    }

    pub(super) fn cursor_position(&mut self) -> Result<Outcome, DesktopError> {
        Ok(Outcome::Pointer(self.scale.to_picture(self.desktop.pointer()?)))
    }

    /// Moves the pointer if a place is given that it is not at.
    fn go_to(&mut self, parameter: &'static str, point: Option<Point>) -> Result<(), DesktopError> {
        let Some(point) = point else { return Ok(()) };
        let point = self.scale.to_screen(parameter, point)?;
        if self.desktop.pointer()? == point { Ok(()) } else { self.desktop.move_pointer(point) }
    }
}
