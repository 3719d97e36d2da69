//! Any bytes on the report's descriptor are read without a panic, and more of them never change what was read.
//! A report is found behind anything that does not know the call's number, and only when all of it is there.
//! The status and the folder are those that the shell wrote.
#![no_main]

use arbitrary::Arbitrary;
use handspike_bash::fuzzing::report;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Written {
    call: u64,
    junk: Vec<u8>,
    status: i32,
    cwd: String,
    after: Vec<u8>,
}

fuzz_target!(|written: Written| {
    let Written { call, junk, status, cwd, after } = written;
    let mut read = None;
    for end in 0..=junk.len().min(256) {
        let now = report(call, &junk[..end]);
        assert!(read.is_none() || read == now, "{read:?} became {now:?}");
        read = now;
    }
    let knows_the_number = junk.split(|byte| *byte == 0).any(|field| field.ends_with(call.to_string().as_bytes()));
    if knows_the_number || cwd.contains('\0') {
        return;
    }
    let said = format!("{call}\0{status}\0{cwd}\0");
    let mut bytes = [&junk[..], said.as_bytes()].concat();
    for missing in 1..=said.len() {
        assert_eq!(report(call, &bytes[..bytes.len() - missing]), None);
    }
    bytes.extend(after);
    assert_eq!(report(call, &bytes), Some((status, cwd)));
});
