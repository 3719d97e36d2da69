//! The server on a pair of streams, spoken to in raw JSON lines.

#[allow(dead_code, unreachable_pub, reason = "shared by test programs, each of which uses its part")]
mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{
    WITH_INITIALIZE, WITHOUT_INITIALIZE, call, cancelled,
    fakes::PICTURE,
    lines::{LineClient, connect},
    noted, on_its_own, place, request, server, text, with_progress,
};
use tokio::time::{Instant, timeout};

async fn initialized() -> (LineClient, support::fakes::Notes) {
    let (server, notes, _) = server();
    let (mut client, _) = connect(server);
    client.initialize("2025-11-25").await;
    (client, notes)
}

#[tokio::test]
async fn the_versions_with_a_handshake_are_spoken_as_they_are_asked_for() {
    for version in WITH_INITIALIZE {
        let (server, ..) = server();
        let (mut client, _) = connect(server);
        let greeting = client.initialize(version).await;
        assert_eq!(greeting["result"]["protocolVersion"], version);
        assert_eq!(greeting["result"]["serverInfo"]["name"], "fakes");
        assert_eq!(greeting["result"]["instructions"], "Try.");
        assert!(greeting["result"]["capabilities"]["tools"].is_object(), "{greeting}");
        let answer = client.ask(&call(1, "echo", json!({"text": "hi"}))).await;
        assert_eq!(text(&answer), "hi");
        assert_eq!(answer["result"].get("resultType"), None, "this version knows no such field");
    }
}

#[tokio::test]
async fn the_version_without_a_handshake_is_discovered_and_spoken_at_once() {
    let (server, ..) = server();
    let (mut client, _) = connect(server);
    let found = client.ask(&on_its_own(request(1, "server/discover", json!({})))).await;
    let versions = found["result"]["supportedVersions"].as_array().expect("versions").clone();
    assert!(versions.contains(&json!(WITHOUT_INITIALIZE)), "{found}");
    let answer = client.ask(&on_its_own(call(2, "echo", json!({"text": "hi"})))).await;
    assert_eq!(text(&answer), "hi");
    assert_eq!(answer["result"]["resultType"], "complete");
    let tools = client.ask(&on_its_own(request(3, "tools/list", json!({})))).await;
    assert_eq!(tools["result"]["tools"][0]["name"], "echo");
}

#[tokio::test]
async fn tools_are_listed_with_schema_toolset_and_hints() {
    let (mut client, _) = initialized().await;
    let listed = client.ask(&request(1, "tools/list", json!({}))).await;
    let tools = listed["result"]["tools"].as_array().expect("tools").clone();
    assert_eq!(tools.len(), 8);
    assert_eq!(tools[0]["description"], "The tool echo.");
    assert_eq!(tools[0]["inputSchema"]["additionalProperties"], true);
    assert_eq!(tools[0].get("_meta"), None);
    let shot = tools.iter().find(|tool| tool["name"] == "shot").expect("the member of a set");
    assert_eq!(shot["_meta"]["toolset_name"], "computer");
    let hints = |looks: bool| json!({"readOnlyHint": looks, "destructiveHint": !looks, "openWorldHint": false});
    assert_eq!((&tools[0]["annotations"], &shot["annotations"]), (&hints(false), &hints(true)));
}

#[tokio::test]
async fn whatever_goes_wrong_in_a_call_is_a_result_that_a_model_can_read() {
    for version in ["2025-11-25", WITHOUT_INITIALIZE] {
        let (server, ..) = server();
        let (mut client, _) = connect(server);
        let dress: fn(Value) -> Value = if version == WITHOUT_INITIALIZE {
            on_its_own
        } else {
            client.initialize(version).await;
            |request| request
        };
        for (id, tool, arguments, says) in [
            (1, "refuse", json!({}), "/nowhere"),
            (2, "fault", json!({}), "the disk is full"),
            (3, "panic", json!({}), "fault of the server"),
            (4, "calculator", json!({}), "the tools are `echo`"),
            (5, "echo", json!("ls"), "no JSON object"),
            (6, "echo", json!(["ls"]), "no JSON object"),
        ] {
            let answer = client.ask(&dress(call(id, tool, arguments))).await;
            assert_eq!(answer["result"]["isError"], true, "{answer}");
            assert!(text(&answer).contains(says), "{answer}");
        }
        let answer = client.ask(&dress(call(7, "echo", json!({"text": "still here"})))).await;
        assert_eq!(text(&answer), "still here");
    }
}

