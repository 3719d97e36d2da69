//! A tool server as it is written in an afternoon: a new `bash -c` for each command, edits of a text that was read as
//! lines. It is here to show that the cases find what is wrong with it, and what a report of failures looks like:
//! `handspike conformance --mcp target/debug/examples/naive_server`. With `NAIVE_CALLS=7` it ends at its eighth call.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, Write as _},
    process::Command,
};

use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut calls_left = env::var("NAIVE_CALLS").ok().and_then(|calls| calls.parse::<u32>().ok());
    for line in io::stdin().lock().lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
        let result = match message["method"].as_str() {
            Some("initialize") => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "naive-server", "version": "1.0" },
            }),
            Some("tools/list") => tools(),
            Some("tools/call") if calls_left == Some(0) => return Ok(()),
            Some("tools/call") => {
                calls_left = calls_left.map(|calls| calls - 1);
                call(&message["params"])
            }
            _ => continue,
        };
        writeln!(io::stdout(), "{}", json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))?;
    }
    Ok(())
}

fn tools() -> Value {
    let text = json!({ "type": "string" });
    let bash = json!({ "command": text, "restart": { "type": "boolean" } });
    let editor = json!({
        "command": { "enum": ["view", "create", "str_replace"] }, "path": text, "file_text": text, "old_str": text,
        "new_str": text,
    });
    json!({ "tools": [
        { "name": "bash", "inputSchema": { "type": "object", "properties": bash } },
        { "name": "str_replace_editor", "inputSchema": { "type": "object", "properties": editor } },
    ] })
}

fn call(params: &Value) -> Value {
    let arguments = &params["arguments"];
    let done = match params["name"].as_str() {
        Some("bash") => bash(arguments),
        _ => edit(arguments),
    };
    let (text, is_error) = done.map_or_else(|error| (error.to_string(), true), |text| (text, false));
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

fn bash(arguments: &Value) -> Result<String, Box<dyn Error>> {
    let command = arguments["command"].as_str().unwrap_or_default();
    let output = Command::new("bash").args(["-c", command]).output()?;
    // The classic: what is on stderr replaces what is on stdout.
    let shown = if output.stderr.is_empty() { output.stdout } else { output.stderr };
    Ok(String::from_utf8_lossy(&shown).into_owned())
}

fn edit(arguments: &Value) -> Result<String, Box<dyn Error>> {
    let argument = |name: &str| arguments[name].as_str().unwrap_or_default();
    let path = argument("path");
    match argument("command") {
        "create" => fs::write(path, argument("file_text"))?,
        "str_replace" => {
            let lines: Vec<String> = fs::read_to_string(path)?.lines().map(str::to_owned).collect();
            fs::write(path, lines.join("\n").replace(argument("old_str"), argument("new_str")) + "\n")?;
        }
        _ => return Ok(fs::read_to_string(path)?),
    }
    Ok("done".to_owned())
}
