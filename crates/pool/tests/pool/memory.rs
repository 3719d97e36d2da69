//! A large file goes in and out without ever being in memory as a whole. Memory is counted in a process of its own.

use std::{
    fs, io,
    pin::Pin,
    process::Command,
    task::{Context, Poll},
};

use handspike_core::{ReadFile, SandboxAccess as _, SandboxWishes};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use crate::support::{Place, path};

/// Set for the process that counts.
const COUNTING: &str = "HANDSPIKE_TEST_COUNTS_MEMORY";

const SIZE: u64 = 50 << 20;

/// How much memory may be in use beyond what was before.
const MOST: u64 = 16 << 20;

/// Bytes that look random, and their hash so far.
struct Noise {
    state: u64,
    hash: Sha256,
}

impl AsyncRead for Noise {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        while into.remaining() >= 8 {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let state = self.state;
            into.put_slice(&state.to_be_bytes());
        }
        self.hash.update(&into.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

fn noise() -> Noise {
    Noise { state: 1, hash: Sha256::new() }
}

/// The most memory that this process has had since the count was begun anew.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number") << 10
}

/// The other side of the test below. Run by itself it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn counting() {
    if std::env::var_os(COUNTING).is_none() {
        return;
    }
    let Some(place) = Place::new().await else { return };
    let (pool, session) = (place.pool(|_| {}).await, place.session().await);
    let wishes = SandboxWishes::default();
    pool.write_file(session.id, &wishes, &path("small"), Box::pin(noise().take(8))).await.expect("written");
    fs::write("/proc/self/clear_refs", "5").expect("the count begins anew");
    let before = peak();
    let written = pool.write_file(session.id, &wishes, &path("large"), Box::pin(noise().take(SIZE))).await;
    assert_eq!(written.expect("written").size, SIZE);
    let ReadFile { mut bytes, size, .. } = pool.read_file(session.id, &path("large")).await.expect("a file");
    assert_eq!(size, SIZE);
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match bytes.read(&mut buffer).await.expect("all of it") {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    let grown = peak().saturating_sub(before);
    let mut expected = noise();
    tokio::io::copy(&mut (&mut expected).take(SIZE), &mut tokio::io::sink()).await.expect("noise");
    assert_eq!(hash.finalize(), expected.hash.finalize());
    assert!(grown < MOST, "{grown} bytes of memory more");
    eprintln!("counted {grown}");
}

#[test]
fn fifty_megabytes_go_in_and_out_in_little_memory() {
    let counting = Command::new(std::env::current_exe().expect("this program"))
        .args(["memory::counting", "--exact", "--nocapture"])
        .env(COUNTING, "1")
        .output()
        .expect("it runs");
    let said = [counting.stdout, counting.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(counting.status.success(), "{said}");
    assert!(said.contains("counted") || said.contains("SKIPPED"), "{said}");
}
