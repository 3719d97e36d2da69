//! From pixels of the picture that a model sees to pixels of the screen, and back.
//!
//! A picture is never larger than its screen. The pixel `x` of a picture of width `p` shows the stretch
//! `[x * s / p, (x + 1) * s / p)` of a screen of width `s`. It is taken to mean the screen's pixel nearest to
//! `x * (s - 1) / (p - 1)`: the centre of that one lies in the stretch, the first and the last pixel of the picture mean the
//! first and the last of the screen, and the way back gives `x` again. All of it is whole-number arithmetic.

use std::fmt;

use handspike_types::{
    Fit,
    computer::{Point, Region},
    desktop::Window,
};

use crate::Extent;

/// The pictures of the older versions.
const TARGETS: [Extent; 3] =
    [Extent { width: 1024, height: 768 }, Extent { width: 1280, height: 800 }, Extent { width: 1366, height: 768 }];

/// The side of the patches in which models see.
const PATCH: u32 = 28;

/// How a screen is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    fit: Fit,
    screen: Extent,
    picture: Extent,
}

/// A place that is not in the picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "parameter `{parameter}` is `{given}`, which is outside of the picture of {}x{} pixels\nhint: x goes from 0 to {}, y from 0 to {}",
    .picture.width, .picture.height, .last.x, .last.y
)]
pub struct OutsidePicture {
    parameter: &'static str,
    given: String,
    picture: Extent,
    last: Point,
}

impl Scale {
    /// How a screen is shown by a rule.
    #[must_use]
    pub fn of(fit: Fit, screen: Extent) -> Self {
        let picture = match fit {
            Fit::Native => screen,
            Fit::Targets => target(screen),
            Fit::Budget { long_edge, patches } => within_budget(screen, long_edge, patches),
        };
        Self { fit, screen, picture }
    }

    /// The extent of the picture, and so of coordinates.
    #[must_use]
    pub fn picture(self) -> Extent {
        self.picture
    }

    /// How large a part of the screen is shown that is cut out at full resolution.
    #[must_use]
    pub fn zoomed(self, part: Extent) -> Extent {
        match self.fit {
            Fit::Native => part,
            Fit::Targets => within(part, |size| size.width <= self.picture.width && size.height <= self.picture.height),
            Fit::Budget { long_edge, patches } => within_budget(part, long_edge, patches),
        }
    }

    /// The screen's pixel that a point of the picture means.
    pub fn to_screen(self, parameter: &'static str, point: Point) -> Result<Point, OutsidePicture> {
        if !self.picture.contains(point) {
            return Err(self.outside(parameter, &[point.x, point.y], 1));
        }
        Ok(Point {
            x: to_larger(point.x, self.picture.width, self.screen.width),
            y: to_larger(point.y, self.picture.height, self.screen.height),
        })
    }

    /// The picture's pixel that shows a pixel of the screen.
    #[must_use]
    pub fn to_picture(self, point: Point) -> Point {
        Point {
            x: to_smaller(point.x, self.screen.width, self.picture.width),
            y: to_smaller(point.y, self.screen.height, self.picture.height),
        }
    }

    /// All of the screen's pixels that a region of the picture shows some of.
    pub fn region_to_screen(self, parameter: &'static str, region: Region) -> Result<Region, OutsidePicture> {
        let Region { from, to } = region;
        let empty = from.x >= to.x || from.y >= to.y;
        if empty || to.x > self.picture.width || to.y > self.picture.height {
            return Err(self.outside(parameter, &[from.x, from.y, to.x, to.y], 0));
        }
        let (picture, screen) = (self.picture, self.screen);
        let first = |at: u32, picture: u32, screen: u32| (at as u64 * screen as u64 / picture as u64) as u32;
        let end = |at: u32, picture: u32, screen: u32| (at as u64 * screen as u64).div_ceil(picture as u64) as u32;
        Ok(Region {
            from: Point {
                x: first(from.x, picture.width, screen.width),
                y: first(from.y, picture.height, screen.height),
            },
            to: Point { x: end(to.x, picture.width, screen.width), y: end(to.y, picture.height, screen.height) },
        })
    }