#[tokio::test]
async fn a_call_without_a_name_is_a_protocol_error_and_the_next_one_is_served() {
    let (mut client, _) = initialized().await;
    let answer = client.ask(&request(1, "tools/call", json!({"arguments": {}}))).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.contains("`name`")), "{answer}");
    client.send_raw("this is no JSON").await;
    client.send_raw("").await;
    let answer = client.ask(&request(2, "tools/fly", json!({}))).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
    assert_eq!(text(&client.ask(&call(3, "echo", json!({"text": "hi"}))).await), "hi");
}

#[tokio::test]
async fn arguments_may_be_left_out() {
    let (mut client, _) = initialized().await;
    let answer = client.ask(&request(1, "tools/call", json!({"name": "refuse"}))).await;
    assert_eq!(answer["result"]["isError"], true);
}

#[tokio::test]
async fn pictures_are_image_content_and_details_are_for_programs() {
    let (mut client, _) = initialized().await;
    let shot = client.ask(&call(1, "shot", json!({}))).await;
    let image = json!({"type": "image", "data": PICTURE, "mimeType": "image/png"});
    assert_eq!(shot["result"]["content"], json!([{"type": "text", "text": "here it is"}, image]));
    assert_eq!(shot["result"].get("structuredContent"), None);
    assert_eq!(shot["result"]["_meta"]["toolset_name"], "computer", "of a member of a set");
    let command = client.ask(&call(2, "command", json!({}))).await;
    assert_eq!(command["result"]["_meta"].get("toolset_name"), None);
    let details = &command["result"]["_meta"]["dev.handspike/details"];
    assert_eq!((&details["tool"], &details["end"]), (&json!("bash"), &json!({"exited": 0})), "{command}");
}

