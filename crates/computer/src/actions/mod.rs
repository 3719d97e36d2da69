//! The actions: from what is asked for, in pixels of the picture, to what a desktop is told.
//!
//! Everything that can be wrong with an action is found before it touches anything. What is pressed in an action is
//! released in it, but for `left_mouse_down`; an action that fails half-way leaves that to
//! [`Desktop::release_held`](crate::Desktop::release_held).

mod keys;
mod mouse;
mod view;

use handspike_types::{ComputerSettings, computer::ComputerAction};

use crate::{ComputerConfig, Desktop, DesktopError, Scale, answer::Outcome};

/// One action under way.
pub(crate) struct Acting<'a, D> {
    pub(crate) desktop: &'a mut D,
    pub(crate) config: ComputerConfig,
    pub(crate) settings: &'a ComputerSettings,
    pub(crate) scale: Scale,
}

impl<D: Desktop> Acting<'_, D> {
    pub(crate) fn perform(mut self, action: &ComputerAction) -> Result<Outcome, DesktopError> {
        match action {
            ComputerAction::Key { keys, repeat } => self.key(keys, *repeat),
            ComputerAction::HoldKey { keys, duration } => self.hold_key(keys, *duration),
            ComputerAction::Type(text) => self.type_text(text),
            ComputerAction::MouseMove(to) => self.move_pointer(*to),
            ComputerAction::Click { button, count, at, modifiers } => {
                self.click(*button, *count, *at, modifiers.as_deref())
            }
            ComputerAction::LeftMouseDown => self.left_mouse_down(),
            ComputerAction::LeftMouseUp => self.left_mouse_up(),
            ComputerAction::LeftClickDrag { from, to } => self.drag(*from, *to),
            ComputerAction::Scroll { at, direction, amount, modifiers } => {
                self.scroll(*at, *direction, *amount, modifiers.as_deref())
            }
            ComputerAction::Wait(time) => self.wait(*time),
            ComputerAction::Screenshot => self.screenshot(),
            ComputerAction::Zoom(region) => self.zoom(*region),
            ComputerAction::CursorPosition => self.cursor_position(),
        }
    }

    fn settled(&mut self) -> Result<Outcome, DesktopError> {
        self.desktop.settle(self.settings.settle).map(Outcome::Acted)
    }
}
