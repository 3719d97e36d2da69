//! Screenshots.

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{expect, expect_same},
    picture::Area,
    window::{COLOUR, Kind, TURNED},
};

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "screen")
        .case("a screenshot is an image that decodes", "It is the model's only eye.", async |s| s.screen().await)
        .case("a screenshot is PNG, JPEG or WebP", "Models are sent no other formats.", async |s| {
            use image::ImageFormat::{Jpeg, Png, WebP};
            let format = s.screen().await?.format;
            expect([Png, Jpeg, WebP].contains(&format), "PNG, JPEG or WebP", format!("{format:?}"))
        })
        .case("all screenshots have one size", "Coordinates are pixels of the last one.", async |s| {
            let size = s.screen().await?.size();
            s.move_to((size.0 / 3, size.1 / 3)).await?;
            expect_same(size, s.screen().await?.size())
        })
        .case(
            "the size is one that models see well",
            "Bigger ones are scaled down behind the model's back.",
            async |s| {
                let (width, height) = s.screen().await?.size();
                let is_sane = width.min(height) >= 200 && width.max(height) <= 2576;
                expect(is_sane, "sides from 200 to 2576 pixels", format!("{width}x{height}"))
            },
        )
        .case(
            "an action answers with a picture",
            "The published contract has a screenshot after each action.",
            async |s| {
                s.needs_one_tool()?;
                let size = s.screen().await?.size();
                expect_same(size, s.move_to((size.0 / 2, 5)).await?.picture()?.size())
            },
        )
        .case("a window that opens is in the next screenshot", "An old picture misleads.", async |s| {
            s.window(Kind::Keys).await.map(drop)
        })
        .case("a window that closes is gone from the next screenshot", "An old picture misleads.", async |s| {
            s.window(Kind::Keys).await?;
            s.close_windows().await
        })
        .case(
            "the picture that an action answers with shows its effect",
            "Otherwise the model acts twice.",
            async |s| {
                let window = s.window(Kind::Turning).await?;
                let answer = s.press("a").await?.done()?;
                let picture = if answer.has_picture() { answer.picture()? } else { s.screen().await? };
                expect(
                    picture.find(TURNED).is_some(),
                    "the window in its new colour",
                    format!("at {:?} still the old one", window.area),
                )
            },
        )
        .case("the pointer is in the picture", "The model aims by it.", async |s| {
            let window = s.window(Kind::Text).await?;
            let around = |(x, y): (u32, u32)| Area {
                left: x.saturating_sub(4),
                top: y.saturating_sub(4),
                width: 24,
                height: 24,
            };
            let (one, other) = (window.cell(10, 5), window.cell(50, 5));
            s.move_to(one).await?;
            let before = s.screen().await?;
            s.move_to(other).await?;
            let after = s.screen().await?;
            for place in [one, other] {
                let changed = before.differences(&after, around(place));
                expect(changed >= 5, format!("another picture around {place:?}"), format!("{changed} pixels differ"))?;
            }
            Ok(())
        })
        .case("colours are right", "Red and blue are exchanged easily.", async |s| {
            let window = s.window(Kind::Text).await?;
            let screen = s.screen().await?;
            expect(screen.find(COLOUR) == Some(window.area), "the window's colour", "another one")
        })
        .case("a screen at rest gives the same picture twice", "Noise in pictures looks like change.", async |s| {
            s.close_windows().await?;
            s.move_to((10, 10)).await?;
            let (one, other) = (s.screen().await?, s.screen().await?);
            let changed = one.differences(&other, one.area());
            expect(changed == 0, "no pixel that differs", format!("{changed} pixels"))
        })
        .case("ten screenshots in a row all work", "Leaks and lost connections show by then.", async |s| {
            for _ in 0..10 {
                s.act("screenshot", json!({})).await?.done()?.picture()?;
            }
            Ok(())
        })
}
