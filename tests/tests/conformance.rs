//! The reports of `handspike conformance`, of one case that needs no sandbox.

use handspike_tests::{handspike, require_handspike, run_to_end};
use serde_json::Value;

#[test]
fn a_report_on_standard_output_is_json_alone_and_the_table_goes_to_standard_error() {
    let Some(()) = require_handspike() else { return };
    let case = ["conformance", "--tools", "editor", "--filter", "a missing path is refused"];
    let on_this_machine = ["--", "--sandbox", "host", "--yes"];
    let ended = run_to_end(&mut handspike(&[&case[..], &["--json", "-"], &on_this_machine].concat()), b"");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON and nothing else");
    assert_eq!(report["counts"]["passed"], 1, "{report:#}");

    let table = run_to_end(&mut handspike(&[&case[..], &on_this_machine].concat()), b"").stdout;
    let head = table.lines().next().expect("a table");
    assert!(ended.stderr.contains(head), "{}", ended.stderr);
}
