//! Time: answers come when the screen has come to rest, and always within bounds.

use std::time::Duration;

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect},
    session::Session,
    window::{Kind, Window},
};

/// More characters than are typed before the cancellation arrives, at a hundred in a millisecond.
const MANY: usize = 400_000;

/// Generous for "bounded" on a busy machine.
const BOUNDED: Duration = Duration::from_secs(15);

/// What the reference demonstration sleeps before each screenshot, and what nobody should have to wait.
const SLEEP: Duration = Duration::from_millis(1900);

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "timing")
        .case(
            "an action on a still screen is answered in less than 2 s",
            "A fixed sleep makes every session minutes longer.",
            async |s| {
                s.close_windows().await?;
                let mut fastest = Duration::MAX;
                for step in 0..4 {
                    fastest = fastest.min(s.move_to((200 + step, 200)).await?.took);
                }
                expect(fastest < SLEEP, "less than 1.9 s at best", format!("{fastest:?}"))
            },
        )
        .case(
            "a screenshot on a still screen is answered in less than 2 s",
            "There is nothing to wait for.",
            async |s| {
                s.close_windows().await?;
                let mut fastest = Duration::MAX;
                for _ in 0..4 {
                    fastest = fastest.min(s.act("screenshot", json!({})).await?.done()?.took);
                }
                expect(fastest < SLEEP, "less than 1.9 s at best", format!("{fastest:?}"))
            },
        )
        .case(
            "a key whose effect is seen is answered in less than 2 s",
            "Waiting longer than the change takes helps nobody.",
            async |s| {
                s.window(Kind::Keys).await?;
                let mut fastest = Duration::MAX;
                for _ in 0..4 {
                    fastest = fastest.min(s.press("a").await?.done()?.took);
                }
                expect(fastest < SLEEP, "less than 1.9 s at best", format!("{fastest:?}"))
            },
        )
        .case(
            "a screen that never rests is answered in bounded time",
            "Videos and spinners never come to rest.",
            async |s| {
                s.window(Kind::Restless).await?;
                s.act("screenshot", json!({})).await?.done()?.within(BOUNDED)?.picture()?;
                s.move_to((50, 50)).await?.within(BOUNDED)?;
                s.press("shift").await?.done()?.within(BOUNDED)
            },
        )
        .case(
            "1,000 characters are typed within 15 s",
            "At 12 ms for each it is 12 s; slower is unusable.",
            async |s| {
                let window = s.window(Kind::Keys).await?;
                let text = "abcdefghi ".repeat(100);
                s.type_text(&text).await?.done()?.within(BOUNDED)?;
                window.receives(&text).await
            },
        )
        .case("cancelled typing stops", "The rest would land in whatever has the keyboard.", async |s| {
            let window = s.window(Kind::Keys).await?;
            cancel_typing(s, &window, &"x".repeat(MANY)).await?;
            s.type_text("END").await?.done()?.within(BOUNDED)?;
            let count = ends_with(s, &window, "END").await?;
            expect(count < MANY, format!("fewer than {MANY} characters"), format!("{count}"))
        })
        .case("cancelled typing leaves no key held", "A held shift turns the rest into capitals.", async |s| {
            let window = s.window(Kind::Keys).await?;
            cancel_typing(s, &window, &"X".repeat(MANY)).await?;
            s.type_text("lower").await?.done()?;
            ends_with(s, &window, "Xlower").await
        })
}

/// Types until the first characters have arrived, cancels, and waits until the desktop answers again.
async fn cancel_typing(s: &Session, window: &Window<'_>, text: &str) -> Result<(), Miss> {
    let pending = s.start("type", json!({ "text": text })).await?;
    s.eventually("the first characters", async || {
        let (count, _) = window.received_last().await?;
        Ok(if count > 0 { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    pending.cancel().await?;
    s.act("cursor_position", json!({})).await?.done()?.within(BOUNDED).map(drop)
}

/// Waits until what has arrived ends like this, and says how much it is.
async fn ends_with(s: &Session, window: &Window<'_>, end: &str) -> Result<usize, Miss> {
    s.eventually(&format!("`{end}` at the end"), async || {
        let (count, last) = window.received_last().await?;
        Ok(if last.ends_with(end) { Ok(count) } else { Err(format!("{count} characters, the last `{last}`")) })
    })
    .await
}
