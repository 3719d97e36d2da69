//! Files into a sandbox and out of it, also of one that means no good.

use std::{io, time::Duration};

use futures_util::stream;
use handspike_core::{AccessError, FileBytes, ReadFile, SandboxAccess as _, SandboxWishes, WrittenFile};
use handspike_pool::Pool;
use handspike_types::FileRefusal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::io::StreamReader;

use crate::support::{Place, Session, eventually, path, turn};

async fn write(pool: &Pool, session: &Session, name: &str, bytes: &'static [u8]) -> Result<WrittenFile, AccessError> {
    pool.write_file(session.id, &SandboxWishes::default(), &path(name), Box::pin(bytes)).await
}

async fn read(pool: &Pool, session: &Session, name: &str) -> Result<Vec<u8>, AccessError> {
    let ReadFile { mut bytes, size, .. } = pool.read_file(session.id, &path(name)).await?;
    let mut read = Vec::new();
    bytes.read_to_end(&mut read).await.expect("all of it");
    assert_eq!(read.len() as u64, size);
    Ok(read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_makes_a_sandbox_is_the_user_s_and_comes_back() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    let absent = read(&pool, &session, "a").await.expect_err("no sandbox");
    assert!(matches!(absent, AccessError::NoSandbox), "{absent}");
    assert_eq!(place.state_of(&session), None, "reading makes none");
    let bytes = b"\0\xff\r\n$(id)\n";
    let written = write(&pool, &session, "new/folder/a b.bin", bytes).await.expect("written");
    assert_eq!(written, WrittenFile { size: 10, is_new: true });
    assert_eq!(read(&pool, &session, "new/folder/a b.bin").await.expect("read"), bytes);
    assert_eq!(read(&pool, &session, "/workspace/new/folder/a b.bin").await.expect("read"), bytes);
    let shell = turn(&pool, &session).await;
    assert_eq!(shell.bash("stat -c '%u:%g %a %s' 'new/folder/a b.bin'").await, "1000:1000 644 10");
    assert_eq!(shell.bash("ls -A new/folder").await, "a b.bin");
    shell.bash("chmod 755 'new/folder/a b.bin'").await;
    let first = pool.read_file(session.id, &path("new/folder/a b.bin")).await.expect("read").modified;
    assert!(!write(&pool, &session, "new/folder/a b.bin", b"").await.expect("written").is_new);
    assert_eq!(shell.bash("stat -c '%a %s' 'new/folder/a b.bin'").await, "755 0");
    assert!(pool.read_file(session.id, &path("new/folder/a b.bin")).await.expect("read").modified > first);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_t_be_read_or_written_is_told_apart() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|config| config.file_limit = 1000).await, place.session().await);
    let shell = turn(&pool, &session).await;
    shell
        .bash(
            "mkfifo pipe; mkdir folder; ln -s loop loop; ln -s /etc/passwd link; ln -s /nowhere/x dangling; \
             head -c 1001 /dev/zero > large; echo text > file; ln -s /dev/zero endless; mkdir closed; chmod 0 closed",
        )
        .await;
    let long = "x".repeat(300);
    for (name, reading, writing) in [
        ("none", "there is no such file", None),
        ("folder", "it is a folder", Some("it is a folder")),
        ("pipe", "it is no regular file", Some("it is no regular file")),
        ("endless", "it is no regular file", Some("it is no regular file")),
        ("/dev/sda/x", "there is no such file", Some("the sandbox's user has no permission")),
        ("loop", "symbolic link", Some("symbolic link")),
        ("dangling", "there is no such file", None),
        ("file/below", "there is no such file", Some("what is above it is no folder")),
        ("closed/a", "no permission", Some("no permission")),
        ("/etc/shadow", "no permission", Some("no permission")),
        ("/etc/new", "there is no such file", Some("no permission")),
        ("/root/x", "no permission", Some("no permission")),
        (&long, "too long", Some("too long")),
        // The guest that every sandbox starts with, and the socket that it listens on.
        ("/.handspike/bin/handspike-guest", "more than 1000 bytes", Some("no permission")),
        ("/.handspike/run/guest.sock", "it is no regular file", Some("it is no regular file")),
        ("/proc/1/mem", "", Some("there is no such file")),
        ("large", "more than 1000 bytes", None),
        ("/sys/kernel/new", "there is no such file", Some("no permission")),
    ] {
        if !reading.is_empty() {
            let refused = read(&pool, &session, name).await.expect_err(name).to_string();
            assert!(refused.contains(reading), "{name}: {refused}");
        }
        let written = write(&pool, &session, name, b"text").await;
        match writing {
            None => assert!(written.is_ok(), "{name}: {written:?}"),
            Some(words) => {
                let refused = written.expect_err(name).to_string();
                assert!(refused.contains(words), "{name}: {refused}");
            }
        }
    }
    // Links are the sandbox's own: they lead to its files, and never to this machine's.
    let theirs = read(&pool, &session, "link").await.expect("read");
    assert_eq!(String::from_utf8(theirs).expect("text").trim(), shell.bash("cat /etc/passwd").await);
    let leading_out = read(&pool, &session, "/proc/1/root/etc/hostname").await.expect("read");
    assert_eq!(leading_out, b"sandbox\n");
    let outside = tempfile::NamedTempFile::new().expect("a file of this machine");
    let name = outside.path().to_str().expect("UTF-8").to_owned();
    for way in [name.clone(), format!("/../../../..{name}"), format!("/proc/self/cwd/../..{name}")] {
        let refused = read(&pool, &session, &way).await.expect_err("not there");
        assert!(matches!(refused, AccessError::File { refusal: FileRefusal::NotFound, .. }), "{way}: {refused}");
    }
    let refused = write(&pool, &session, "file", &[7; 1001]).await.expect_err("too large");
    assert!(matches!(refused, AccessError::TooLarge { limit: 1000 }), "{refused}");
    assert_eq!(write(&pool, &session, "file", &[7; 1000]).await.expect("written").size, 1000);
    assert_eq!(shell.bash("ls -A | grep -c handspike; true").await, "0", "nothing half written is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_the_old_file_and_nothing_else() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    write(&pool, &session, "file", b"old").await.expect("written");
    let shell = turn(&pool, &session).await;
    let nothing_is_left = async || shell.bash("ls -A; cat file").await == "file\nold";
    // Its sender fails.
    let parts = [Ok(&[7; 100_000][..]), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
    let bytes: FileBytes = Box::pin(StreamReader::new(stream::iter(parts)));
    let wishes = SandboxWishes::default();
    let cut = pool.write_file(session.id, &wishes, &path("file"), bytes).await.expect_err("cut off");
    assert!(matches!(cut, AccessError::Cut(_)), "{cut}");
    eventually("the end of it", nothing_is_left).await;
    // Whoever asked for it goes away.
    let (mut sender, bytes) = tokio::io::duplex(1 << 20);
    let name = path("file");
    let mut writing = Box::pin(pool.write_file(session.id, &wishes, &name, Box::pin(bytes)));
    sender.write_all(&[7; 200_000]).await.expect("taken");
    let begun = async || shell.bash("ls -A").await.contains(".handspike-");
    tokio::select! {
        _ = &mut writing => panic!("it has no end yet"),
        () = eventually("its beginning", begun) => {}
    }
    drop(writing);
    eventually("the end of it", nothing_is_left).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_shrinks_while_it_is_read_ends_with_an_error() {
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    let shell = turn(&pool, &session).await;
    shell.bash("head -c 64M /dev/zero > file").await;
    let ReadFile { mut bytes, size, .. } = pool.read_file(session.id, &path("file")).await.expect("a file");
    assert_eq!(size, 64 << 20);
    bytes.read_exact(&mut [0; 1000]).await.expect("its beginning");
    shell.bash("truncate -s 1000 file").await;
    let mut rest = Vec::new();
    let error = bytes.read_to_end(&mut rest).await.expect_err("some is missing");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_not_stopped_while_a_file_goes_out() {
    let Some(place) = Place::new().await else { return };
    let pool = place.pool(|config| config.idle_limit = Duration::from_secs(1)).await;
    let session = place.session().await;
    let shell = turn(&pool, &session).await;
    shell.bash("head -c 16M /dev/zero > file").await;
    shell.close().await;
    let ReadFile { mut bytes, size, .. } = pool.read_file(session.id, &path("file")).await.expect("a file");
    // A client that takes its time: longer than the idle limit.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(place.state_of(&session).as_deref(), Some("running"));
    let copied = tokio::io::copy(&mut bytes, &mut tokio::io::sink()).await.expect("all of it");
    assert_eq!(copied, size);
    drop(bytes);
    place.wait_for_state(&session, Some("exited")).await;
}
