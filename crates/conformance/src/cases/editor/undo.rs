//! `undo_edit`. A version without it makes these cases not applicable.

use crate::{
    case::{Group, Tool},
    miss::expect_bytes,
};

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "undo")
        .case("an edit is taken back byte for byte", "Undo is what makes a wrong edit cheap.", async |s| {
            let before = b"\xef\xbb\xbfone\r\ntwo\ncaf\xe9";
            let path = s.write("file", before).await?;
            s.replace(&path, "two", "2\n3").await?.done()?;
            s.undo(&path).await?.done()?;
            expect_bytes(before, &s.read(&path).await?)
        })
        .case("undo walks back through every edit", "A row of edits may be wrong.", async |s| {
            let path = s.write("file", b"0\n").await?;
            for step in 0..5 {
                s.replace(&path, &step.to_string(), &(step + 1).to_string()).await?.done()?;
            }
            for step in (0..5).rev() {
                s.undo(&path).await?.done()?;
                expect_bytes(format!("{step}\n").as_bytes(), &s.read(&path).await?)?;
            }
            s.undo(&path).await?.refused()
        })
        .case("undo of an insertion", "All edits count.", async |s| {
            let path = s.write("file", b"one\ntwo").await?;
            s.insert(&path, 2, "three").await?.done()?;
            s.undo(&path).await?.done()?;
            expect_bytes(b"one\ntwo", &s.read(&path).await?)
        })
        .case("undo of create removes the file", "Before it there was none.", async |s| {
            let path = s.path("new");
            s.needs_undo()?;
            s.create(&path, "text\n").await?.done()?;
            s.undo(&path).await?.done()?;
            s.eventually_tells(&format!("[ -e {path} ] || echo absent"), "absent").await
        })
        .case("undo without an edit is refused", "There is nothing to take back.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.undo(&path).await?.refused()?;
            expect_bytes(b"one\n", &s.read(&path).await?)
        })
        .case("files have histories of their own", "Undo in one must not touch the other.", async |s| {
            let (one, other) = (s.write("one", b"1\n").await?, s.write("other", b"1\n").await?);
            s.replace(&one, "1", "2").await?.done()?;
            s.replace(&other, "1", "3").await?.done()?;
            s.undo(&one).await?.done()?;
            expect_bytes(b"1\n", &s.read(&one).await?)?;
            expect_bytes(b"3\n", &s.read(&other).await?)
        })
        .case(
            "undo does not overwrite what somebody else changed",
            "A formatter's or a person's work would be lost.",
            async |s| {
                let path = s.write("file", b"one\ntwo\n").await?;
                s.replace(&path, "two", "2").await?.done()?;
                s.bash(&format!("echo precious >> {path}")).await?;
                s.undo(&path).await?.refused()?;
                expect_bytes(b"one\n2\nprecious\n", &s.read(&path).await?)
            },
        )
        .case("undo keeps the mode", "A script stays executable.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.bash(&format!("chmod 751 {path}")).await?;
            s.replace(&path, "one", "1").await?.done()?;
            s.undo(&path).await?.done()?;
            s.eventually_tells(&format!("stat -c %a {path}"), "751").await
        })
        .case("a refused edit is no step of the history", "Undo would take back the wrong one.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.replace(&path, "one", "1").await?.done()?;
            s.replace(&path, "missing", "x").await?.refused()?;
            s.undo(&path).await?.done()?;
            expect_bytes(b"one\n", &s.read(&path).await?)
        })
}
