//! The windows of programs, as xcap lists them.

use handspike_types::desktop::Window;
use xcap::XCapResult;

use super::screen::Placement;

/// All windows, the topmost first, with their places in pixels of the picture. One that closes meanwhile is left out.
pub(super) fn list(placement: Placement) -> XCapResult<Vec<Window>> {
    let windows = xcap::Window::all()?;
    Ok(windows.iter().filter_map(|window| describe(window, placement).ok()).collect())
}

fn describe(window: &xcap::Window, placement: Placement) -> XCapResult<Window> {
    let (x, right) = pixels(window.x()?, window.width()?, placement.origin.0, placement.across());
    let (y, bottom) = pixels(window.y()?, window.height()?, placement.origin.1, placement.down());
    Ok(Window {
        title: window.title()?,
        class: window.app_name()?,
        x,
        y,
        width: right.abs_diff(x),
        height: bottom.abs_diff(y),
        focused: window.is_focused().unwrap_or(false),
        hidden: window.is_minimized().unwrap_or(false),
        pid: window.pid().ok(),
    })
}

/// Both edges, in pixels of a picture that shows `per` pixels for so many units.
fn pixels(at: i32, length: u32, origin: i32, (pixels, units): (u32, u32)) -> (i32, i32) {
    let start = i64::from(at) - i64::from(origin);
    let scaled = |edge: i64| {
        let units = i64::from(units.max(1));
        let edge = (2 * edge * i64::from(pixels) + units).div_euclid(2 * units);
        edge.clamp(i32::MIN.into(), i32::MAX.into()) as i32
    };
    (scaled(start), scaled(start + i64::from(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_scaled_and_counted_from_the_monitors_corner() {
        assert_eq!(pixels(100, 50, 0, (2000, 1000)), (200, 300));
        assert_eq!(pixels(1820, 50, 1920, (1080, 1080)), (-100, -50));
    }
}
