//! What is answered, by version, in batches, and when there is nothing new to see.

use std::os::fd::AsFd;

use crate::backend::Computer;
use handspike_types::computer::{Button, ComputerAction, NOT_EXECUTED, Point, Region};
use handspike_types::{ComputerSettings, ComputerVersion, ContentPart, Settle, ToolOutput, Unchanged};

use crate::window::{GREEN, Note, Reaction, TestWindow};
use crate::xserver::{XServer, cancel, cancel_fd, click, colour_at, details, done_with, key, picture, settings};

fn of(version: ComputerVersion) -> ComputerSettings {
    ComputerSettings { version, settle: Settle { first_change_ms: 50, ..Settle::default() }, ..settings() }
}

fn pictures(output: &ToolOutput) -> usize {
    output.content.iter().filter(|part| matches!(part, ContentPart::Image(_))).count()
}

fn batch(computer: &mut Computer, actions: &[ComputerAction], settings: &ComputerSettings) -> ToolOutput {
    computer.run_batch(actions, settings, cancel_fd().as_fd())
}

fn move_to(x: u32, y: u32) -> ComputerAction {
    ComputerAction::MouseMove(Point { x, y })
}

#[test]
fn an_acting_action_shows_the_screen_before_the_toolset_and_is_ok_in_it() {
    let server = XServer::start();
    let mut computer = server.computer();
    for version in ComputerVersion::ALL {
        let output = done_with(&mut computer, click(Button::Left), &of(*version));
        let toolset = *version == ComputerVersion::V20260801;
        assert_eq!(pictures(&output), usize::from(!toolset), "{version:?}");
        assert_eq!(output.joined_text().starts_with("OK"), toolset, "{version:?}");
        assert_eq!(pictures(&done_with(&mut computer, ComputerAction::Screenshot, &of(*version))), 1, "{version:?}");
    }
}

#[test]
fn the_pointer_is_told_as_the_version_spells_it() {
    let server = XServer::start();
    let mut computer = server.computer();
    done_with(&mut computer, move_to(512, 384), &of(ComputerVersion::V20251124));
    for (version, expected) in
        [(ComputerVersion::V20241022, "X=512,Y=384"), (ComputerVersion::V20260801, "X=512, Y=384")]
    {
        let output = done_with(&mut computer, ComputerAction::CursorPosition, &of(version));
        assert_eq!((output.joined_text().as_str(), output.content.len()), (expected, 1));
    }
}

#[test]
fn a_batch_tells_of_each_action_and_ends_with_one_picture() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::TurnGreen);
    let actions = [move_to(40, 40), ComputerAction::CursorPosition, click(Button::Left)];
    let output = batch(&mut computer, &actions, &of(ComputerVersion::V20251124));
    assert!(!output.is_error);
    let text = output.joined_text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("1. mouse_move: ") && lines[1] == "2. cursor_position: X=40,Y=40", "{text}");
    assert!(lines[2].starts_with("3. left_click: settled after") && lines.len() == 3, "{text}");
    assert_eq!(pictures(&output), 1);
    assert_eq!(colour_at(&picture(&output), 10, 10), GREEN);
    assert_eq!(details(&output).pointer, Point { x: 40, y: 40 });
    assert!(window.close().iter().any(|note| matches!(note, Note::Press { x: 40, y: 40, .. })));
}

#[test]
fn a_batch_that_ends_with_a_screenshot_gets_no_other() {
    let server = XServer::start();
    let mut computer = server.computer();
    let actions = [key("s"), ComputerAction::Screenshot];
    assert_eq!(pictures(&batch(&mut computer, &actions, &of(ComputerVersion::V20260801))), 1);
    let actions = [ComputerAction::Screenshot, key("s")];
    assert_eq!(pictures(&batch(&mut computer, &actions, &of(ComputerVersion::V20260801))), 2);
}

