//! No screen of X, no rule and no point makes the arithmetic overflow, and a picture is never larger than its screen.
//! A point of the picture lies on the screen, and the way back leads to the same point; corners mean corners.
//! A region of the picture is a region of the screen, not empty, and the whole picture is the whole screen.
#![no_main]

use arbitrary::Arbitrary;
use handspike_computer::{Extent, Scale};
use handspike_types::{
    Fit,
    computer::{Point, Region},
    desktop::Window,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Shown {
    screen: (u16, u16),
    rule: Rule,
    point: (u32, u32),
    region: (u32, u32, u32, u32),
    zoomed: (u16, u16),
    window: (i32, i32, u32, u32),
}

#[derive(Arbitrary, Debug)]
enum Rule {
    Native,
    Targets,
    Standard,
    High,
    Budget { long_edge: u32, patches: u32 },
}

fuzz_target!(|shown: Shown| {
    let fit = match shown.rule {
        Rule::Native => Fit::Native,
        Rule::Targets => Fit::Targets,
        Rule::Standard => Fit::STANDARD,
        Rule::High => Fit::HIGH,
        Rule::Budget { long_edge, patches } => Fit::Budget { long_edge, patches },
    };
    let extent = |(width, height): (u16, u16)| Extent { width: width.into(), height: height.into() };
    let screen = extent(shown.screen);
    let scale = Scale::of(fit, screen);
    let picture = scale.picture();
    assert!(picture.width <= screen.width && picture.height <= screen.height.max(1), "{picture} of {screen}");
    let zoomed = scale.zoomed(extent(shown.zoomed));
    assert!(zoomed.width <= shown.zoomed.0.into() && zoomed.height <= u32::from(shown.zoomed.1).max(1));
    let (x, y, width, height) = shown.window;
    let _ = scale.window_to_picture(Window {
        title: String::new(),
        class: String::new(),
        x,
        y,
        width,
        height,
        focused: false,
        hidden: false,
        pid: None,
    });
    let point = Point { x: shown.point.0, y: shown.point.1 };
    match scale.to_screen("coordinate", point) {
        Ok(_) => assert!(picture.contains(point)),
        Err(error) => assert!(!picture.contains(point) && error.to_string().contains("`coordinate`")),
    }
    if screen.width == 0 || screen.height == 0 {
        return;
    }
    let inside = Point { x: point.x % picture.width, y: point.y % picture.height };
    let there = scale.to_screen("coordinate", inside).expect("a point of the picture");
    assert!(screen.contains(there), "{there:?} of {screen}");
    assert_eq!(scale.to_picture(there), inside);
    assert!(picture.contains(scale.to_picture(point)));
    region(scale, screen, shown.region);
});

fn region(scale: Scale, screen: Extent, (x0, y0, x1, y1): (u32, u32, u32, u32)) {
    let Extent { width, height } = scale.picture();
    let asked = Region { from: Point { x: x0, y: y0 }, to: Point { x: x1, y: y1 } };
    if let Ok(Region { from, to }) = scale.region_to_screen("region", asked) {
        assert!(from.x < to.x && from.y < to.y && to.x <= screen.width && to.y <= screen.height);
    }
    let all = Region { from: Point { x: 0, y: 0 }, to: Point { x: width, y: height } };
    let all = scale.region_to_screen("region", all).expect("all of the picture");
    assert_eq!((all.from, all.to), (Point { x: 0, y: 0 }, Point { x: screen.width, y: screen.height }));
}
