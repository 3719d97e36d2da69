//! What comes out is shown in order, apart, bounded, and with the call that it belongs to.

mod support;

use std::fs;

use handspike_types::bash::BashEnd;
use support::{Session, eventually, is_running};

#[test]
fn out_err_out_reads_out_err_out() {
    let mut session = Session::new();
    for _ in 0..20 {
        let answer =
            session.run("echo out1; echo err1 >&2; echo out2; echo out3; echo err2 >&2; echo err3 >&2; echo out4");
        assert_eq!(answer.output(), "out1\nerr1\nout2\nout3\nerr2\nerr3\nout4");
        assert_eq!(answer.details.stderr, "err1\nerr2\nerr3\n");
        assert!(answer.last_line().ends_with("; stderr: lines 2, 5-6]"), "{}", answer.last_line());
    }
}

#[test]
fn order_is_kept_within_one_process_and_across_processes() {
    let mut session = Session::new();
    let script = "import os\nfor i in range(300): os.write(1 + i % 2, b'%d\\n' % i)";
    let expected: Vec<String> = (0..300).map(|i| i.to_string()).collect();
    session.run(&format!("python3 -c \"{script}\"")).exited(0, &expected.join("\n"));
    session
        .run("for i in $(seq 50); do sh -c \"echo $i >&$((1 + i % 2))\"; done")
        .exited(0, &(1..=50).map(|i| i.to_string()).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_failing_stream_hides_nothing_of_the_other() {
    let mut session = Session::new();
    let answer = session.run("echo good; echo bad >&2; false");
    assert_eq!(answer.output(), "good\nbad");
    let only_err = session.run("echo bad >&2");
    assert!(only_err.last_line().ends_with("; all output is stderr]"), "{}", only_err.text);
}

#[test]
fn a_long_output_keeps_head_and_tail_and_tells_where_the_rest_is() {
    let mut session = Session::new();
    let answer = session.run("seq 1000000");
    assert!(answer.text.len() < 34_000 && answer.text.starts_with("1\n2\n3\n"), "{} bytes", answer.text.len());
    assert!(answer.output().ends_with("\n999999\n1000000"));
    let marker = answer.text.lines().find(|line| line.contains("left out here")).expect("a marker");
    let shown = answer.output().lines().count() - 1;
    assert!(marker.starts_with(&format!("[{} lines, ", 1_000_000 - shown)), "{marker}");
    let path = marker.rsplit_once(" is in ").expect("a path").1.trim_end_matches(']');
    let whole: String = (1..=1_000_000).map(|i| format!("{i}\n")).collect();
    assert_eq!(fs::read_to_string(path).expect("the spool"), whole);
    assert_eq!(answer.details.output_bytes, whole.len() as u64);
}

#[test]
fn the_spool_is_capped_and_says_so() {
    let mut session = Session::with(|config| config.spool_limits.file = 100_000);
    let answer = session.run("head -c 3000000 /dev/zero | tr '\\0' x");
    assert!(answer.text.contains("; the first 100000 bytes of the output are in "), "{}", answer.last_line());
    assert_eq!(answer.details.output_bytes, 3_000_000);
}

#[test]
fn a_short_output_leaves_no_file() {
    let mut session = Session::new();
    session.run("printf '%0.s\\033[1m' $(seq 20000)").exited(0, "");
    assert_eq!(fs::read_dir(session.folder.path()).expect("the folder").count(), 0);
}

#[test]
fn characters_are_never_split() {
    let mut session = Session::new();
    let answer = session.run("python3 -c \"import os\nfor b in 'é€😀'.encode()*3: os.write(1, bytes([b]))\"");
    answer.exited(0, "é€😀é€😀é€😀");
}

#[test]
fn a_background_job_does_not_hold_the_call_nor_write_into_the_next() {
    let mut session = Session::new();
    let answer =
        session.run("(while [ ! -e go ]; do sleep 0.01; done; echo late; echo late >&2; touch written) & echo started");
    assert_eq!(answer.details.end, BashEnd::Exited(0));
    assert!(answer.took.as_millis() < 900, "{:?}", answer.took);
    session.run("touch go; until [ -e written ]; do sleep 0.01; done; echo mine").exited(0, "mine");
    session.run("wait; echo mine").exited(0, "mine");
}

#[test]
fn a_background_job_that_writes_much_is_neither_blocked_nor_killed() {
    let mut session = Session::new();
    session.run("(head -c 5000000 /dev/zero; touch written) & true");
    let written = session.path("written");
    eventually("the job's end", || written.exists());
}

#[test]
fn more_background_jobs_than_pipes_still_write_into_no_later_call() {
    let mut session = Session::new();
    for i in 0..10 {
        let answer = session
            .run(&format!("(until [ -e go ]; do sleep 0.01; done; echo late; touch done{i}) & echo {i}; echo e >&2"));
        assert!(answer.output().contains(&i.to_string()), "{}", answer.text);
        assert!(answer.details.stderr.ends_with("\ne\n"), "{}", answer.text);
    }
    session.run("touch go; wait; ls done* | wc -l").exited(0, "10");
}

#[test]
fn a_daemon_that_keeps_the_output_open_does_not_hold_the_call() {
    let mut session = Session::new();
    let answer = session.run("setsid sh -c 'sleep 3456.1' & disown; sleep 0.05; echo up");
    assert!(answer.output().ends_with("up"), "{}", answer.text);
    eventually("the daemon", || is_running("3456.1"));
    drop(session);
    assert!(!is_running("3456.1"));
}

#[test]
fn bytes_that_are_nul_are_left_out_and_counted() {
    let mut session = Session::new();
    let answer = session.run("printf 'a\\0b\\0\\0c\\n'");
    assert_eq!(answer.output(), "abc");
    assert!(answer.last_line().ends_with("; 3 NUL bytes left out]"), "{}", answer.text);
    let one = session.run("printf 'x\\0' >&2");
    assert!(one.last_line().ends_with("; all output is stderr; 1 NUL byte left out]"), "{}", one.text);
}

#[test]
fn escape_sequences_redraws_and_bytes_that_are_no_text_read_well() {
    let mut session = Session::new();
    let command =
        r"printf '\033[1;31mred\033[0m\n'; for i in 1 50 100; do printf '\r%3d%%' $i; done; echo; printf 'a\377b\n'";
    session.run(command).exited(0, "red\n100%\na\\xffb");
}

#[test]
fn a_very_long_line_keeps_its_head_and_tail() {
    let mut session = Session::new();
    let answer = session.run("printf 'begin'; head -c 1000000 /dev/zero | tr '\\0' x; printf 'end'");
    assert!(answer.text.starts_with("beginxxx") && answer.output().ends_with("xxxend"), "{}", answer.last_line());
    assert!(answer.text.len() < 34_000, "{} bytes", answer.text.len());
}

#[test]
fn fifty_megabytes_pass_and_are_spooled() {
    let mut session = Session::new();
    let answer = session.run("head -c 50000000 /dev/zero | tr '\\0' x | fold -w 99");
    assert_eq!(answer.details.end, BashEnd::Exited(0));
    assert!(answer.details.output_bytes > 50_000_000 && answer.text.len() < 34_000);
    assert!(answer.text.contains("; the whole output is in "), "{}", answer.last_line());
}

#[test]
fn progress_tells_the_last_line_and_only_news() {
    let mut session = Session::new();
    let (answer, told) =
        session.run_with_progress("echo one; printf '\\033[1mtwo\\033[0m\\npart'; sleep 2.3; echo; sleep 1");
    assert_eq!(answer.output(), "one\ntwo\npart");
    assert_eq!(told, ["two", "part"]);
    let (_, told) = session.run_with_progress("echo quick");
    assert!(told.is_empty(), "{told:?}");
    let (_, told) = session.run_with_progress("printf '%0300d\\n' 7; sleep 1.2");
    assert_eq!(told, ["0".repeat(200)]);
}