#[test]
fn a_batch_that_ends_with_a_zoom_still_ends_with_a_screenshot() {
    let server = XServer::start();
    let mut computer = server.computer();
    let region = Region { from: Point { x: 0, y: 0 }, to: Point { x: 50, y: 40 } };
    let output = batch(&mut computer, &[ComputerAction::Zoom(region)], &of(ComputerVersion::V20260801));
    assert_eq!(pictures(&output), 2);
    assert_eq!(output.content.len(), 3, "the line, the part, the screen");
    let last = ToolOutput { content: output.content[2..].to_vec(), ..output.clone() };
    let (view, screen) = (details(&output).view, picture(&last).size);
    assert_eq!((screen.width, screen.height), (view.x, view.y));
}

#[test]
fn a_batch_stops_at_the_first_failure_and_answers_with_text_only() {
    let server = XServer::start();
    let mut computer = server.computer();
    let window = TestWindow::open(&server, Reaction::Nothing);
    let actions = [ComputerAction::Screenshot, key("s"), move_to(5000, 1), key("s"), click(Button::Left)];
    let output = batch(&mut computer, &actions, &of(ComputerVersion::V20251124));
    assert!(output.is_error);
    assert_eq!(pictures(&output), 0);
    let text = output.joined_text();
    assert!(text.contains("3. mouse_move: parameter `coordinate` is `[5000, 1]`"), "{text}");
    assert!(text.ends_with(&format!("4. key: {NOT_EXECUTED}\n5. left_click: {NOT_EXECUTED}")), "{text}");
    assert_eq!(window.close().iter().filter(|note| matches!(note, Note::KeyDown { .. })).count(), 1);
}

#[test]
fn a_cancelled_batch_lets_go_of_what_it_held() {
    let server = XServer::start();
    let mut computer = server.computer();
    let fd = cancel_fd();
    let actions = [ComputerAction::LeftMouseDown, ComputerAction::Wait(std::time::Duration::from_secs(60))];
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(300));
            cancel(&fd);
        });
        computer.run_batch(&actions, &of(ComputerVersion::V20251124), fd.as_fd())
    });
    assert!(output.is_error && output.joined_text().contains("2. wait: cancelled"), "{output:?}");
    assert!(!server.holds_anything());
}

#[test]
fn a_picture_that_shows_nothing_new_is_told_where_that_is_wanted() {
    let server = XServer::start();
    let mut computer = server.computer();
    let _window = TestWindow::open(&server, Reaction::TurnGreen);
    let settings = ComputerSettings { unchanged: Unchanged::Told, ..of(ComputerVersion::V20251124) };
    assert_eq!(pictures(&done_with(&mut computer, ComputerAction::Screenshot, &settings)), 1);
    let same = done_with(&mut computer, key("s"), &settings);
    assert_eq!(pictures(&same), 0);
    assert!(same.joined_text().contains("the same as the last one"), "{}", same.joined_text());
    assert_eq!(pictures(&done_with(&mut computer, click(Button::Left), &settings)), 1);
    assert_eq!(pictures(&done_with(&mut computer, key("s"), &settings)), 0);
    assert_eq!(pictures(&done_with(&mut computer, ComputerAction::Screenshot, &settings)), 1);
    assert_eq!(pictures(&done_with(&mut computer, key("s"), &of(ComputerVersion::V20251124))), 1);
}

#[test]
fn settling_takes_any_numbers() {
    let server = XServer::start();
    let mut computer = server.computer();
    let zero = Settle { first_change_ms: 0, quiet_ms: 0, limit_ms: 0 };
    let huge = Settle { first_change_ms: 20, quiet_ms: u64::MAX, limit_ms: 100 };
    let largest = Settle { first_change_ms: u64::MAX, quiet_ms: u64::MAX, limit_ms: 60 };
    for (settle, at_most) in [(zero, 20), (huge, 60), (largest, 100)] {
        let settings = ComputerSettings { settle, ..settings() };
        let output = done_with(&mut computer, key("s"), &settings);
        assert!(details(&output).settle_ms <= at_most, "{settle:?}: {}", output.joined_text());
        assert!(!details(&output).changed, "{settle:?}");
    }
}
