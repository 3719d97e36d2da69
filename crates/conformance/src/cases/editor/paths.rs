//! Paths are only paths: no shell, no surprises.

use crate::{
    case::{Group, Tool},
    miss::expect_bytes,
};

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "paths")
        .case("a relative path is refused", "Relative to what is not said.", async |s| {
            s.view("etc/hostname").await?.refused_readably()?.says("etc/hostname")
        })
        .case("a path is no shell command", "`;` in a file name must run nothing.", async |s| {
            let (path, touched) = (s.path("a b;touch touched"), s.path("touched"));
            s.create(&path, "text\n").await?.done()?;
            s.bash(&format!("cd {}", s.dir())).await?;
            s.view(&path).await?.done()?.says("text")?;
            s.eventually_tells(
                &format!("[ -e {touched} ] || [ -e ~/touched ] || [ -e /touched ] || echo absent"),
                "absent",
            )
            .await?;
            expect_bytes(b"text\n", &s.read(&path).await?)
        })
        .case("a path is not expanded", "`$(id)`, `*` and backquotes are legal in names.", async |s| {
            let path = s.path("$(id) `id` * \"x\" {a,b}");
            s.create(&path, "text\n").await?.done()?;
            expect_bytes(b"text\n", &s.read(&path).await?)
        })
        .case("a folder with such a name is listed", "Listings are often made by a shell.", async |s| {
            let path = s.path("$(id);x");
            s.bash(&format!("mkdir '{path}'; touch '{path}/inside'")).await?.done()?;
            s.view(&path).await?.done()?.says("inside")
        })
        .case("a path that begins with a dash works", "It must not be taken for an option.", async |s| {
            let path = s.path("-rf");
            s.create(&path, "text\n").await?.done()?;
            s.replace(&path, "text", "more").await?.done()?;
            expect_bytes(b"more\n", &s.read(&path).await?)
        })
        .case("a path with unicode works", "File names are in every script.", async |s| {
            let path = s.path("naïve 世界 😀.txt");
            s.create(&path, "text\n").await?.done()?;
            expect_bytes(b"text\n", &s.read(&path).await?)
        })
        .case("a path with a newline works", "It is legal, if unwise.", async |s| {
            let path = s.path("a\nb");
            s.create(&path, "text\n").await?.done()?;
            expect_bytes(b"text\n", &s.tell_bytes(&format!("cat $'{}'", path.replace('\n', "\\n"))).await?)
        })
        .case("a path with a NUL is refused", "The system would see only a part of it.", async |s| {
            s.create(&s.path("cut\0off"), "text\n").await?.refused()?;
            s.eventually_tells(&format!("[ -e {} ] || echo absent", s.path("cut")), "absent").await
        })
        .case("a path of 5,000 characters is refused", "The system allows 4,096.", async |s| {
            s.view(&format!("/{}", "a/".repeat(2500))).await?.refused()
        })
        .case("a name of 300 characters is refused", "The system allows 255.", async |s| {
            s.create(&s.path(&"n".repeat(300)), "text\n").await?.refused()
        })
        .case("an empty path is refused", "It is no path.", async |s| s.view("").await?.refused())
        .case("dots in a path are followed", "`a/../b` is what it is for the system.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.bash(&format!("mkdir {}", s.path("sub"))).await?;
            s.replace(&s.path("sub/../file"), "one", "two").await?.done()?;
            expect_bytes(b"two\n", &s.read(&path).await?)
        })
        .case("a slash behind a file is refused", "It says folder, and there is none.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.replace(&format!("{path}/"), "one", "two").await?.refused()?;
            expect_bytes(b"one\n", &s.read(&path).await?)
        })
}
