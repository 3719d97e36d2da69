//! What later versions added. Where a server does not list an action, its cases do not apply.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect, expect_same},
    mouse::{MouseReport, presses},
    session::Session,
    window::{COLOUR, Kind},
};

/// Turns the wheel over a window and waits until it has reported this code so often, and no more.
async fn scrolls(s: &Session, direction: &str, code: u32) -> Result<(), Miss> {
    s.needs_action("scroll")?;
    let window = s.window(Kind::Mouse).await?;
    let (x, y) = window.cell(20, 5);
    s.act("scroll", json!({ "coordinate": [x, y], "scroll_direction": direction, "scroll_amount": 3 }))
        .await?
        .done()?;
    let reports = window.reports("3 clicks of the wheel", |reports| presses(reports, code) >= 3).await?;
    let wheel: Vec<&MouseReport> =
        reports.iter().filter(|report| report.pressed && (64..96).contains(&report.code)).collect();
    expect(wheel.len() == 3, "3 clicks of the wheel and no other", format!("{wheel:?}"))
}

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "later actions")
        .case("scroll down turns the wheel down", "Pages are longer than screens.", async |s| {
            scrolls(s, "down", 65).await
        })
        .case("scroll up turns the wheel up", "Pages are longer than screens.", async |s| scrolls(s, "up", 64).await)
        .case("scroll left turns the wheel left", "Tables are wider than screens.", async |s| {
            scrolls(s, "left", 66).await
        })
        .case("scroll right turns the wheel right", "Tables are wider than screens.", async |s| {
            scrolls(s, "right", 67).await
        })
        .case("scroll by 0 turns nothing and is no crash", "The contract allows 0.", async |s| {
            s.needs_action("scroll")?;
            let window = s.window(Kind::Mouse).await?;
            let (x, y) = window.cell(20, 5);
            s.act("scroll", json!({ "coordinate": [x, y], "scroll_direction": "down", "scroll_amount": 0 }))
                .await?
                .done()?;
            s.type_text("end").await?.done()?;
            let received = s.eventually("the text behind it", async || {
                let received = window.received().await?;
                Ok(if received.ends_with(b"end") { Ok(received) } else { Err(format!("{} bytes", received.len())) })
            });
            let turned = presses(&crate::mouse::mouse_reports(&received.await?), 65);
            expect_same(0, turned)
        })
        .case("a click takes a coordinate", "One call instead of two.", async |s| {
            s.needs_newer_clicks()?;
            let window = s.window(Kind::Mouse).await?;
            let (x, y) = window.cell(50, 8);
            s.act("left_click", json!({ "coordinate": [x, y] })).await?.done()?;
            let is_there =
                |report: &MouseReport| report.is_press(0) && report.column.abs_diff(51) <= 1 && report.row == 9;
            window.reports("a press in column 51 of row 9", |reports| reports.iter().any(is_there)).await
        })
        .case("a click takes a modifier", "ctrl with a click selects several.", async |s| {
            s.needs_newer_clicks()?;
            let window = s.window(Kind::Mouse).await?;
            let (x, y) = window.cell(30, 5);
            s.act("left_click", json!({ "coordinate": [x, y], "text": "ctrl" })).await?.done()?;
            window.reports("a press with control", |reports| presses(reports, 16) == 1).await?;
            s.act("left_click", json!({ "coordinate": [x, y] })).await?.done()?;
            window.reports("the next press without", |reports| presses(reports, 0) == 1).await
        })
        .case("a click with an unknown modifier does not click", "It would mean something else.", async |s| {
            s.needs_newer_clicks()?;
            let window = s.window(Kind::Mouse).await?;
            let (x, y) = window.cell(30, 5);
            s.act("left_click", json!({ "coordinate": [x, y], "text": "nosuchmod" })).await?.refused()?;
            s.act("right_click", json!({ "coordinate": [x, y] })).await?.done()?;
            let reports = window.reports("the right click", |reports| presses(reports, 2) == 1).await?;
            expect_same(0, presses(&reports, 0))
        })
        .case("a drag takes where it begins", "One call instead of two.", async |s| {
            s.needs_newer_clicks()?;
            let window = s.window(Kind::Mouse).await?;
            let (from, to) = (window.cell(10, 2), window.cell(40, 7));
            let both = json!({ "start_coordinate": [from.0, from.1], "coordinate": [to.0, to.1] });
            s.act("left_click_drag", both).await?.done()?;
            let is_start =
                |report: &MouseReport| report.is_press(0) && report.column.abs_diff(11) <= 1 && report.row == 3;
            window.reports("a press in column 11 of row 3", |reports| reports.iter().any(is_start)).await
        })
        .case("zoom shows the region", "Small text is read by it.", async |s| {
            s.needs_action("zoom")?;
            let area = s.window(Kind::Mouse).await?.area;
            let region = [area.left + 4, area.top + 4, area.left + area.width / 2, area.top + area.height / 2];
            let picture = s.act("zoom", json!({ "region": region })).await?.done()?.picture()?;
            let (width, height) = picture.size();
            let found = picture.find(COLOUR).ok_or_else(|| Miss::failed("the window's colour", "none of it"))?;
            expect(
                found.width * found.height * 10 >= width * height * 9,
                "almost nothing else",
                format!("{found:?} of {width}x{height}"),
            )
        })
        .case("after a zoom coordinates are still those of the screen", "A zoom is only a look.", async |s| {
            s.needs_action("zoom")?;
            s.act("zoom", json!({ "region": [100, 100, 300, 250] })).await?.done()?;
            s.move_to((321, 210)).await?;
            s.act("cursor_position", json!({})).await?.shows_number(321)?.shows_number(210)
        })
}

