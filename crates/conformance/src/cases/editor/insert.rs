//! `insert`: behind a line, with 0 for the top.

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect, expect_bytes},
    session::Session,
};

/// Inserts into a file with these bytes and compares the whole.
async fn inserts(s: &Session, before: &[u8], (line, text): (i64, &str), after: &[u8]) -> Result<(), Miss> {
    let path = s.write("file", before).await?;
    s.insert(&path, line, text).await?.done()?;
    expect_bytes(after, &s.read(&path).await?)
}

/// The line is refused, and the file is as it was.
async fn refuses(s: &Session, line: i64) -> Result<(), Miss> {
    let path = s.write("file", b"one\ntwo\n").await?;
    s.insert(&path, line, "new\n").await?.refused()?;
    expect_bytes(b"one\ntwo\n", &s.read(&path).await?)
}

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "insert")
        .case("line 0 is the top", "Imports and licences go there.", async |s| {
            inserts(s, b"one\ntwo\n", (0, "new\n"), b"new\none\ntwo\n").await
        })
        .case("a line in the middle", "The text goes behind the line, not before it.", async |s| {
            inserts(s, b"one\ntwo\nthree\n", (2, "new\n"), b"one\ntwo\nnew\nthree\n").await
        })
        .case("the last line", "Text is appended most.", async |s| {
            inserts(s, b"one\ntwo\n", (2, "new\n"), b"one\ntwo\nnew\n").await
        })
        .case(
            "text without a newline becomes a line of its own",
            "It must not be glued to the line below.",
            async |s| {
                let path = s.write("file", b"one\ntwo\n").await?;
                s.insert(&path, 1, "new").await?.done()?;
                expect_bytes(b"one\nnew\ntwo\n", &s.read(&path).await?)
            },
        )
        .case("a last line without newline is not glued to the text", "`two` and `new` are two lines.", async |s| {
            let path = s.write("file", b"one\ntwo").await?;
            s.insert(&path, 2, "new").await?.done()?;
            let bytes = s.read(&path).await?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            expect(text.lines().eq(["one", "two", "new"]), "the lines one, two, new", &text)
        })
        .case("an empty file takes text at line 0", "Files begin empty.", async |s| {
            inserts(s, b"", (0, "new\n"), b"new\n").await
        })
        .case("other lines keep their ends", "CRLF above and below stays.", async |s| {
            let path = s.write("file", b"one\r\ntwo\r\n").await?;
            s.insert(&path, 1, "new").await?.done()?;
            let bytes = s.read(&path).await?;
            let is_kept = bytes.starts_with(b"one\r\nnew") && bytes.ends_with(b"\ntwo\r\n");
            expect(is_kept, "the other lines with CRLF", String::from_utf8_lossy(&bytes))
        })
        .case("a line below 0 is refused", "It is a mistake of the model.", async |s| refuses(s, -1).await)
        .case("a line beyond the end is refused", "Lines have moved since the model looked.", async |s| {
            refuses(s, 3).await
        })
        .case("the refusal tells how many lines there are", "The model corrects itself by it.", async |s| {
            let path = s.write("file", "x\n".repeat(37).as_bytes()).await?;
            s.insert(&path, 99, "new").await?.refused()?.shows_number(37)
        })
}
