use proptest::prelude::*;

use super::*;

fn extent(width: u32, height: u32) -> Extent {
    Extent { width, height }
}

fn picture(fit: Fit, width: u32, height: u32) -> (u32, u32) {
    let picture = Scale::of(fit, extent(width, height)).picture();
    (picture.width, picture.height)
}

#[test]
fn a_budget_gives_the_published_sizes() {
    for (screen, standard, high) in [
        ((1920, 1080), (1456, 819), (1920, 1080)),
        ((1512, 982), (1372, 891), (1512, 982)),
        ((1920, 1200), (1389, 868), (1920, 1200)),
        ((3840, 2160), (1456, 819), (2576, 1449)),
        ((1080, 1920), (819, 1456), (1080, 1920)),
        ((1024, 768), (1024, 768), (1024, 768)),
    ] {
        assert_eq!(picture(Fit::STANDARD, screen.0, screen.1), standard, "{screen:?}");
        assert_eq!(picture(Fit::HIGH, screen.0, screen.1), high, "{screen:?}");
    }
}

#[test]
fn a_screen_without_pixels_has_a_picture_without_any() {
    for screen in [extent(5, 0), extent(0, 5), extent(0, 0)] {
        let scale = Scale::of(Fit::STANDARD, screen);
        assert_eq!(scale.picture(), screen);
        scale.to_screen("coordinate", Point { x: 0, y: 0 }).expect_err("there is no pixel");
    }
}

#[test]
fn a_target_is_taken_for_a_larger_screen_of_its_shape_only() {
    for (screen, expected) in [
        ((1920, 1080), (1366, 768)),
        ((2560, 1440), (1366, 768)),
        ((1920, 1200), (1280, 800)),
        ((1600, 1200), (1024, 768)),
        ((4096, 2160), (4096, 2160)),
        ((1080, 1920), (1080, 1920)),
        ((2560, 1080), (2560, 1080)),
        ((1024, 768), (1024, 768)),
        ((800, 600), (800, 600)),
        // As wide as the rule asks, but lower than the target: that would be scaling up.
        ((1367, 767), (1367, 767)),
    ] {
        assert_eq!(picture(Fit::Targets, screen.0, screen.1), expected, "{screen:?}");
    }
}

#[test]
fn the_last_pixel_of_the_picture_is_the_last_of_the_screen_and_the_next_is_refused() {
    let scale = Scale::of(Fit::Targets, extent(1920, 1080));
    let last = scale.to_screen("coordinate", Point { x: 1365, y: 767 }).expect("inside");
    assert_eq!(last, Point { x: 1919, y: 1079 });
    for (x, y) in [(1366, 0), (0, 768), (1400, 5), (u32::MAX, u32::MAX)] {
        let error = scale.to_screen("start_coordinate", Point { x, y }).expect_err("outside").to_string();
        assert!(error.starts_with(&format!("parameter `start_coordinate` is `[{x}, {y}]`")), "{error}");
        assert!(error.contains("1366x768") && error.ends_with("x goes from 0 to 1365, y from 0 to 767"), "{error}");
    }
}

#[test]
fn a_region_may_end_where_the_picture_does_and_no_further() {
    let scale = Scale::of(Fit::Targets, extent(1920, 1080));
    let region = |x0, y0, x1, y1| Region { from: Point { x: x0, y: y0 }, to: Point { x: x1, y: y1 } };
    let whole = scale.region_to_screen("region", region(0, 0, 1366, 768)).expect("the whole picture");
    assert_eq!(whole, region(0, 0, 1920, 1080));
    for outside in [region(0, 0, 1367, 768), region(0, 0, 5, 769), region(5, 5, 5, 9)] {
        let error = scale.region_to_screen("region", outside).expect_err("outside").to_string();
        assert!(error.contains("`region`") && error.contains("x goes from 0 to 1366"), "{error}");
    }
}

#[test]
fn a_window_of_the_size_of_the_screen_is_one_of_the_size_of_the_picture() {
    let scale = Scale::of(Fit::STANDARD, extent(3840, 2160));
    let window = Window {
        title: String::new(),
        class: String::new(),
        x: -384,
        y: 0,
        width: 3840,
        height: 2160,
        focused: false,
        hidden: false,
        pid: None,
    };
    let shown = scale.window_to_picture(window);
    assert_eq!((shown.x, shown.y, shown.width, shown.height), (-146, 0, 1456, 819));
}