/// Actions that hold something, or let time pass.
pub(super) fn lasting() -> Group {
    Group::new(Tool::Computer, "lasting actions")
        .case("left_mouse_down holds until left_mouse_up", "Drags with stops are made of them.", async |s| {
            s.needs_action("left_mouse_down")?;
            let window = s.window(Kind::Mouse).await?;
            s.move_to(window.cell(10, 3)).await?;
            window.forget().await?;
            s.act("left_mouse_down", json!({})).await?.done()?;
            s.move_to(window.cell(30, 6)).await?;
            let held = window
                .reports("a press and a motion", |reports| presses(reports, 0) == 1 && presses(reports, 32) >= 1)
                .await?;
            expect(!held.iter().any(|report| report.is_release(0)), "no release yet", format!("{held:?}"))?;
            s.act("left_mouse_up", json!({})).await?.done()?;
            window.reports("a release", |reports| reports.iter().any(|report| report.is_release(0))).await
        })
        .case("hold_key holds for its time and lets go", "Games and long presses need it.", async |s| {
            s.needs_action("hold_key")?;
            let window = s.window(Kind::Keys).await?;
            let answer = s.act("hold_key", json!({ "text": "a", "duration": 0.7 })).await?.done()?;
            expect(answer.took >= Duration::from_millis(650), "0.7 s", format!("{:?}", answer.took))?;
            s.type_text("end").await?.done()?;
            s.eventually("some `a` and then `end`", async || {
                let received = String::from_utf8_lossy(&window.received().await?).into_owned();
                let is_right =
                    received.strip_suffix("end").is_some_and(|held| !held.is_empty() && held.chars().all(|c| c == 'a'));
                Ok(if is_right { Ok(()) } else { Err(received) })
            })
            .await
        })
        .case("hold_key of an unknown key is refused at once", "Nothing is held, so nothing takes time.", async |s| {
            s.act("hold_key", json!({ "text": "NoSuchKey", "duration": 20 }))
                .await?
                .refused()?
                .within(Duration::from_secs(10))
        })
        .case("wait waits", "Pages take time to load.", async |s| {
            s.needs_action("wait")?;
            let begun = Instant::now();
            s.act("wait", json!({ "duration": 1.2 })).await?.done()?;
            let took = begun.elapsed();
            expect(
                took >= Duration::from_millis(1200) && took < Duration::from_secs(15),
                "about 1.2 s",
                format!("{took:?}"),
            )
        })
        .case("wait of 0 is allowed", "It is only a look.", async |s| {
            s.act("wait", json!({ "duration": 0 })).await?.done()
        })
        .case("a cancelled wait does not block the next call", "The user has stopped it.", async |s| {
            s.needs_action("wait")?;
            let pending = s.start("wait", json!({ "duration": 60 })).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            pending.cancel().await?;
            s.act("cursor_position", json!({})).await?.done()?.within(Duration::from_secs(15))
        })
}
