//! What an edit does not touch is identical afterwards.

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect_bytes, expect_same},
    session::Session,
};

/// Replaces `old` by `new` in a file with these bytes and compares the whole.
async fn edits(s: &Session, before: &[u8], (old, new): (&str, &str), after: &[u8]) -> Result<(), Miss> {
    let path = s.write("file", before).await?;
    s.replace(&path, old, new).await?.done()?;
    expect_bytes(after, &s.read(&path).await?)
}

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "bytes")
        .case("CRLF line ends stay", "Rewriting every line makes a diff of the whole file.", async |s| {
            edits(s, b"one\r\ntwo\r\nthree\r\n", ("two", "2"), b"one\r\n2\r\nthree\r\n").await
        })
        .case("mixed line ends stay", "Each line keeps its own.", async |s| {
            edits(s, b"a\r\nb\nc\r\nd\n", ("c", "C"), b"a\r\nb\nC\r\nd\n").await
        })
        .case("lone carriage returns stay", "Old files and terminal logs hold them.", async |s| {
            edits(s, b"a\rb\nc\rd\n", ("c", "C"), b"a\rb\nC\rd\n").await
        })
        .case("tabs stay", "Makefiles break without them.", async |s| {
            edits(s, b"all:\n\techo one\n\techo two\t\n", ("two", "2"), b"all:\n\techo one\n\techo 2\t\n").await
        })
        .case("a tab can be matched and written", "What is shown must be what can be replaced.", async |s| {
            edits(s, b"all:\n\techo one\n", ("\techo one", "\techo 1\n\techo 2"), b"all:\n\techo 1\n\techo 2\n").await
        })
        .case("a byte order mark stays", "Some programs need it.", async |s| {
            edits(s, b"\xef\xbb\xbfone\ntwo\n", ("two", "2"), b"\xef\xbb\xbfone\n2\n").await
        })
        .case("a missing final newline stays missing", "Adding one is an edit that nobody asked for.", async |s| {
            edits(s, b"one\ntwo", ("one", "1"), b"1\ntwo").await
        })
        .case("empty lines at the end stay", "Trimming is an edit that nobody asked for.", async |s| {
            edits(s, b"one\ntwo\n\n\n", ("one", "1"), b"1\ntwo\n\n\n").await
        })
        .case("trailing white space stays", "Markdown means something by it.", async |s| {
            edits(s, b"one  \ntwo \t\n", ("one", "1"), b"1  \ntwo \t\n").await
        })
        .case("bytes that are no UTF-8 stay", "Latin-1 files are text too.", async |s| {
            edits(s, b"caf\xe9 one\ntwo\xff\n", ("one", "1"), b"caf\xe9 1\ntwo\xff\n").await
        })
        .case("unicode is matched and written", "Source files hold every script.", async |s| {
            let (before, after) = ("é 世 😀 x\n", "è 世界 😁 x\n");
            edits(s, before.as_bytes(), ("é 世 😀", "è 世界 😁"), after.as_bytes()).await
        })
        .case(
            "composed and decomposed letters are not the same",
            "Normalising changes file names and hashes.",
            async |s| edits(s, "e\u{301} é one\n".as_bytes(), ("one", "1"), "e\u{301} é 1\n".as_bytes()).await,
        )
        .case("form feeds and unusual line separators are no line ends", "Only a newline ends a line.", async |s| {
            let before = "a\u{c}b\u{85}c\u{2028}d\ntwo\n";
            edits(s, before.as_bytes(), ("two", "2"), "a\u{c}b\u{85}c\u{2028}d\n2\n".as_bytes()).await
        })
        .case("a replacement stands for itself", "Backslashes, dollars and groups are no patterns.", async |s| {
            edits(s, b"a.c\nabc\n", ("a.c", "\\1 $& \\n ${x} %s"), b"\\1 $& \\n ${x} %s\nabc\n").await
        })
        .case(
            "a file of 5 MB is edited in place",
            "Logs and data files are big, and all the rest must stay.",
            async |s| {
                let path = s.path("big");
                s.bash(&format!("{{ seq 1 400000; echo needle; seq 1 400000; }} > {path}")).await?;
                let expected = s.tell(&format!("sed s/needle/thread/ {path} | sha256sum")).await?;
                s.replace(&path, "needle", "thread").await?.done()?;
                expect_same(expected, s.tell(&format!("sha256sum < {path}")).await?)
            },
        )
        .case("a line of 1 MB is edited in place", "Minified files have one line.", async |s| {
            let path = s.path("long");
            s.bash(&format!("{{ head -c 1000000 /dev/zero | tr '\\0' x; printf needleyyyyyyyyy; }} > {path}")).await?;
            let answer = s.replace(&path, "needle", "thread").await?.done()?;
            answer.no_longer_than(256 << 10)?;
            let told = s.tell(&format!("tail -c 15 {path}; printf ' '; wc -c < {path}")).await?;
            expect_same("threadyyyyyyyyy 1000015\n", &told)
        })
}
