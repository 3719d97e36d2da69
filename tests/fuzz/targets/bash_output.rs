//! A page does not depend on where the output was cut between two reads, neither whole nor shortened.
//! It holds no control characters but newlines and tabs, and no more bytes than the limit.
//! The whole page is there below the limit: a large one begins and ends with what a small one shows.
//! Lines that are drawn again show what a terminal of any width would show last.
#![no_main]

use std::cell::LazyCell;

use arbitrary::Arbitrary;
use handspike_bash::{BashConfig, SpoolLimits, fuzzing::page};
use handspike_command::View;
use handspike_fuzz::folder;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

#[derive(Arbitrary, Debug)]
struct Output {
    limit: u8,
    /// A stream writes these bytes, which are read in pieces of this length.
    writes: Vec<(bool, Vec<u8>, u8)>,
}

thread_local! {
    static FOLDER: LazyCell<TempDir> = const { LazyCell::new(folder) };
}

fuzz_target!(|output: Output| {
    let whole: Vec<(bool, &[u8])> = output.writes.iter().map(|(err, bytes, _)| (*err, bytes.as_slice())).collect();
    let mut pieces = Vec::new();
    for (err, bytes, length) in &output.writes {
        pieces.extend(bytes.chunks(usize::from(*length).max(1)).map(|piece| (*err, piece)));
    }
    let all = on(&whole, usize::MAX >> 1);
    assert_eq!(all, on(&pieces, usize::MAX >> 1));
    let View::Whole(text) = &all.0 else { panic!("nothing is left out below the limit") };
    assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{text:?}");

    if let [(false, bytes)] = whole.as_slice()
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | 8))
    {
        assert_eq!(*text, as_drawn(bytes));
    }

    let limit = usize::from(output.limit);
    let short = on(&whole, limit);
    assert_eq!(short, on(&pieces, limit));
    match short.0 {
        View::Whole(short) => assert_eq!(short, *text),
        View::Cut { head, tail, bytes_left_out, .. } => {
            assert!(head.len() + tail.len() <= limit && text.starts_with(&head) && text.ends_with(&tail));
            assert_eq!(head.len() as u64 + tail.len() as u64 + bytes_left_out, text.len() as u64);
        }
    }
});

/// What a terminal shows of lines that are not too long to be drawn again.
fn as_drawn(bytes: &[u8]) -> String {
    let (mut page, mut line, mut cursor) = (Vec::new(), Vec::new(), 0_usize);
    for byte in bytes {
        match byte {
            b'\n' => {
                page.append(&mut line);
                page.push(b'\n');
                cursor = 0;
            }
            b'\r' => cursor = 0,
            8 => cursor = cursor.saturating_sub(1),
            byte => {
                line.splice(cursor..line.len().min(cursor + 1), [*byte]);
                cursor += 1;
            }
        }
    }
    page.append(&mut line);
    String::from_utf8(page).expect("ASCII")
}

fn on(chunks: &[(bool, &[u8])], answer_limit: usize) -> (View, String, Vec<(u64, u64)>) {
    FOLDER.with(|folder| {
        // No spool is filled: its limit is nothing, and what was made of it goes again.
        let spool_limits = SpoolLimits { file: 0, total: 0, files: 1 };
        let config =
            BashConfig { answer_limit, spool_dir: folder.path().to_owned(), spool_limits, ..BashConfig::default() };
        let page = page(&config, chunks);
        for file in std::fs::read_dir(folder.path()).expect("the folder").flatten() {
            let _ = std::fs::remove_file(file.path());
        }
        page
    })
}
