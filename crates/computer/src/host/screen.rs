//! Pictures of the primary monitor, and the units in which it is pointed at.

use std::{thread, time::Duration};

use xcap::{Monitor, XCapError, XCapResult, image::RgbaImage};

use crate::{Extent, Frame};

/// How often a picture is tried for: xcap opens a connection for each, which a server may refuse while it starts anew.
const TRIES: u32 = 4;
const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// The monitor that is seen and reached.
pub(super) struct Screen {
    monitor: Monitor,
}

impl Screen {
    /// The primary monitor, or the first one where none is primary. None: there is no monitor.
    pub(super) fn primary() -> XCapResult<Option<Self>> {
        let mut monitors = Monitor::all()?;
        let primary = monitors.iter().position(|monitor| monitor.is_primary().unwrap_or(false)).unwrap_or(0);
        Ok((!monitors.is_empty()).then(|| Self { monitor: monitors.swap_remove(primary) }))
    }

    /// What the platform calls it.
    pub(super) fn id(&self) -> XCapResult<u32> {
        self.monitor.id()
    }

    /// A picture without the pointer. Another monitor is looked for when this one is gone.
    pub(super) fn picture(&mut self) -> XCapResult<RgbaImage> {
        let mut tried = 1;
        loop {
            match self.monitor.capture_image() {
                Ok(picture) if picture.is_empty() => return Err(XCapError::NotSupported),
                Ok(picture) => return Ok(picture),
                Err(error) if tried == TRIES => return Err(error),
                Err(_) => {
                    tried += 1;
                    thread::sleep(BETWEEN_TRIES);
                    if let Ok(Some(other)) = Self::primary() {
                        *self = other;
                    }
                }
            }
        }
    }
}

pub(super) fn extent(picture: &RgbaImage) -> Extent {
    Extent { width: picture.width(), height: picture.height() }
}

/// The picture without its alpha.
pub(super) fn frame(picture: &RgbaImage) -> Frame {
    let mut frame = Frame::unpainted(extent(picture));
    for (colour, pixel) in frame.rgb.chunks_exact_mut(3).zip(picture.as_raw().chunks_exact(4)) {
        colour.copy_from_slice(&pixel[..3]);
    }
    frame
}

/// Where pixels of the picture are in the units that input is given in: macOS and Wayland count points of a scaled
/// screen, and monitors may lie anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// The monitor's corner, in units.
    pub(super) origin: (i32, i32),
    /// The monitor's extent in units, and in pixels.
    pub(super) units: Extent,
    pub(super) pixels: Extent,
}

impl Placement {
    /// Pixels and units from edge to edge.
    pub(super) fn across(self) -> (u32, u32) {
        (self.pixels.width, self.units.width)
    }

    pub(super) fn down(self) -> (u32, u32) {
        (self.pixels.height, self.units.height)
    }

    /// The units that a pixel is at.
    pub(super) fn to_units(self, x: u32, y: u32) -> (i32, i32) {
        let across = middle(x, self.pixels.width, self.units.width);
        let down = middle(y, self.pixels.height, self.units.height);
        (self.origin.0.saturating_add(across as i32), self.origin.1.saturating_add(down as i32))
    }

    /// The pixel that units are at, or the nearest one on this monitor.
    pub(super) fn to_pixels(self, (x, y): (i32, i32)) -> (u32, u32) {
        let within = |at: i32, origin: i32| u32::try_from(at.saturating_sub(origin)).unwrap_or(0);
        (
            middle(within(x, self.origin.0), self.units.width, self.pixels.width),
            middle(within(y, self.origin.1), self.units.height, self.pixels.height),
        )
    }
}

/// The piece of `to` pieces in which the middle of a piece of `from` lies. What is beyond counts as the last one.
fn middle(at: u32, from: u32, to: u32) -> u32 {
    let (from, to) = (u64::from(from.max(1)), u64::from(to.max(1)));
    let at = u64::from(at).min(from - 1);
    ((2 * at + 1) * to / (2 * from)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: Extent = Extent { width: 3024, height: 1964 };

    #[test]
    fn pixels_are_units_where_nothing_is_scaled() {
        let placement = Placement { origin: (0, 0), units: PIXELS, pixels: PIXELS };
        assert_eq!(placement.to_units(3023, 7), (3023, 7));
        assert_eq!(placement.to_pixels((3023, 7)), (3023, 7));
    }

    #[test]
    fn a_monitor_to_the_right_of_another_is_pointed_at_beyond_it() {
        let placement = Placement { origin: (1920, -120), units: PIXELS, pixels: PIXELS };
        assert_eq!(placement.to_units(10, 0), (1930, -120));
        assert_eq!(placement.to_pixels((1930, -120)), (10, 0));
    }

    #[test]
    fn every_point_of_a_scaled_screen_survives_the_way_to_pixels_and_back() {
        let units = Extent { width: 1512, height: 982 };
        let placement = Placement { origin: (0, 0), units, pixels: PIXELS };
        for x in 0..units.width as i32 {
            let (pixel, row) = placement.to_pixels((x, 0));
            assert_eq!(placement.to_units(pixel, row), (x, 0));
        }
        assert_eq!(placement.to_units(3023, 1963), (1511, 981));
    }

    #[test]
    fn a_pointer_on_another_monitor_is_at_the_nearest_edge() {
        let placement = Placement { origin: (0, 0), units: PIXELS, pixels: PIXELS };
        assert_eq!(placement.to_pixels((-5, 4000)), (0, 1963));
    }

    #[test]
    fn a_frame_has_the_colours_and_not_the_alpha() {
        let picture = RgbaImage::from_raw(2, 1, vec![1, 2, 3, 255, 4, 5, 6, 0]).expect("two pixels");
        let frame = frame(&picture);
        assert_eq!((frame.size, &*frame.rgb), (Extent { width: 2, height: 1 }, &[1, 2, 3, 4, 5, 6][..]));
    }
}
