//! What is no text file: refused at once, or shown as what it is.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    case::{Group, Tool},
    miss::{expect_bytes, expect_same},
};

/// Generous for "at once" on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A red PNG of 3 by 2 pixels.
const RED_PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP4z8AAQQxwFgBB0gX7h/C5SAAAAABJRU5ErkJggg==";

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "special files")
        .case("a FIFO is refused at once", "Opening one waits for a writer, forever.", async |s| {
            let path = s.path("fifo");
            s.bash(&format!("mkfifo {path}")).await?.done()?;
            s.view(&path).await?.within(AT_ONCE)?.refused()
        })
        .case("an edit of a FIFO is refused at once", "Opening one waits for a reader, forever.", async |s| {
            let path = s.path("fifo");
            s.bash(&format!("mkfifo {path}")).await?.done()?;
            s.replace(&path, "a", "b").await?.within(AT_ONCE)?.refused()
        })
        .case("an endless device is refused at once", "Reading it fills the memory.", async |s| {
            s.view("/dev/zero").await?.within(AT_ONCE)?.refused()
        })
        .case("a link to a device is refused at once", "Links are followed before the check.", async |s| {
            let path = s.path("link");
            s.bash(&format!("ln -s /dev/zero {path}")).await?.done()?;
            s.view(&path).await?.within(AT_ONCE)?.refused()
        })
        .case("a socket is refused", "It can't be read.", async |s| {
            s.needs("python3").await?;
            let path = s.path("socket");
            s.bash(&format!("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{path}\")'")).await?;
            s.view(&path).await?.within(AT_ONCE)?.refused()
        })
        .case("a binary file is not shown as text", "A screen of NULs tells nothing.", async |s| {
            let path =
                s.write("binary", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0\xff\xfe\n\0\0").await?;
            s.view(&path).await?.within(AT_ONCE)?.says_not("\0").map(drop)
        })
        .case("an image is shown as an image", "Models look at plots and screenshots.", async |s| {
            let bytes = BASE64_STANDARD.decode(RED_PNG).unwrap_or_default();
            let path = s.write("red.png", &bytes).await?;
            expect_same((3, 2), s.view(&path).await?.done()?.picture()?.size())
        })
        .case("an image that is broken is no crash", "Downloads are cut off.", async |s| {
            let bytes = BASE64_STANDARD.decode(RED_PNG).unwrap_or_default();
            let path = s.write("cut.png", &bytes[..20.min(bytes.len())]).await?;
            s.view(&path).await?.within(AT_ONCE)?;
            s.view(&s.dir()).await?.done()
        })
        .case("a folder can't be edited", "Only view takes one.", async |s| {
            s.replace(&s.dir(), "a", "b").await?.refused()
        })
        .case("a file that is not readable is refused", "The error of the system belongs to the model.", async |s| {
            if s.tell("id -u").await?.trim() == "0" {
                return Err(crate::miss::Miss::NotApplicable("the server's user may read everything".to_owned()));
            }
            let path = s.write("file", b"secret\n").await?;
            s.bash(&format!("chmod 000 {path}")).await?;
            s.view(&path).await?.refused()?.says_not("secret").map(drop)
        })
        .case(
            "a sparse file of a terabyte is refused at once",
            "Its size must be looked at before it is read.",
            async |s| {
                let path = s.path("huge");
                let made = s.tell(&format!("truncate -s 1T {path} && echo made")).await?;
                if made.trim() != "made" {
                    return Err(crate::miss::Miss::NotApplicable("no file of a terabyte can be made here".to_owned()));
                }
                s.replace(&path, "a", "b").await?.within(AT_ONCE)?.refused().map(drop)
            },
        )
        .case("a file with NUL bytes keeps them", "An edit that works must not lose what follows them.", async |s| {
            let path = s.write("file", b"one\0two\nthree\n").await?;
            match s.replace(&path, "three", "3").await?.done() {
                Ok(_) => expect_bytes(b"one\0two\n3\n", &s.read(&path).await?),
                Err(_) => expect_bytes(b"one\0two\nthree\n", &s.read(&path).await?),
            }
        })
}
