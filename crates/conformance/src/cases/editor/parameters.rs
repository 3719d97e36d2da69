//! Arguments that are missing, foreign or wrong.

use serde_json::{Value, json};

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect_bytes},
    session::Session,
};

/// A call about a small file is refused, and the file is as it was.
async fn refuses(s: &Session, command: &str, more: Value) -> Result<(), Miss> {
    let path = s.write("file", b"one\ntwo\n").await?;
    s.edit(command, &path, more).await?.refused()?;
    expect_bytes(b"one\ntwo\n", &s.read(&path).await?)
}

pub(super) fn group() -> Group {
    Group::new(Tool::Editor, "parameters")
        .case("an unknown command is refused", "It must not be guessed.", async |s| {
            refuses(s, "append", json!({ "new_str": "x" })).await
        })
        .case("a missing command is refused", "It is required.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.call(Tool::Editor, json!({ "path": path })).await?.refused()
        })
        .case("a missing path is refused", "It is required.", async |s| {
            s.call(Tool::Editor, json!({ "command": "view" })).await?.refused()
        })
        .case("a missing old_str is refused", "str_replace needs it.", async |s| {
            refuses(s, "str_replace", json!({ "new_str": "x" })).await
        })
        .case("a missing insert_line is refused", "insert needs it.", async |s| {
            let parameter = if s.is_newest_editor()? { "insert_text" } else { "new_str" };
            refuses(s, "insert", json!({ parameter: "x" })).await
        })
        .case("a missing text for insert is refused", "insert needs it.", async |s| {
            refuses(s, "insert", json!({ "insert_line": 1 })).await
        })
        .case("a missing file_text is refused", "An empty file was not asked for.", async |s| {
            let path = s.path("new");
            s.edit("create", &path, json!({})).await?.refused()?;
            s.eventually_tells(&format!("[ -e {path} ] || echo absent"), "absent").await
        })
        .case("the refusal names the missing parameter", "The model corrects itself by it.", async |s| {
            let path = s.write("file", b"one\n").await?;
            s.edit("str_replace", &path, json!({ "new_str": "x" })).await?.refused_readably()?.says("old_str")
        })
        .case("a number as old_str is refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, "str_replace", json!({ "old_str": 5, "new_str": "x" })).await
        })
        .case("a text as insert_line is refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, "insert", json!({ "insert_line": "first", "new_str": "x", "insert_text": "x" })).await
        })
        .case("a fraction as insert_line is refused", "There is no line 1.5.", async |s| {
            refuses(s, "insert", json!({ "insert_line": 1.5, "new_str": "x" })).await
        })
        .case("a list as path is refused", "A wrong type is a mistake to be told.", async |s| {
            s.call(Tool::Editor, json!({ "command": "view", "path": ["/tmp"] })).await?.refused()
        })
        .case(
            "a parameter of another command is refused",
            "The model means something that will not happen.",
            async |s| refuses(s, "str_replace", json!({ "old_str": "one", "new_str": "1", "insert_line": 2 })).await,
        )
        .case("an unknown parameter is refused", "A misspelt parameter would go unseen.", async |s| {
            refuses(s, "str_replace", json!({ "old_str": "one", "new_st": "1" })).await
        })
}
