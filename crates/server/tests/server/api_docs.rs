//! The examples of `docs/api.md`, run as they stand there: each fenced `sh` block, one after the other in one shell. A
//! comment that begins with a status says what the next request is answered with.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::json;
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use crate::{
    provider::Says,
    served::{LONG, while_served},
    support::KEY,
};

/// What comes before the examples: requests tell their statuses apart from what they print.
const PRELUDE: &str = r#"set -eu
curl() { command curl --noproxy '*' --max-time 60 --write-out '%{stderr}STATUS %{http_code}\n' "$@"; }
"#;

/// The statuses that a document's examples promise, and its examples.
fn examples(document: &str) -> (Vec<u16>, String) {
    let (mut statuses, mut script, mut is_example) = (Vec::new(), PRELUDE.to_owned(), false);
    for line in document.lines() {
        if line.starts_with("```") {
            is_example = line == "```sh";
        } else if is_example {
            script.push_str(line);
            script.push('\n');
            let status = line.strip_prefix("# ").and_then(|comment| comment.get(..3));
            statuses.extend(status.and_then(|status| status.parse::<u16>().ok()));
        }
    }
    (statuses, script)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_documentation_do_what_it_says() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let document = std::fs::read_to_string(document).expect("the document is there");
    let (promised, script) = examples(&document);
    assert!(promised.len() >= 20, "there are only {} examples", promised.len());
    while_served(LONG, async |served| {
        let hello = json!({"command": "echo 'print(6 * 7)' > answer.py && python3 answer.py"});
        served.provider.will([
            Says::text("A kernel is the core of an operating system."),
            Says::text("It schedules processes and manages memory."),
            Says::call("bash", &hello),
            Says::text("The program prints 42."),
            Says::call("order_tea", &json!({"kind": "green"})),
            Says::text("Your green tea is on its way."),
            Says::call("bash", &json!({"command": "git push"})),
            Says::text("It is published."),
            Says::Refuses(400, "no such model".to_owned()),
            Says::text("Done in the background."),
            Says::Hangs("Let me think".to_owned()),
        ]);
        let mut shell = Command::new("bash");
        shell.env("HANDSPIKE_URL", &served.url).env("HANDSPIKE_API_KEY", KEY).kill_on_drop(true);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let mut input = shell.stdin.take().expect("an input");
        input.write_all(script.as_bytes()).await.expect("written");
        drop(input);
        let output =
            timeout(Duration::from_secs(120), shell.wait_with_output()).await.expect("in time").expect("it runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        let came = err.lines().filter_map(|line| line.strip_prefix("STATUS ")?.parse().ok());
        assert_eq!(came.collect::<Vec<u16>>(), promised, "{out}\n{err}");
        for words in [
            "core of an operating system",
            "The program prints 42.",
            "on its way",
            "\"allowed\"",
            "turn.completed",
            "turn.cancelled",
        ] {
            assert!(out.contains(words), "`{words}` is not in {out}");
        }
        assert_eq!(served.sandboxes.calls().len(), 2);
    })
    .await;
}
