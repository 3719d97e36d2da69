//! The host's side of a transfer, on streams in memory. The guest's words are the tests' own.

use std::future::pending;

use tokio::io::{duplex, empty};

use super::*;

fn path() -> SandboxPath {
    SandboxPath::parse("a").expect("a path")
}

async fn sent(bytes: impl AsyncRead + Send + 'static, limit: u64) -> (Result<Option<u64>, AccessError>, Vec<u8>) {
    let (input, mut guest) = duplex(1 << 20);
    let sent = send(Box::pin(bytes), input, limit).await;
    let mut taken = Vec::new();
    guest.read_to_end(&mut taken).await.expect("a stream in memory");
    (sent, taken)
}

#[tokio::test]
async fn a_file_is_sent_in_pieces_with_an_end() {
    let (count, taken) = sent(&b"abc"[..], 3).await;
    assert_eq!((count.expect("sent"), &taken[..]), (Some(3), &b"\0\0\0\x03abc\0\0\0\0"[..]));
    let (count, taken) = sent(empty(), 0).await;
    assert_eq!((count.expect("sent"), &taken[..]), (Some(0), &[0; 4][..]));
    let long: &'static [u8] = vec![7; PIECE + 1].leak();
    let (count, taken) = sent(long, 1 << 20).await;
    assert_eq!((count.expect("sent"), taken.len()), (Some(long.len() as u64), long.len() + 3 * LENGTH));
}

#[tokio::test]
async fn a_file_that_is_too_large_or_cut_off_is_sent_without_an_end() {
    let (refused, taken) = sent(&b"abcd"[..], 3).await;
    assert!(matches!(refused, Err(AccessError::TooLarge { limit: 3 })), "{refused:?}");
    assert!(taken.is_empty());
    let cut = [Ok(&b"ab"[..]), Err(io::Error::from(ErrorKind::ConnectionReset))];
    let cut = StreamReader::new(futures_util::stream::iter(cut));
    let (refused, taken) = sent(cut, 10).await;
    assert!(matches!(refused, Err(AccessError::Cut(_))), "{refused:?}");
    assert_eq!(taken, b"\0\0\0\x02ab");
}

#[tokio::test]
async fn a_guest_that_takes_no_more_is_left_to_say_why() {
    let (input, guest) = duplex(16);
    drop(guest);
    assert!(matches!(send(Box::pin(&b"abc"[..]), input, 3).await, Ok(None)));
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_takes_nothing_is_busy() {
    let (input, _guest) = duplex(16);
    let busy = send(Box::pin(&[7; 100][..]), input, 100).await;
    assert!(matches!(busy, Err(AccessError::Busy(_))), "{busy:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_announced_comes_whole_or_with_an_error() {
    async fn read(bytes: impl AsyncRead + Unpin, size: u64) -> (Vec<u8>, Option<ErrorKind>) {
        let mut read = Vec::new();
        let end = Announced::new(bytes, size).read_to_end(&mut read).await;
        (read, end.err().map(|error| error.kind()))
    }
    assert_eq!(read(&b"abc and more"[..], 3).await, (b"abc".to_vec(), None));
    assert_eq!(read(empty(), 0).await, (Vec::new(), None));
    assert_eq!(read(&b"abc"[..], 4).await, (b"abc".to_vec(), Some(ErrorKind::UnexpectedEof)));
    let (bytes, mut guest) = duplex(64);
    guest.write_all(b"ab").await.expect("a stream in memory");
    let started = Instant::now();
    assert_eq!(read(bytes, 3).await, (b"ab".to_vec(), Some(ErrorKind::TimedOut)));
    assert_eq!(started.elapsed().as_secs(), STALL_LIMIT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn what_a_guest_says_is_one_short_line_that_makes_sense() {
    async fn said(words: &[u8]) -> Result<FileReport, AccessError> {
        let status = async { panic!("it has said something") };
        report_of(&mut &*words, status, STALL_LIMIT).await
    }
    assert_eq!(
        said(b"{\"written\":{\"size\":3,\"is_new\":true}}\nand more").await.expect("a report"),
        FileReport::Written { size: 3, is_new: true }
    );
    let endless = vec![b'['; 1 << 20];
    for words in [&b"\n"[..], b"{}\n", b"{\"reading\":{\"size\":-1,\"modified\":[0,0]}}\n", b"\xff\xfe\n", &endless] {
        let failed = said(words).await.expect_err("no report").to_string();
        assert_eq!(failed, "what the sandbox's guest says of a file makes no sense");
    }
    let silent = report_of(&mut tokio::io::BufReader::new(duplex(1).0), pending(), STALL_LIMIT).await;
    assert!(silent.is_err());
    let wordless = report_of(&mut &b""[..], async { Ok(137) }, STALL_LIMIT).await.expect_err("no report");
    assert!(wordless.to_string().contains("status 137"), "{wordless}");
}

#[test]
fn a_guest_that_has_not_counted_what_was_sent_is_not_believed() {
    let report = || FileReport::Written { size: 3, is_new: true };
    assert_eq!(written(report(), Some(3), &path(), 9).expect("written"), WrittenFile { size: 3, is_new: true });
    for sent in [None, Some(4)] {
        assert!(matches!(written(report(), sent, &path(), 9), Err(AccessError::Failed(_))));
    }
    let words = FileReport::Refused(FileRefusal::System("\u{1b}[31m".to_owned()));
    let refused = written(words, None, &path(), 9).expect_err("refused").to_string();
    assert_eq!(refused, "`/workspace/a`: `\\u{1b}[31m`");
}
