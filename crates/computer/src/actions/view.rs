//! `screenshot`, `zoom` and `wait`: looking without touching.

use std::time::Duration;

use handspike_types::{Settle, computer::Region};

use super::Acting;
use crate::{Desktop, DesktopError, Extent, answer::Outcome};

impl<D: Desktop> Acting<'_, D> {
    /// A screen that has not changed while time passed is not watched further; one that has should be at rest.
    pub(super) fn wait(&mut self, time: Duration) -> Result<Outcome, DesktopError> {
        self.desktop.pause(time)?;
        let patience = Settle { first_change_ms: 0, ..self.settings.settle };
        self.desktop.settle(patience).map(|settled| Outcome::Waited(time, settled))
    }

    pub(super) fn screenshot(&mut self) -> Result<Outcome, DesktopError> {
        Ok(Outcome::Screen(self.desktop.capture()?))
    }

    pub(super) fn zoom(&mut self, region: Region) -> Result<Outcome, DesktopError> {
        let region = self.scale.region_to_screen("region", region)?;
        let size = Extent { width: region.to.x - region.from.x, height: region.to.y - region.from.y };
        // A screen that has just been made smaller may lack a part of what was on it.
        let part = self.desktop.capture()?.part(region).ok_or(DesktopError::Resized)?;
        Ok(Outcome::Part(part.scaled(self.scale.zoomed(size))))
    }
}
