//! The way that a drag takes.
//!
//! A pointer that jumps from the start to the end is not a drag to most toolkits: they want motion past a
//! threshold, and then more motion over the target. So the way has points in between, and more of them when it
//! is longer.

use handspike_types::computer::Point;

/// Pixels between two points of a long way, roughly.
const STRIDE: u32 = 24;
const FEWEST: u32 = 5;
const MOST: u32 = 30;

/// The points after `from`, evenly spread, with `to` at the end.
pub(crate) fn path(from: Point, to: Point) -> Vec<Point> {
    let distance = from.x.abs_diff(to.x).max(from.y.abs_diff(to.y));
    let steps = (distance / STRIDE).clamp(FEWEST, MOST);
    let mut points: Vec<Point> = (1..=steps)
        .map(|step| Point { x: between(from.x, to.x, step, steps), y: between(from.y, to.y, step, steps) })
        .collect();
    points.dedup();
    points
}

fn between(from: u32, to: u32, step: u32, steps: u32) -> u32 {
    let (near, far, part) = if from <= to { (from, to, step) } else { (to, from, steps - step) };
    near + (u64::from(far - near) * u64::from(part) / u64::from(steps)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drag_has_points_in_between_and_ends_exactly() {
        for (from, to) in [((0, 0), (1023, 767)), ((1023, 5), (0, 700)), ((10, 10), (40, 10))] {
            let to = Point { x: to.0, y: to.1 };
            let points = path(Point { x: from.0, y: from.1 }, to);
            assert!(points.len() >= FEWEST as usize, "{points:?}");
            assert_eq!(points.last(), Some(&to));
        }
    }

    #[test]
    fn a_drag_of_one_pixel_repeats_no_point() {
        let points = path(Point { x: 5, y: 5 }, Point { x: 6, y: 5 });
        assert_eq!(points, [Point { x: 5, y: 5 }, Point { x: 6, y: 5 }]);
    }
}
