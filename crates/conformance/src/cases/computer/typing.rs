//! Typing loses nothing.

use crate::{
    case::{Group, Tool},
    miss::Miss,
    session::Session,
    window::Kind,
};

/// Types into a fresh window and waits until exactly this has arrived.
async fn types(s: &Session, text: &str) -> Result<(), Miss> {
    let window = s.window(Kind::Keys).await?;
    s.type_text(text).await?.done()?;
    window.receives(text).await
}

pub(super) fn group() -> Group {
    Group::new(Tool::Computer, "typing")
        .case("letters and digits arrive", "Everything begins with them.", async |s| {
            types(s, "Hello world 0123456789 ABCxyz").await
        })
        .case("all of ASCII arrives", "Passwords and code hold every sign.", async |s| {
            types(s, &(' '..='~').collect::<String>()).await
        })
        .case("the same letter many times arrives each time", "A press may be taken for a repetition.", async |s| {
            types(s, "aaaaaaaaaabbbbbbbbbbAAAAAAAAAA..........").await
        })
        .case("upper and lower case in turns arrive", "Shift must be down and up at the right time.", async |s| {
            types(s, &"aBcDeFgHiJ!1@2#3".repeat(6)).await
        })
        .case("accents arrive", "No level of a US layout has them.", async |s| types(s, "éèêëñçøßÄÖÜ åÅ ž").await)
        .case("Cyrillic and Greek arrive", "Layouts have to be borrowed for them.", async |s| {
            types(s, "Привет мир αβγδε").await
        })
        .case("CJK arrives", "There are more signs than keys.", async |s| types(s, "世界 日本語 한국어").await)
        .case("emoji arrive", "They lie beyond 16 bits.", async |s| types(s, "😀 🚀 ✅").await)
        .case(
            "many different symbols in one text arrive",
            "Spare keys are reused before the program has read them.",
            async |s| {
                let text: String = ('\u{4e00}'..='\u{4e77}').collect();
                types(s, &text).await
            },
        )
        .case("a newline presses Return", "It is how commands are sent.", async |s| {
            types(s, "one\ntwo\n\nthree\n").await
        })
        .case("a tab presses Tab", "It is how fields are left.", async |s| types(s, "one\ttwo\t").await)
        .case("spaces at the edges arrive", "Indentation matters.", async |s| types(s, "  two  ").await)
        .case("a text that looks like an option arrives", "Tools behind it may take it for one.", async |s| {
            types(s, "--help -x; $(id) `id` %s \\n").await
        })
        .case("1,000 characters arrive", "Buffers overflow and events are lost.", async |s| {
            let text: String =
                (0..1000_u32).map(|n| char::from(b'!' + u8::try_from(n * 7 % 94).unwrap_or_default())).collect();
            types(s, &text).await
        })
        .case("mixed scripts in a long text arrive", "Mappings change all the time.", async |s| {
            types(s, &"aé世Z😀1ß\n".repeat(25)).await
        })
        .case("two texts one after the other arrive in order", "The second must wait for the first.", async |s| {
            let window = s.window(Kind::Keys).await?;
            s.type_text("first世").await?.done()?;
            s.type_text("second界").await?.done()?;
            window.receives("first世second界").await
        })
        .case("typing leaves the layout as it was", "Borrowed keys must be given back.", async |s| {
            let window = s.window(Kind::Keys).await?;
            s.type_text("世界é😀").await?.done()?;
            window.forget().await?;
            for key in ["a", "Z", "semicolon", "5"] {
                s.press(key).await?.done()?;
            }
            window.receives("aZ;5").await
        })
}