    /// A window with its place in pixels of the picture instead of the screen.
    #[must_use]
    pub fn window_to_picture(self, window: Window) -> Window {
        let across = |edge: i64| nearest(edge, self.screen.width, self.picture.width);
        let down = |edge: i64| nearest(edge, self.screen.height, self.picture.height);
        let (left, top) = (i64::from(window.x), i64::from(window.y));
        let (x, right) = (across(left), across(left + i64::from(window.width)));
        let (y, bottom) = (down(top), down(top + i64::from(window.height)));
        Window { x, y, width: right.abs_diff(x), height: bottom.abs_diff(y), ..window }
    }

    fn outside(self, parameter: &'static str, given: &[u32], beyond: u32) -> OutsidePicture {
        let Extent { width, height } = self.picture;
        let last = Point { x: width.saturating_sub(beyond), y: height.saturating_sub(beyond) };
        OutsidePicture { parameter, given: format!("{given:?}"), picture: self.picture, last }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// The target of the screen's shape, to within 0.02 of the ratio of its sides, or the screen itself.
fn target(screen: Extent) -> Extent {
    let (width, height) = (u64::from(screen.width), u64::from(screen.height));
    let has_shape = |target: &Extent| {
        let (left, right) = (u64::from(target.width) * height, width * u64::from(target.height));
        left.abs_diff(right) * 50 < u64::from(target.height) * height
    };
    let smaller = |target: &Extent| target.width < screen.width && target.height <= screen.height;
    TARGETS.into_iter().find(|target| has_shape(target) && smaller(target)).unwrap_or(screen)
}

fn within_budget(screen: Extent, long_edge: u32, patches: u32) -> Extent {
    within(screen, |size| {
        let count = u64::from(size.width.div_ceil(PATCH)) * u64::from(size.height.div_ceil(PATCH));
        size.width.max(size.height) <= long_edge && count <= u64::from(patches)
    })
}

/// The widest extent of this shape that fits, found by halving. A pixel is the least there is.
fn within(full: Extent, fits: impl Fn(Extent) -> bool) -> Extent {
    let of_width = |width: u32| {
        let (tall, wide) = (u64::from(width) * u64::from(full.height), u64::from(full.width).max(1));
        let height = (2 * tall + wide) / (2 * wide);
        Extent { width, height: (height as u32).clamp(1, full.height.max(1)) }
    };
    if full.width == 0 || full.height == 0 || fits(full) {
        return full;
    }
    let (mut good, mut bad) = (1, full.width);
    while bad - good > 1 {
        let width = good + (bad - good) / 2;
        if fits(of_width(width)) {
            good = width;
        } else {
            bad = width;
        }
    }
    of_width(good)
}

fn to_larger(at: u32, small: u32, large: u32) -> u32 {
    // A single pixel shows everything: it means the middle.
    let (numerator, denominator) = if small == 1 {
        (u64::from(large - 1), 2)
    } else {
        (u64::from(at) * u64::from(large - 1), u64::from(small - 1))
    };
    ((2 * numerator + denominator) / (2 * denominator)) as u32
}

fn to_smaller(at: u32, large: u32, small: u32) -> u32 {
    let last = u64::from(large.max(1) - 1);
    let centre = 2 * u64::from(at).min(last) + 1;
    (centre * u64::from(small) / (2 * u64::from(large.max(1)))) as u32
}

fn nearest(edge: i64, large: u32, small: u32) -> i32 {
    let large = i64::from(large.max(1));
    let scaled = (2 * edge * i64::from(small) + large).div_euclid(2 * large);
    scaled.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

#[cfg(test)]
#[path = "scale_tests.rs"]
mod tests;
