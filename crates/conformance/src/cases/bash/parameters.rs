//! Arguments that are wrong: an error that a model can act on, and the session goes on.

use serde_json::{Value, json};

use crate::{
    case::{Group, Tool},
    miss::Miss,
    session::Session,
};

/// The call is refused, and the shell with its state is there afterwards.
async fn refuses(s: &Session, arguments: Value) -> Result<(), Miss> {
    s.bash("KEPT=$((20+22))").await?;
    s.call(Tool::Bash, arguments).await?.refused()?;
    s.bash("echo kept=$KEPT").await?.says("kept=42").map(drop)
}

pub(super) fn group() -> Group {
    Group::new(Tool::Bash, "parameters")
        .case("neither command nor restart is refused", "The published contract wants one of them.", async |s| {
            refuses(s, json!({})).await
        })
        .case(
            "a mistake is answered so that a model can read it",
            "An error of the protocol never reaches the model.",
            async |s| s.call(Tool::Bash, json!({})).await?.refused_readably()?.mentions("command"),
        )
        .case("a number as the command is refused", "A wrong type is a mistake to be told.", async |s| {
            refuses(s, json!({ "command": 5 })).await
        })
        .case("a list as the command is refused", "Models confuse it with an argument vector.", async |s| {
            refuses(s, json!({ "command": ["ls", "-l"] })).await
        })
        .case("null as the command is refused", "It is no command.", async |s| {
            refuses(s, json!({ "command": null })).await
        })
        .case("a text as restart is refused", "\"false\" must not restart anything.", async |s| {
            refuses(s, json!({ "restart": "false" })).await
        })
        .case("an unknown parameter is refused", "A misspelt parameter would go unseen.", async |s| {
            refuses(s, json!({ "command": "true", "comand": "false" })).await
        })
        .case(
            "a command with a NUL is refused",
            "No shell can run it, and cutting it runs something else.",
            async |s| {
                let path = s.path("cut");
                s.call(Tool::Bash, json!({ "command": format!("touch {path}\0.txt") })).await?.refused()?;
                s.bash(&format!("ls {path}* 2>/dev/null; echo sum=$((20+22))")).await?.says("sum=42")?.says_not("/cut")
            },
        )
        .case("a timeout that is no number is refused", "A wrong type is a mistake to be told.", async |s| {
            s.bash_takes_timeout()?;
            refuses(s, json!({ "command": "true", "timeout": "soon" })).await
        })
        .case("a negative timeout is refused", "It has no meaning.", async |s| {
            s.bash_takes_timeout()?;
            refuses(s, json!({ "command": "true", "timeout": -1 })).await
        })
        .case("an empty command does no harm", "Models send it.", async |s| {
            s.bash("KEPT=$((20+22))").await?;
            s.bash("").await?;
            s.bash("# only a comment").await?.done()?;
            s.bash("echo kept=$KEPT").await?.says("kept=42")
        })
}
