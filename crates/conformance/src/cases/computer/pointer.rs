//! Moving the pointer and saying where it is.

use serde_json::json;

use crate::{
    answer::numbers,
    case::{Group, Tool},
    miss::{Miss, expect, expect_same},
    session::Session,
    window::Kind,
};

/// Where the server says that the pointer is: the first two numbers of its answer.
async fn position(s: &Session) -> Result<(i64, i64), Miss> {
    let answer = s.act("cursor_position", json!({})).await?.done()?;
    match numbers(&answer.text).as_slice() {
        [x, y, ..] => Ok((*x, *y)),
        _ => Err(Miss::failed("two numbers", &answer.text)),
    }
}

/// Moves the pointer and asks where it is; a pixel off is allowed where a screen is scaled.
async fn moves(s: &Session, (x, y): (u32, u32)) -> Result<(), Miss> {
    s.move_to((x, y)).await?;
    let found = position(s).await?;
    let is_there = found.0.abs_diff(x.into()) <= 1 && found.1.abs_diff(y.into()) <= 1;
    expect(is_there, format!("the pointer at {x}, {y}"), format!("{found:?}"))
}

/// A position is refused, and the pointer stays.
async fn refuses(s: &Session, coordinate: serde_json::Value) -> Result<(), Miss> {
    s.move_to((100, 100)).await?;
    let before = position(s).await?;
    s.act("mouse_move", json!({ "coordinate": coordinate })).await?.refused()?;
    expect_same(before, position(s).await?)
}

pub(super) fn group() -> Group {
    let group = Group::new(Tool::Computer, "pointer")
        .case("the position is where the pointer was moved", "Both have to mean the same pixels.", async |s| {
            moves(s, (123, 234)).await
        })
        .case("the first pixel can be reached", "Menus and hot corners are there.", async |s| moves(s, (0, 0)).await)
        .case("the last pixel can be reached", "Scroll bars and trays are there.", async |s| {
            let (width, height) = s.screen().await?.size();
            moves(s, (width - 1, height - 1)).await
        })
        .case("every corner can be reached", "Scaling goes wrong at the edges first.", async |s| {
            let (width, height) = s.screen().await?.size();
            moves(s, (width - 1, 0)).await?;
            moves(s, (0, height - 1)).await
        })
        .case("many places are all reached", "Scaling must not drift.", async |s| {
            let (width, height) = s.screen().await?.size();
            for step in 1..12 {
                moves(s, (width * step / 12, height * (12 - step) / 12)).await?;
            }
            Ok(())
        })
        .case("a move to the same place works", "Models repeat themselves.", async |s| {
            moves(s, (200, 200)).await?;
            moves(s, (200, 200)).await
        })
        .case(
            "programs see the pointer where it was moved",
            "The position is not only the server's own idea.",
            async |s| {
                let window = s.window(Kind::Mouse).await?;
                s.move_to(window.cell(20, 4)).await?;
                window
                    .reports("a motion in column 21 of row 5", |reports| {
                        reports.last().is_some_and(|report| report.column.abs_diff(21) <= 1 && report.row == 5)
                    })
                    .await
            },
        );
    refused_places(group)
}

fn refused_places(group: Group) -> Group {
    group
        .case("a place right of the screen is refused", "Clamping it clicks on something else.", async |s| {
            let (width, _) = s.screen().await?.size();
            refuses(s, json!([width, 10])).await
        })
        .case("a place below the screen is refused", "Clamping it clicks on something else.", async |s| {
            let (_, height) = s.screen().await?.size();
            refuses(s, json!([10, height])).await
        })
        .case("a place far outside is refused", "Numbers may overflow.", async |s| {
            refuses(s, json!([4_000_000_000_u32, 4_000_000_000_u32])).await?;
            refuses(s, json!([10_000_000_000_000_000_u64, 1])).await
        })
        .case("negative coordinates are refused", "They are a mistake of the model.", async |s| {
            refuses(s, json!([-1, 10])).await
        })
        .case("fractions are refused", "The published contract has whole numbers.", async |s| {
            refuses(s, json!([10.5, 10])).await
        })
        .case("texts as coordinates are refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, json!(["10", "10"])).await
        })
        .case("a text instead of a list is refused", "Models write \"(10, 10)\".", async |s| {
            refuses(s, json!("(10, 10)")).await
        })
        .case("one number is refused", "A place has two.", async |s| refuses(s, json!([10])).await)
        .case("three numbers are refused", "A place has two.", async |s| refuses(s, json!([10, 10, 10])).await)
        .case("the refusal tells what is allowed", "The model corrects itself by the size.", async |s| {
            let (width, height) = s.screen().await?.size();
            let answer = s.act("mouse_move", json!({ "coordinate": [width + 500, 10] })).await?.refused_readably()?;
            let (size, last) = (i64::from(width), i64::from(height));
            let told = numbers(&answer.text);
            let is_told =
                [size, size - 1].iter().any(|x| told.contains(x)) && [last, last - 1].iter().any(|y| told.contains(y));
            expect(is_told, "the width and height of the screen", &answer.text)
        })
}
