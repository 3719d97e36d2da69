//! A Chat Completions server that gives prepared answers and keeps what it was asked. It speaks as much HTTP as an
//! honest client needs, on a socket, so that nothing of the program's own is needed to test the program.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};

use crate::wait_until;

/// What the server answers to one request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Text, which ends the turn.
    Says(&'static str),
    /// Calls: tool and arguments, the latter as the text that a model writes.
    Calls(Vec<(&'static str, String)>),
    /// A call, as a stream of chunks: what is said, then tool and arguments, the latter in two pieces.
    Streams(&'static str, (&'static str, String)),
    /// The same, but the connection ends within the call.
    BreaksOff(&'static str, (&'static str, String)),
    /// A page, as a server that is something else answers.
    Page(&'static str),
    /// Nothing, ever; the connection stays open.
    Silence,
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method, path and version.
    pub line: String,
    /// The value of `Authorization`, empty where there was none.
    pub authorization: String,
    /// The body.
    pub body: Value,
}

/// The server. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeModel {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl FakeModel {
    /// Starts a server that gives these answers, in order; then it refuses.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (asked, end) = (Arc::clone(&requests), Arc::clone(&over));
        let server = thread::spawn(move || {
            let mut answers = answers.into_iter();
            let mut kept_open = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(request) = read(&stream) else { continue };
                asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                match answers.next() {
                    Some(Answer::Silence) => kept_open.push(stream),
                    // A client that has gone away needs no answer.
                    answer => drop(write(&stream, answer)),
                }
            }
        });
        Self { address, requests, over, server: Some(server) }
    }

    /// What `--base-url` is to be.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What came so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The messages of a request; requests count from 0.
    ///
    /// # Panics
    /// When there was no such request.
    #[must_use]
    pub fn messages(&self, request: usize) -> Vec<Value> {
        let requests = self.requests();
        let request = requests.get(request).unwrap_or_else(|| panic!("only {} requests came", requests.len()));
        request.body["messages"].as_array().cloned().expect("a list of messages")
    }

    /// Waits until so many requests have come.
    ///
    /// # Panics
    /// When they do not come.
    pub fn wait_for_requests(&self, number: usize) {
        wait_until("a request to the model", Duration::from_secs(60), || self.requests().len() >= number);
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the server, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

fn read(stream: &TcpStream) -> io::Result<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { line: line.trim_end().to_owned(), authorization, body: serde_json::from_slice(&body)? })
}

fn write(mut stream: &TcpStream, answer: Option<Answer>) -> io::Result<()> {
    let (status, kind, body) = match answer {
        Some(Answer::Says(text)) => ("200 OK", "application/json", completion(json!({ "content": text }), "stop")),
        Some(Answer::Calls(calls)) => ("200 OK", "application/json", completion(calls_of(calls), "tool_calls")),
        Some(Answer::Streams(text, call)) => {
            let end = [chunk(json!({}), Some("tool_calls")), "data: [DONE]\n\n".to_owned()];
            ("200 OK", "text/event-stream", stream_of(text, call) + &end.concat())
        }
        Some(Answer::BreaksOff(text, call)) => ("200 OK", "text/event-stream", stream_of(text, call)),
        Some(Answer::Page(page)) => ("200 OK", "text/html", page.to_owned()),
        Some(Answer::Silence) | None => {
            let error = json!({"error": {"message": "the test has no answer to this request"}});
            ("400 Bad Request", "application/json", error.to_string())
        }
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn stream_of(text: &str, (name, arguments): (&str, String)) -> String {
    let (begin, rest) = arguments.split_at(arguments.len() / 2);
    let call = |call: Value| chunk(json!({ "tool_calls": [call] }), None);
    let words = text.split_inclusive(' ').map(|word| chunk(json!({ "content": word }), None));
    let call = [
        call(json!({"index": 0, "id": "fake_0", "type": "function", "function": {"name": name, "arguments": begin}})),
        call(json!({"index": 0, "function": {"arguments": rest}})),
    ];
    words.chain(call).collect()
}

fn chunk(delta: Value, finish_reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason});
    format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": [choice]}))
}

fn calls_of(calls: Vec<(&str, String)>) -> Value {
    let calls: Vec<Value> = calls
        .into_iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({"id": format!("fake_{index}"), "type": "function", "function": {"name": name, "arguments": arguments}})
        })
        .collect();
    json!({"content": null, "tool_calls": calls})
}

fn completion(mut message: Value, finish_reason: &str) -> String {
    message["role"] = json!("assistant");
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    })
    .to_string()
}
