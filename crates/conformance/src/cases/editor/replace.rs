//! `str_replace`: exactly one match, or a clear word about why not.

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect_bytes},
    session::Session,
};

/// The replacement is refused, and the file is as it was.
async fn refuses(s: &Session, bytes: &[u8], old: &str, new: &str) -> Result<crate::answer::Answer, Miss> {
    let path = s.write("file", bytes).await?;
    let answer = s.replace(&path, old, new).await?.refused()?;
    expect_bytes(bytes, &s.read(&path).await?)?;
    Ok(answer)
}

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "str_replace")
        .case("a text that occurs once is replaced", "It is the edit that models make most.", async |s| {
            let path = s.write("file", b"one\ntwo\nthree\n").await?;
            s.replace(&path, "two\nthree", "2\n3").await?.done()?;
            expect_bytes(b"one\n2\n3\n", &s.read(&path).await?)
        })
        .case(
            "the answer shows the lines around the edit with their numbers",
            "The model checks its edit by it.",
            async |s| {
                let lines: String = (1..=30).map(|line| format!("line {line}\n")).collect();
                let path = s.write("file", lines.as_bytes()).await?;
                let answer = s.replace(&path, "line 15\n", "changed here\n").await?.done()?;
                answer.says("changed here")?.shows_number(15)?.says("line 13")?.says("line 17")?.says_not("line 28")
            },
        )
        .case(
            "a text that occurs nowhere is refused",
            "An edit that did nothing must not look like one that worked.",
            async |s| refuses(s, b"one\ntwo\n", "three", "3").await,
        )
        .case("a text that occurs several times is refused", "Nobody knows which one was meant.", async |s| {
            refuses(s, b"same\nother\nsame\n", "same", "x").await
        })
        .case("several matches are told with their lines", "The model picks one by adding context.", async |s| {
            let lines: String =
                (1..=60).map(|line| if [17, 43].contains(&line) { "same\n" } else { "other\n" }).collect();
            refuses(s, lines.as_bytes(), "same", "x").await?.shows_number(17)?.shows_number(43)
        })
        .case("matches that overlap are several", "`aa` stands in `aaa` twice.", async |s| {
            refuses(s, b"aaa\n", "aa", "x").await
        })
        .case("a near miss is shown", "A wrong space is found faster when the place is named.", async |s| {
            let lines: String = (1..=40).map(|line| format!("    value_{line} = compute({line})\n")).collect();
            refuses(s, lines.as_bytes(), "  value_27 = compute(27)\n  value_28 = compute(28)", "x")
                .await?
                .says("value_27")
        })
        .case("upper and lower case are different", "Code depends on it.", async |s| {
            refuses(s, b"Value\n", "value", "x").await
        })
        .case(
            "an old text with newlines matches a file with CRLF",
            "Models write `\\n` and can't see the difference.",
            async |s| {
                let path = s.write("file", b"one\r\ntwo\r\nthree\r\n").await?;
                s.replace(&path, "one\ntwo", "1\n2\n2a").await?.done()?;
                expect_bytes(b"1\r\n2\r\n2a\r\nthree\r\n", &s.read(&path).await?)
            },
        )
        .case("an empty old text is refused", "It occurs everywhere.", async |s| refuses(s, b"one\n", "", "x").await)
        .case(
            "an empty old text is refused for an empty file too",
            "Writing a file is what `create` is for.",
            async |s| refuses(s, b"", "", "x").await,
        )
        .case(
            "a replacement by the same text is refused",
            "It is a mistake of the model, which has to know.",
            async |s| refuses(s, b"one\ntwo\n", "two", "two").await,
        )
        .case("no new text means deletion", "The published contract makes new_str optional.", async |s| {
            let path = s.write("file", b"one\ntwo\nthree\n").await?;
            s.edit("str_replace", &path, json!({ "old_str": "two\n" })).await?.done()?;
            expect_bytes(b"one\nthree\n", &s.read(&path).await?)
        })
        .case("the whole file can be replaced", "The first and the last byte are bytes like others.", async |s| {
            let path = s.write("file", b"all of it").await?;
            s.replace(&path, "all of it", "").await?.done()?;
            expect_bytes(b"", &s.read(&path).await?)
        })
        .case("a text of many lines is replaced", "Models replace whole functions.", async |s| {
            let (old, new) = ("line\n".repeat(500) + "end", "other\n".repeat(700));
            let path = s.write("file", format!("begin\n{old}\n").as_bytes()).await?;
            s.replace(&path, &old, &new).await?.done()?;
            expect_bytes(format!("begin\n{new}\n").as_bytes(), &s.read(&path).await?)
        })
}
