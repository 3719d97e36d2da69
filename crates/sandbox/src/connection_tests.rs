//! A connection to a guest whose words are the test's own.

use handspike_types::{ContentPart, Image};
use serde_json::{Map, Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio_util::sync::CancellationToken;

use super::*;

/// A guest whose words are the test's own.
struct Guest {
    read: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
}

impl Guest {
    /// The next request of a method; notifications and others are passed over.
    async fn asked(&mut self, method: &str) -> Value {
        loop {
            let line = self.read.next_line().await.expect("a stream in memory").expect("the host is there");
            let message: Value = serde_json::from_str(&line).expect("the host speaks JSON");
            if message["method"] == method {
                return message;
            }
        }
    }

    async fn answer(&mut self, request: &Value, result: Value) {
        self.say(&format!("{}\n", json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))).await;
    }

    async fn say(&mut self, text: &str) {
        self.write.write_all(text.as_bytes()).await.expect("the host is there");
    }
}

async fn greeted() -> (Connection, Guest) {
    let (host, guest) = duplex(1 << 20);
    let (read, write) = split(guest);
    let mut guest = Guest { read: BufReader::new(read).lines(), write };
    let greeting = async {
        let request = guest.asked("initialize").await;
        let about = json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": "guest", "version": "0"}, "_meta": {RUN_KEY: "first"}});
        guest.answer(&request, about).await;
    };
    let (read, write) = split(host);
    let (connection, ()) = tokio::join!(Connection::over(read, write), greeting);
    (connection.expect("a greeting"), guest)
}

async fn call(connection: &Connection) -> Result<ToolOutput, ConnectionError> {
    let context = CallContext { cancel: CancellationToken::new(), progress: Progress::channel().0 };
    let settings = ToolSettings::default();
    connection.call(SandboxedCall { tool: "bash", arguments: Map::new(), settings: &settings }, &context).await
}

fn done() -> Value {
    json!({"content": [{"type": "text", "text": "done"}]})
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_falls_silent_is_mute_after_it_was_asked() {
    let (connection, mut guest) = greeted().await;
    let started = Instant::now();
    let (called, _) = tokio::join!(call(&connection), guest.asked("ping"));
    assert!(matches!(called, Err(ConnectionError::Mute)), "{called:?}");
    assert_eq!(started.elapsed().as_secs(), (ASKED_AFTER + SIGN_LIMIT).as_secs());
}

#[tokio::test]
async fn a_connection_that_ended_before_the_call_has_not_been_reached() {
    let (connection, guest) = greeted().await;
    drop(guest);
    // At once, when the end may not have been read yet, and afterwards, by several.
    let called = call(&connection).await;
    assert!(matches!(called, Err(ConnectionError::NotReached)), "{called:?}");
    let (first, second) = tokio::join!(call(&connection), call(&connection));
    for called in [first, second] {
        assert!(matches!(called, Err(ConnectionError::NotReached)), "{called:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_is_lost() {
    let (connection, mut guest) = greeted().await;
    let serve = async move {
        guest.asked("tools/call").await;
    };
    let (called, ()) = tokio::join!(call(&connection), serve);
    assert!(matches!(called, Err(ConnectionError::Lost)), "{called:?}");
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_answers_when_asked_may_take_any_time_for_a_call() {
    let (connection, mut guest) = greeted().await;
    let serve = async {
        let request = guest.asked("tools/call").await;
        for _ in 0..100 {
            let ping = guest.asked("ping").await;
            guest.answer(&ping, json!({})).await;
        }
        guest.answer(&request, done()).await;
    };
    let (called, ()) = tokio::join!(call(&connection), serve);
    assert_eq!(called.expect("an answer").joined_text(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_asks_and_does_not_answer_gives_no_sign_of_life() {
    let (connection, mut guest) = greeted().await;
    let flood = async {
        loop {
            guest.say("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n").await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        called = call(&connection) => assert!(matches!(called, Err(ConnectionError::Mute)), "{called:?}"),
        () = flood => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_on_a_slow_way_is_awaited() {
    let (connection, mut guest) = greeted().await;
    let serve = async {
        let request = guest.asked("tools/call").await;
        let text = "x".repeat(1 << 20);
        let answer =
            json!({"jsonrpc": "2.0", "id": request["id"], "result": {"content": [{"type": "text", "text": text}]}});
        for part in (answer.to_string() + "\n").as_bytes().chunks(100_000) {
            tokio::time::sleep(SIGN_LIMIT - Duration::from_secs(1)).await;
            guest.write.write_all(part).await.expect("the host is there");
        }
    };
    let (called, ()) = tokio::join!(call(&connection), serve);
    assert_eq!(called.expect("an answer").joined_text().len(), 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_no_message_ends_the_connection_at_once() {
    for noise in ["{\"jsonrpc\":", "a program's words\n", "\u{0}\n"] {
        let (connection, mut guest) = greeted().await;
        let started = Instant::now();
        let serve = async {
            let request = guest.asked("tools/call").await;
            guest.say(noise).await;
            guest.answer(&request, done()).await;
        };
        let (called, ()) = tokio::join!(call(&connection), serve);
        assert!(matches!(called, Err(ConnectionError::Lost)), "{called:?}");
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test]
async fn what_says_to_be_a_picture_and_is_none_is_left_out() {
    let (connection, mut guest) = greeted().await;
    let image = |media_type: &str| json!({"type": "image", "data": "iVBORw0KGgo=", "mimeType": media_type});
    let content = json!({"content": [image("image/svg+xml"), image("image/jpeg"), image("image/png")]});
    let serve = async {
        let request = guest.asked("tools/call").await;
        guest.answer(&request, content).await;
    };
    let (called, ()) = tokio::join!(call(&connection), serve);
    let parts = called.expect("an answer").content;
    let left_out = |part: &ContentPart| matches!(part, ContentPart::Text { text } if text.contains("left out"));
    assert_eq!(parts.iter().map(left_out).collect::<Vec<_>>(), [true, true, false], "{parts:?}");
    assert_eq!(parts[2], ContentPart::Image(Image::new("image/png", "iVBORw0KGgo=")));
}

#[tokio::test]
async fn an_answer_that_shows_nothing_is_a_fault_of_the_guest() {
    for content in [json!([]), json!([{"type": "resource_link", "uri": "file:///x", "name": "x"}])] {
        let (connection, mut guest) = greeted().await;
        let serve = async {
            let request = guest.asked("tools/call").await;
            guest.answer(&request, json!({"content": content})).await;
        };
        let (called, ()) = tokio::join!(call(&connection), serve);
        assert!(matches!(called, Err(ConnectionError::Guest(_))), "{called:?}");
    }
}

#[tokio::test]
async fn an_answer_of_more_pieces_than_any_tool_has_ends_the_connection() {
    let (connection, mut guest) = greeted().await;
    let serve = async {
        let request = guest.asked("tools/call").await;
        let content = vec![json!({"type": "text", "text": "x"}); 100_000];
        guest.answer(&request, json!({"content": content})).await;
    };
    let (called, ()) = tokio::join!(call(&connection), serve);
    assert!(matches!(called, Err(ConnectionError::Lost)), "{called:?}");
}

#[tokio::test]
async fn a_guest_says_which_of_its_runs_this_is() {
    let (connection, _guest) = greeted().await;
    assert_eq!(connection.run().as_deref(), Some("first"));
}