fn any_fit() -> impl Strategy<Value = Fit> {
    prop_oneof![
        Just(Fit::Native),
        Just(Fit::Targets),
        Just(Fit::STANDARD),
        Just(Fit::HIGH),
        (0u32..4000, 0u32..6000).prop_map(|(long_edge, patches)| Fit::Budget { long_edge, patches }),
    ]
}

proptest! {
    #[test]
    fn a_picture_is_never_larger_than_its_screen(fit in any_fit(), width in 1u32..9000, height in 1u32..9000) {
        let picture = Scale::of(fit, extent(width, height)).picture();
        prop_assert!((1..=width).contains(&picture.width) && (1..=height).contains(&picture.height));
        if let Fit::Budget { long_edge, patches } = fit && picture != extent(1, 1) && picture.width > 1 {
            prop_assert!(picture.width.max(picture.height) <= long_edge);
            prop_assert!(picture.width.div_ceil(28) * picture.height.div_ceil(28) <= patches);
        }
    }

    #[test]
    fn a_point_goes_to_what_its_pixel_shows_and_comes_back(
        fit in any_fit(),
        width in 1u32..9000,
        height in 1u32..9000,
        across in 0.0..1.0f64,
        down in 0.0..1.0f64,
    ) {
        let scale = Scale::of(fit, extent(width, height));
        let picture = scale.picture();
        let point = Point { x: (across * f64::from(picture.width)) as u32, y: (down * f64::from(picture.height)) as u32 };
        let there = scale.to_screen("coordinate", point).expect("inside");
        prop_assert!(extent(width, height).contains(there));
        prop_assert_eq!(scale.to_picture(there), point);
        let shown = |at: u32, on_screen: u32, picture: u32, screen: u32| {
            let centre = (2 * u64::from(on_screen) + 1) * u64::from(picture);
            let stretch = 2 * u64::from(at) * u64::from(screen)..2 * (u64::from(at) + 1) * u64::from(screen);
            stretch.contains(&centre)
        };
        prop_assert!(shown(point.x, there.x, picture.width, width) && shown(point.y, there.y, picture.height, height));
    }

    #[test]
    fn the_corners_of_the_picture_are_those_of_the_screen(fit in any_fit(), width in 2u32..9000, height in 2u32..9000) {
        let scale = Scale::of(fit, extent(width, height));
        let picture = scale.picture();
        prop_assume!(picture.width > 1 && picture.height > 1);
        let last = Point { x: picture.width - 1, y: picture.height - 1 };
        prop_assert_eq!(scale.to_screen("coordinate", last), Ok(Point { x: width - 1, y: height - 1 }));
        let first = Point { x: 0, y: 0 };
        prop_assert_eq!(scale.to_screen("coordinate", first), Ok(first));
        let beyond = Point { x: picture.width, ..last };
        prop_assert!(scale.to_screen("coordinate", beyond).is_err());
    }

    #[test]
    fn a_region_covers_the_points_inside_it(width in 2u32..5000, height in 2u32..5000, x in 0u32..800, y in 0u32..800) {
        let scale = Scale::of(Fit::STANDARD, extent(width, height));
        let picture = scale.picture();
        let from = Point { x: x.min(picture.width - 1), y: y.min(picture.height - 1) };
        let region = Region { from, to: Point { x: picture.width, y: picture.height } };
        let cut = scale.region_to_screen("region", region).expect("inside");
        let point = scale.to_screen("coordinate", from).expect("inside");
        prop_assert!(cut.from.x <= point.x && cut.from.y <= point.y);
        prop_assert_eq!(cut.to, Point { x: width, y: height });
        let zoomed = scale.zoomed(extent(cut.to.x - cut.from.x, cut.to.y - cut.from.y));
        prop_assert!(zoomed.width <= cut.to.x - cut.from.x && zoomed.height <= cut.to.y - cut.from.y);
    }
}
