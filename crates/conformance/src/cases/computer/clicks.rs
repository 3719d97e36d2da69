//! Clicks and drags, as every version has them: they happen where the pointer is.

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect},
    mouse::presses,
    session::Session,
    window::{Kind, Window},
};

/// Clicks into a fresh window that reports the mouse, and waits for a press and a release of a button, so often.
async fn clicks(s: &Session, action: &str, button: u32, count: usize) -> Result<(), Miss> {
    let window = s.window(Kind::Mouse).await?;
    s.move_to(window.cell(30, 3)).await?;
    window.forget().await?;
    s.act(action, json!({})).await?.done()?;
    let reports = window
        .reports("as many releases as clicks", |reports| {
            reports.iter().filter(|report| report.is_release(button)).count() >= count
        })
        .await?;
    let pressed = presses(&reports, button);
    expect(pressed == count, format!("{count} presses of button {button}"), format!("{pressed}: {reports:?}"))?;
    let is_there = |column: u32, row: u32| column.abs_diff(31) <= 1 && row == 4;
    expect(
        reports.iter().all(|report| is_there(report.column, report.row)),
        "all in column 31 of row 4",
        format!("{reports:?}"),
    )
}

/// Pastes what is selected, by the middle button, and waits until it has arrived.
async fn pastes(s: &Session, window: &Window<'_>, text: &[&str]) -> Result<(), Miss> {
    s.move_to(window.cell(40, 8)).await?;
    s.act("middle_click", json!({})).await?.done()?;
    window.receives_one_of(text).await
}

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "clicks")
        .case("a left click presses and releases once", "It is the action that is used most.", async |s| {
            clicks(s, "left_click", 0, 1).await
        })
        .case("a middle click presses the middle button", "It pastes and opens tabs.", async |s| {
            clicks(s, "middle_click", 1, 1).await
        })
        .case("a right click presses the right button", "It opens menus.", async |s| {
            clicks(s, "right_click", 2, 1).await
        })
        .case("a double click presses twice", "It opens things.", async |s| clicks(s, "double_click", 0, 2).await)
        .case("a triple click presses three times", "It selects lines.", async |s| {
            clicks(s, "triple_click", 0, 3).await
        })
        .case("a double click selects a word", "Two clicks have to be fast enough to be one double click.", async |s| {
            let window = s.window(Kind::Text).await?;
            s.move_to(window.cell(8, 0)).await?;
            s.act("double_click", json!({})).await?.done()?;
            pastes(s, &window, &["bravo"]).await
        })
        .case("a triple click selects a line", "Three clicks have to be fast enough to be one.", async |s| {
            let window = s.window(Kind::Text).await?;
            s.move_to(window.cell(8, 1)).await?;
            s.act("triple_click", json!({})).await?.done()?;
            pastes(s, &window, &["delta echo foxtrot", "delta echo foxtrot\n"]).await
        })
        .case("a drag selects what lies on its way", "Text is selected and sliders are moved by it.", async |s| {
            let window = s.window(Kind::Text).await?;
            // From the first letter to the cell behind the last one.
            let ((left, top), (right, _)) = (window.cell(6, 0), window.cell(11, 0));
            s.move_to((left, top)).await?;
            s.act("left_click_drag", json!({ "coordinate": [right, top] })).await?.done()?;
            pastes(s, &window, &["bravo"]).await
        })
        .case("a drag presses, moves and releases", "Programs see all three, in this order.", async |s| {
            let window = s.window(Kind::Mouse).await?;
            s.move_to(window.cell(10, 2)).await?;
            window.forget().await?;
            let (x, y) = window.cell(40, 7);
            s.act("left_click_drag", json!({ "coordinate": [x, y] })).await?.done()?;
            let reports =
                window.reports("a release", |reports| reports.iter().any(|report| report.is_release(0))).await?;
            let order = [
                reports.iter().position(|r| r.is_press(0)),
                reports.iter().position(|r| r.is_drag()),
                reports.iter().position(|r| r.is_release(0)),
            ];
            expect(
                order.iter().all(Option::is_some) && order.is_sorted(),
                "press, motion, release",
                format!("{reports:?}"),
            )?;
            let last = reports.iter().rfind(|report| report.is_release(0));
            expect(
                last.is_some_and(|r| r.column.abs_diff(41) <= 1 && r.row == 8),
                "the release in column 41 of row 8",
                format!("{last:?}"),
            )
        })
        .case("a drag passes through points between", "Many programs ignore a jump.", async |s| {
            let window = s.window(Kind::Mouse).await?;
            s.move_to(window.cell(5, 2)).await?;
            window.forget().await?;
            let (x, y) = window.cell(50, 7);
            s.act("left_click_drag", json!({ "coordinate": [x, y] })).await?.done()?;
            let reports =
                window.reports("a release", |reports| reports.iter().any(|report| report.is_release(0))).await?;
            let between = reports.iter().filter(|report| report.is_drag() && (8..48).contains(&report.column)).count();
            expect(between >= 2, "at least 2 points between the ends", format!("{between}: {reports:?}"))
        })
        .case("a click gives a window the keyboard", "Text goes where was clicked.", async |s| {
            let window = s.window(Kind::Keys).await?;
            s.move_to((3, 3)).await?;
            s.click_at(window.cell(5, 5)).await?;
            s.type_text("here").await?.done()?;
            window.receives("here").await
        })
        .case("a click does not move the pointer", "The next one may follow at the same place.", async |s| {
            s.close_windows().await?;
            s.click_at((300, 200)).await?;
            s.act("cursor_position", json!({})).await?.done()?.shows_number(300)?.shows_number(200)
        })
}
