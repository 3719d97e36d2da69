//! `create`.

use crate::{
    case::{Group, Tool},
    miss::{expect, expect_bytes},
};

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "create")
        .case("a new file holds exactly the text", "Nothing is added or removed.", async |s| {
            let path = s.path("new");
            let text = "é\tone\r\n\n  two  \n\nno newline";
            s.create(&path, text).await?.done()?;
            expect_bytes(text.as_bytes(), &s.read(&path).await?)
        })
        .case("missing parent folders are made", "Models create packages file by file.", async |s| {
            let path = s.path("a/b/c/new");
            s.create(&path, "text\n").await?.done()?;
            expect_bytes(b"text\n", &s.read(&path).await?)
        })
        .case(
            "an existing file is not lost unawares",
            "The older versions refuse; the newest may overwrite, but wholly.",
            async |s| {
                let path = s.write("old", b"old text that is longer\n").await?;
                let answer = s.create(&path, "new\n").await?;
                let bytes = s.read(&path).await?;
                if !s.is_newest_editor()? || answer.clone().done().is_err() {
                    answer.refused()?;
                    return expect_bytes(b"old text that is longer\n", &bytes);
                }
                expect_bytes(b"new\n", &bytes)
            },
        )
        .case("a folder in the way is refused", "A file can't take its place.", async |s| {
            s.create(&s.dir(), "text\n").await?.refused()
        })
        .case("a parent that is a file is refused", "The error has to be one of the model's.", async |s| {
            let path = s.write("file", b"x\n").await?;
            s.create(&format!("{path}/new"), "text\n").await?.refused()?;
            expect_bytes(b"x\n", &s.read(&path).await?)
        })
        .case("an empty file can be made", "`__init__.py` is empty.", async |s| {
            let path = s.path("empty");
            s.create(&path, "").await?.done()?;
            expect_bytes(b"", &s.tell_bytes(&format!("cat {path} || echo missing")).await?)
        })
        .case("a new file has the usual mode", "0600 would keep servers and colleagues out.", async |s| {
            let path = s.path("new");
            s.create(&path, "text\n").await?.done()?;
            let modes = s.tell(&format!("touch {path}.other; stat -c %a {path} {path}.other")).await?;
            let mut lines = modes.lines();
            expect(lines.next() == lines.next(), "the mode that `touch` gives", &modes)
        })
        .case("a file of 2 MB can be made", "Data files come whole.", async |s| {
            let path = s.path("big");
            s.create(&path, &"0123456789abcde\n".repeat(125_000)).await?.done()?.no_longer_than(256 << 10)?;
            s.eventually_tells(&format!("wc -c < {path}"), "2000000").await
        })
}