#[tokio::test(start_paused = true)]
async fn progress_comes_at_least_every_two_seconds_rises_and_ends_with_the_answer() {
    for version in ["2025-06-18", WITHOUT_INITIALIZE] {
        let (server, ..) = server();
        let (mut client, _) = connect(server);
        let nap = with_progress(call(1, "nap", json!({"seconds": 9.0})), "how-far");
        if version == WITHOUT_INITIALIZE {
            client.send(&on_its_own(nap)).await;
        } else {
            client.initialize(version).await;
            client.send(&nap).await;
        }
        let (answer, before) = client.answer(1).await;
        assert_eq!(text(&answer), "rested");
        let texts: Vec<&str> = before.iter().filter_map(|note| note["params"]["message"].as_str()).collect();
        let expected = ["the nap begins", "running for 2 s", "running for 4 s", "running for 6 s", "running for 8 s"];
        assert_eq!(texts, expected);
        let values: Vec<f64> = before.iter().filter_map(|note| note["params"]["progress"].as_f64()).collect();
        assert!(values.is_sorted_by(|a, b| a < b) && values[4] >= 8.0, "{values:?}");
        assert!(before.iter().all(|note| note["method"] == "notifications/progress"));
        assert!(before.iter().all(|note| note["params"]["progressToken"] == "how-far"));
        let silence = timeout(Duration::from_secs(20), client.receive()).await;
        assert!(silence.is_err(), "something came after the answer: {silence:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_no_progress_gets_none() {
    let (mut client, _) = initialized().await;
    client.send(&call(1, "nap", json!({"seconds": 9.0}))).await;
    assert_eq!(client.answer(1).await.1, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_lane_says_so() {
    let (mut client, _) = initialized().await;
    client.send(&call(1, "nap", json!({"seconds": 3.0}))).await;
    client.send(&with_progress(call(2, "nap", json!({"seconds": 3.0})), "second")).await;
    let (_, before) = client.answer(2).await;
    let texts: Vec<&str> = before.iter().filter_map(|note| note["params"]["message"].as_str()).collect();
    assert_eq!(texts, ["waiting for the calls before it for 2 s", "the nap begins", "running for 5 s"]);
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_lane_run_in_the_order_in_which_they_came_and_free_ones_beside_them() {
    let (mut client, notes) = initialized().await;
    for (id, tag) in [(1, "first"), (2, "second"), (3, "third")] {
        client.send(&call(id, "nap", json!({"seconds": 5.0, "tag": tag}))).await;
    }
    let started = Instant::now();
    assert_eq!(text(&client.ask(&call(4, "echo", json!({"text": "hi"}))).await), "hi");
    assert!(started.elapsed() < Duration::from_secs(1));
    client.answer(3).await;
    assert_eq!(started.elapsed().as_secs(), 15);
    let naps: Vec<String> = notes.read().into_iter().filter(|note| !note.starts_with("echo")).collect();
    let order = ["first runs", "first ends", "second runs", "second ends", "third runs", "third ends"];
    assert_eq!(naps, order);
}

#[tokio::test(start_paused = true)]
async fn a_lane_is_one_for_all_clients() {
    let (server, notes, _) = server();
    let (mut one, _) = connect(server.clone());
    let (mut other, _) = connect(server);
    one.initialize("2025-11-25").await;
    other.initialize("2025-06-18").await;
    one.send(&call(1, "nap", json!({"seconds": 5.0, "tag": "one"}))).await;
    noted(&notes, "one runs").await;
    other.ask(&call(1, "nap", json!({"seconds": 5.0, "tag": "other"}))).await;
    assert!(place(&notes, "one ends") < place(&notes, "other runs"));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_ends_is_not_answered_and_frees_its_lane() {
    for version in ["2025-11-25", WITHOUT_INITIALIZE] {
        let (server, notes, _) = server();
        let (mut client, _) = connect(server);
        let dress: fn(Value) -> Value = if version == WITHOUT_INITIALIZE {
            on_its_own
        } else {
            client.initialize(version).await;
            |request| request
        };
        client.send(&dress(with_progress(call(1, "nap", json!({"tag": "first"})), "t"))).await;
        noted(&notes, "first runs").await;
        client.send(&cancelled(1)).await;
        client.send(&dress(call(2, "nap", json!({"seconds": 1.0, "tag": "second"})))).await;
        let (answer, before) = client.answer(2).await;
        assert_eq!(text(&answer), "rested");
        assert!(before.iter().all(|message| message["id"] != 1), "{before:?}");
        assert!(place(&notes, "first ends") < place(&notes, "second runs"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_before_its_turn_never_runs() {
    let (mut client, notes) = initialized().await;
    client.send(&call(1, "nap", json!({"seconds": 5.0}))).await;
    client.send(&call(2, "nap", json!({"tag": "unwanted"}))).await;
    client.send(&cancelled(2)).await;
    client.send(&call(3, "nap", json!({"seconds": 1.0}))).await;
    client.answer(3).await;
    assert!(!notes.read().contains(&"unwanted runs".to_owned()), "{:?}", notes.read());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_when_it_is_cancelled_holds_its_lane_for_a_bounded_time() {
    let (mut client, notes) = initialized().await;
    client.send(&call(1, "stubborn", json!({}))).await;
    noted(&notes, "stubborn runs").await;
    client.send(&cancelled(1)).await;
    let cancelled_at = Instant::now();
    client.ask(&call(2, "nap", json!({"seconds": 0.0}))).await;
    assert_eq!(cancelled_at.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_calls_at_once_and_closes_the_tools() {
    for version in ["2025-11-25", WITHOUT_INITIALIZE] {
        let (server, notes, _) = server();
        let (mut client, served) = connect(server);
        let nap = call(1, "nap", json!({}));
        if version == WITHOUT_INITIALIZE {
            client.send(&on_its_own(nap)).await;
        } else {
            client.initialize(version).await;
            client.send(&nap).await;
        }
        noted(&notes, "nap runs").await;
        let hung_up = Instant::now();
        client.hang_up();
        served.await.expect("no panic").expect("a good end");
        assert!(hung_up.elapsed() < Duration::from_secs(2), "{:?}", hung_up.elapsed());
        assert_eq!(notes.read(), ["nap runs", "nap ends", "closed"]);
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_and_hangs_up_leaves_the_tools_closed() {
    let (server, notes, _) = server();
    let (mut client, served) = connect(server);
    client.hang_up();
    served.await.expect("no panic").expect("a good end");
    assert_eq!(notes.read(), ["closed"]);
}

#[tokio::test]
async fn stopping_the_server_ends_calls_and_closes_the_tools() {
    let (server, notes, stop) = server();
    let (mut client, served) = connect(server);
    client.initialize("2025-11-25").await;
    client.send(&call(1, "nap", json!({}))).await;
    noted(&notes, "nap runs").await;
    let stopped = Instant::now();
    stop.cancel();
    served.await.expect("no panic").expect("a good end");
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    assert_eq!(notes.read(), ["nap runs", "nap ends", "closed"]);
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_at_once_are_refused_and_the_others_go_on() {
    let (mut client, _) = initialized().await;
    for id in 1..=257 {
        client.send(&call(id, "nap", json!({"seconds": 0.01}))).await;
    }
    let (refused, _) = client.answer(257).await;
    assert!(text(&refused).contains("too many calls are under way, 256 at most"), "{refused}");
    let (last, _) = client.answer(256).await;
    assert_eq!(text(&last), "rested");
}

#[tokio::test]
async fn a_message_over_the_limit_is_skipped_answered_and_the_next_one_is_served() {
    let (mut client, _) = initialized().await;
    client.send(&call(1, "echo", json!({"text": "x".repeat(33 << 20)}))).await;
    client.send(&call(2, "echo", json!({"text": "hi"}))).await;
    let (answer, before) = client.answer(2).await;
    assert_eq!((text(&answer), before.len()), ("hi", 1), "{before:?}");
    assert_eq!((&before[0]["id"], &before[0]["error"]["code"]), (&Value::Null, &json!(-32700)));
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_and_what_follows_is_served() {
    let (server, ..) = server();
    let (mut client, _) = connect(server);
    for greeted in [false, true] {
        for (line, id, code) in [
            ("this is no JSON", Value::Null, -32700),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1e400}}"#, json!(1), -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\ud800"}}"#, json!(1), -32602),
            (r#"{"jsonrpc":"2.0","id":7,"method":5}"#, json!(7), -32600),
        ] {
            client.send_raw(line).await;
            let answer = client.receive().await.expect("an answer");
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(code)), "{line}");
            assert!(answer.as_object().expect("an object").contains_key("id"), "{answer}");
        }
        if !greeted {
            client.initialize("2025-11-25").await;
        }
    }
    assert_eq!(text(&client.ask(&call(3, "echo", json!({"text": "hi"}))).await), "hi");
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_told_apart_from_a_method_that_is_not_there() {
    let (mut client, _) = initialized().await;
    let answer = client.ask(&request(1, "initialize", json!({"protocolVersion": 7}))).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let answer = client.ask(&request(2, "tools/listen", json!({}))).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
    assert_eq!(answer["error"]["message"], "there is no method `tools/listen`");
}

/// Asks for lists until the server takes no more; how many were asked for.
async fn ask_without_reading(client: &mut LineClient) -> u64 {
    for id in 1..=20_000 {
        let list = request(id, "tools/list", json!({}));
        if timeout(Duration::from_secs(1), client.send(&list)).await.is_err() {
            return id;
        }
    }
    panic!("the server reads on although nobody takes its answers");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_from_until_it_does() {
    let (mut client, _) = initialized().await;
    let asked = ask_without_reading(&mut client).await;
    for id in 1..asked {
        let answer = client.receive().await.expect("an answer");
        assert_eq!(answer["result"]["tools"][0]["name"], "echo", "{id}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_hold_up_the_tools_end_nor_the_servers() {
    let (server, notes, stop) = server();
    let (mut client, served) = connect(server);
    client.initialize("2025-11-25").await;
    ask_without_reading(&mut client).await;
    let stopped = Instant::now();
    stop.cancel();
    noted(&notes, "closed").await;
    assert!(stopped.elapsed() < Duration::from_millis(500), "{:?}", stopped.elapsed());
    served.await.expect("no panic").expect("a good end");
    assert!(stopped.elapsed() < Duration::from_secs(3), "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_client_that_reads_nothing_and_ends_is_gone() {
    let (server, notes, _) = server();
    let (mut client, served) = connect(server);
    client.initialize("2025-11-25").await;
    client.send(&call(1, "nap", json!({}))).await;
    noted(&notes, "nap runs").await;
    ask_without_reading(&mut client).await;
    drop(client);
    served.await.expect("no panic").expect("a good end");
    assert_eq!(notes.read(), ["nap runs", "nap ends", "closed"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_holds_up_a_stop_for_two_seconds() {
    let (server, notes, stop) = server();
    let (mut client, served) = connect(server);
    client.initialize("2025-11-25").await;
    client.send(&call(1, "stubborn", json!({}))).await;
    noted(&notes, "stubborn runs").await;
    let stopped = Instant::now();
    stop.cancel();
    served.await.expect("no panic").expect("a good end");
    assert_eq!(stopped.elapsed().as_secs(), 2);
    assert_eq!(notes.read(), ["stubborn runs", "closed"]);
}
