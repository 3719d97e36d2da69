//! Pictures that are smaller than the screen, and coordinates in them.

use crate::backend::Computer;
use handspike_types::computer::{ComputerAction, Point, Region};
use handspike_types::{ComputerSettings, ComputerVersion, Fit};

use crate::window::{Note, Reaction, TestWindow};
use crate::xserver::{XServer, colour_at, details, done_with, picture, run_with};

const SCREEN: &str = "1920x1080x24";

fn of(version: ComputerVersion) -> ComputerSettings {
    ComputerSettings { version, fit: Fit::of(version), ..ComputerSettings::default() }
}

fn region(from: (u32, u32), to: (u32, u32)) -> Region {
    Region { from: Point { x: from.0, y: from.1 }, to: Point { x: to.0, y: to.1 } }
}

fn size_of(computer: &mut Computer, action: ComputerAction, settings: &ComputerSettings) -> (u32, u32) {
    let size = picture(&done_with(computer, action, settings)).size;
    (size.width, size.height)
}

#[test]
fn each_version_has_its_picture_of_a_large_screen() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    for (version, expected) in [
        (ComputerVersion::V20241022, (1366, 768)),
        (ComputerVersion::V20250124, (1366, 768)),
        (ComputerVersion::V20251124, (1456, 819)),
        (ComputerVersion::V20260801, (1456, 819)),
    ] {
        let output = done_with(&mut computer, ComputerAction::Screenshot, &of(version));
        let size = picture(&output).size;
        assert_eq!((size.width, size.height), expected, "{version:?}");
        assert_eq!(details(&output).view, Point { x: expected.0, y: expected.1 });
    }
    let native = ComputerSettings { fit: Fit::Native, ..ComputerSettings::default() };
    assert_eq!(size_of(&mut computer, ComputerAction::Screenshot, &native), (1920, 1080));
}

#[test]
fn a_point_of_the_picture_is_where_the_screen_shows_it() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    let settings = of(ComputerVersion::V20241022);
    for (x, y, on_screen) in [(0, 0, (0, 0)), (1365, 767, (1919, 1079)), (683, 384, (960, 540))] {
        let output = done_with(&mut computer, ComputerAction::MouseMove(Point { x, y }), &settings);
        assert_eq!(details(&output).pointer, Point { x, y });
        let native = ComputerSettings { fit: Fit::Native, ..ComputerSettings::default() };
        let output = done_with(&mut computer, ComputerAction::CursorPosition, &native);
        assert_eq!(details(&output).pointer, Point { x: on_screen.0, y: on_screen.1 });
    }
}

#[test]
fn a_point_outside_of_the_picture_is_refused_although_the_screen_has_it() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    let output =
        run_with(&mut computer, ComputerAction::MouseMove(Point { x: 1400, y: 10 }), &of(ComputerVersion::V20241022));
    let text = output.joined_text();
    assert!(output.is_error && text.contains("`[1400, 10]`") && text.contains("1366x768 pixels"), "{text}");
    assert!(text.contains("x goes from 0 to 1365"), "{text}");
}

#[test]
fn the_pointer_is_in_a_scaled_picture() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    let settings = of(ComputerVersion::V20251124);
    let _window = TestWindow::open(&server, Reaction::Nothing);
    let at = |x, y| ComputerAction::MouseMove(Point { x, y });
    let there = picture(&done_with(&mut computer, at(300, 200), &settings));
    let gone = picture(&done_with(&mut computer, at(600, 400), &settings));
    assert!((292..308).any(|x| (192..208).any(|y| colour_at(&there, x, y) != colour_at(&gone, x, y))));
}

#[test]
fn a_zoom_shows_a_part_at_full_resolution() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    let settings = of(ComputerVersion::V20251124);
    let window = TestWindow::open(&server, Reaction::Nothing);
    window.paint_grid();
    let native = ComputerSettings { fit: Fit::Native, ..ComputerSettings::default() };
    let whole = picture(&done_with(&mut computer, ComputerAction::Screenshot, &native));
    let output = done_with(&mut computer, ComputerAction::Zoom(region((364, 273), (728, 546))), &settings);
    let part = picture(&output);
    assert_eq!((part.size.width, part.size.height), (480, 360));
    for (x, y) in [(0, 0), (1, 0), (0, 1), (17, 33), (479, 359)] {
        assert_eq!(colour_at(&part, x, y), colour_at(&whole, 480 + x, 360 + y), "{x}, {y}");
    }
    assert_eq!(details(&output).view, Point { x: 1456, y: 819 });
}

#[test]
fn a_zoom_is_never_larger_than_a_picture_may_be_and_never_enlarged() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    let zoom = |from, to| ComputerAction::Zoom(region(from, to));
    let newer = of(ComputerVersion::V20251124);
    assert_eq!(size_of(&mut computer, zoom((0, 0), (1456, 819)), &newer), (1456, 819));
    assert_eq!(size_of(&mut computer, zoom((10, 10), (11, 11)), &newer), (2, 2));
    let targets = ComputerSettings { fit: Fit::Targets, ..newer };
    assert_eq!(size_of(&mut computer, zoom((0, 0), (1366, 768)), &targets), (1366, 768));
    assert_eq!(size_of(&mut computer, zoom((0, 0), (683, 768)), &targets), (683, 768));
}

#[test]
fn a_zoom_beyond_the_picture_is_refused() {
    let server = XServer::start_with_screen(SCREEN);
    let mut computer = server.computer();
    let action = ComputerAction::Zoom(region((0, 0), (1920, 1080)));
    let output = run_with(&mut computer, action, &of(ComputerVersion::V20251124));
    let text = output.joined_text();
    assert!(output.is_error && text.contains("parameter `region` is `[0, 0, 1920, 1080]`"), "{text}");
    assert!(text.contains("1456x819"), "{text}");
}

#[test]
fn a_click_lands_in_the_pixel_that_was_seen() {
    let server = XServer::start_with_screen("3840x2160x24");
    let mut computer = server.computer();
    let settings = of(ComputerVersion::V20260801);
    let window = TestWindow::open(&server, Reaction::Nothing);
    done_with(&mut computer, ComputerAction::MouseMove(Point { x: 200, y: 100 }), &settings);
    let Some(Note::Motion { x, y, .. }) = window.close().pop() else { panic!("no motion") };
    let stretch = 3840.0 / 1456.0;
    for (on_screen, at) in [(x, 200.0), (y, 100.0)] {
        let centre = f64::from(on_screen) + 0.5;
        assert!((at * stretch..(at + 1.0) * stretch).contains(&centre), "{on_screen}");
    }
}
