//! What surrounds the bytes: modes, links, and writes that are seen whole or not at all.

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{expect, expect_bytes},
    session::CALL_LIMIT,
};

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "safety")
        .case("the mode stays", "A script stays executable.", async |s| {
            let path = s.write("file", b"#!/bin/sh\necho one\n").await?;
            s.bash(&format!("chmod 751 {path}; stat -c %a {path} > {path}.mode")).await?;
            s.replace(&path, "one", "two").await?.done()?;
            s.eventually_tells(&format!("stat -c %a {path} | cmp - {path}.mode && echo same"), "same").await
        })
        .case(
            "a symlink stays a symlink and its target is edited",
            "Replacing it by a file breaks the other users of the target.",
            async |s| {
                let target = s.write("target", b"one\n").await?;
                let link = s.path("link");
                s.bash(&format!("ln -s target {link}")).await?;
                s.replace(&link, "one", "two").await?.done()?;
                expect_bytes(b"two\n", &s.read(&target).await?)?;
                s.eventually_tells(&format!("readlink {link}"), "target").await
            },
        )
        .case("a chain of symlinks is followed", "Versioned folders are links to links.", async |s| {
            let target = s.write("target", b"one\n").await?;
            s.bash(&format!("cd {}; mkdir sub; ln -s ../target sub/a; ln -s sub/a b", s.dir())).await?;
            s.replace(&s.path("b"), "one", "two").await?.done()?;
            expect_bytes(b"two\n", &s.read(&target).await?)
        })
        .case("a symlink to nowhere is refused", "There is nothing to edit.", async |s| {
            let link = s.path("link");
            s.bash(&format!("ln -s nowhere {link}")).await?;
            s.replace(&link, "one", "two").await?.refused()
        })
        .case("a loop of symlinks is refused", "It must not be followed forever.", async |s| {
            s.bash(&format!("cd {}; ln -s b a; ln -s a b", s.dir())).await?;
            s.view(&s.path("a")).await?.refused()
        })
        .case(
            "readers see the old file or the new one",
            "A program that reads during an edit must not see half of it.",
            async |s| {
                let path = s.path("file");
                s.bash(&format!("{{ echo needle; head -c 20000000 /dev/zero | tr '\\0' x; }} > {path}")).await?;
                // A reader that opened the file before keeps the whole of the old one.
                let reader = format!("exec 9< {path}; head -c 1 <&9 > /dev/null");
                s.bash(&reader).await?.done()?;
                s.replace(&path, "needle", "another thread").await?.done()?;
                let rest = s.tell("cat <&9 | wc -c; exec 9<&-").await?;
                expect(rest.trim() == "20000006", "a reader that keeps the 20000006 bytes of the old file", &rest)
            },
        )
        .case("an edit leaves no other file behind", "Backups and temporary files end up in commits.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.replace(&path, "one", "two").await?.done()?;
            s.replace(&path, "missing", "x").await?.refused()?;
            s.eventually_tells(&format!("ls -A {}", s.dir()), "file").await
        })
        .case("a file that can't be written is refused", "The error of the system belongs to the model.", async |s| {
            let path = "/proc/version";
            s.replace(path, "Linux", "x").await?.refused()
        })
        .case("edits sent at the same time are all made", "Clients send several calls at once.", async |s| {
            let path = s.write("file", b"a1\nb1\nc1\nd1\n").await?;
            let mut pending = Vec::new();
            for letter in ["a", "b", "c", "d"] {
                let (old, new) = (format!("{letter}1"), format!("{letter}2"));
                let arguments = json!({ "command": "str_replace", "path": path, "old_str": old, "new_str": new });
                pending.push(s.send(Tool::Editor, arguments).await?);
            }
            for call in pending {
                call.answer(CALL_LIMIT).await?.done()?;
            }
            expect_bytes(b"a2\nb2\nc2\nd2\n", &s.read(&path).await?)
        })
        .case("a change by the shell is seen", "Both tools work on the same files.", async |s| {
            let path = s.path("file");
            s.create(&path, "one\n").await?.done()?;
            s.bash(&format!("echo two >> {path}")).await?;
            s.replace(&path, "two", "2").await?.done()?;
            expect_bytes(b"one\n2\n", &s.read(&path).await?)
        })
}
