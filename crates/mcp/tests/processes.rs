//! The server as a process of its own, with real standard streams.

#[allow(dead_code, unreachable_pub, reason = "shared by test programs, each of which uses its part")]
mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{call, on_its_own, process::Process, text, web::KEY, with_progress};

#[tokio::test]
async fn the_end_of_standard_input_ends_the_process_and_its_calls() {
    let mut process = Process::start(&["stdio"]);
    let mut client = process.client();
    client.initialize("2025-11-25").await;
    client.send(&with_progress(call(1, "nap", json!({})), "t")).await;
    assert_eq!(client.receive().await.expect("progress")["params"]["message"], "the nap begins");
    let hung_up = Instant::now();
    client.hang_up();
    let (status, _) = process.ended().await;
    assert!(status.success() && hung_up.elapsed() < Duration::from_secs(3), "{status} after {:?}", hung_up.elapsed());
    assert_eq!(process.line_of_stderr().await, "nap runs, nap ends, closed");
}

#[tokio::test]
async fn a_signal_ends_the_process_and_its_calls_while_standard_input_stays_open() {
    let mut process = Process::start(&["stdio"]);
    let mut client = process.client();
    client.send(&on_its_own(with_progress(call(1, "nap", json!({})), "t"))).await;
    assert_eq!(client.receive().await.expect("progress")["params"]["message"], "the nap begins");
    let told = Instant::now();
    process.terminate().await;
    let (status, _) = process.ended().await;
    assert!(status.success() && told.elapsed() < Duration::from_secs(3), "{status} after {:?}", told.elapsed());
    assert_eq!(process.line_of_stderr().await, "nap runs, nap ends, closed");
}

#[tokio::test]
async fn a_signal_ends_an_idle_process() {
    let mut process = Process::start(&["stdio"]);
    let mut client = process.client();
    assert_eq!(text(&client.ask(&on_its_own(call(1, "echo", json!({"text": "up"})))).await), "up");
    process.terminate().await;
    assert!(process.ended().await.0.success());
}

#[tokio::test]
async fn a_server_on_http_writes_nothing_to_standard_output_and_ends_with_a_signal() {
    let mut process = Process::start(&["http", KEY]);
    let url = process.line_of_stderr().await;
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/mcp"), "{url}");
    process.terminate().await;
    let (status, stdout) = process.ended().await;
    assert_eq!((status.success(), stdout.as_str()), (true, ""));
    assert_eq!(process.line_of_stderr().await, "closed");
}
