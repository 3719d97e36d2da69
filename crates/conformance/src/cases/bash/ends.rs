//! The end of the shell: expected, unexpected, and asked for.

use std::time::Duration;

use serde_json::json;

use crate::case::{Group, Tool};

/// Generous for "at once" on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);

pub(super) fn group() -> Group {
    Group::new(Tool::Bash, "ends")
        .case("exit is answered with its status", "A model ends scripts with `exit N` and has to see N.", async |s| {
            s.bash("exit 37").await?.within(AT_ONCE)?.shows_number(37)
        })
        .case("after exit there is a shell", "Nobody should have to ask for a restart.", async |s| {
            s.bash("exit 3").await?;
            s.bash("echo sum=$((20+22))").await?.within(AT_ONCE)?.says("sum=42")
        })
        .case("after exit the working directory is the same", "The next command means the same folder.", async |s| {
            s.bash("cd /usr/lib").await?;
            s.bash("exit 3").await?;
            s.bash("echo \"in:$PWD:\"").await?.says("in:/usr/lib:")
        })
        .case("after exit exported variables are the same", "Tokens and paths are exported once.", async |s| {
            s.bash("export KEPT=$((20+22))").await?;
            s.bash("exit 3").await?;
            s.bash("echo kept=$KEPT").await?.says("kept=42")
        })
        .case("output before exit is kept", "The reason for the end stands before it.", async |s| {
            s.bash("echo sum=$((20+22)); echo why=$((50+7)) >&2; exit 3").await?.says("sum=42")?.says("why=57")
        })
        .case("exec of a program is answered at its end", "`exec` replaces the shell by the program.", async |s| {
            s.bash("exec sh -c 'echo sum=$((20+22)); exit 37'")
                .await?
                .within(AT_ONCE)?
                .says("sum=42")?
                .shows_number(37)?;
            s.bash("echo next=$((1+1))").await?.says("next=2")
        })
        .case("killing the shell is answered at once", "`kill -9 $$` closes everything with nothing said.", async |s| {
            s.bash("echo sum=$((20+22)); kill -9 $$").await?.within(AT_ONCE)?.says("sum=42")?;
            s.bash("echo next=$((1+1))").await?.within(AT_ONCE)?.says("next=2")
        })
        .case("exit in a subshell is harmless", "Only the subshell ends.", async |s| {
            s.bash("KEPT=$((20+22)); (exit 9)").await?;
            s.bash("echo kept=$KEPT").await?.says("kept=42")
        })
        .case(
            "the shell's own output may be redirected",
            "After `exec >/dev/null` the next answers must not be empty.",
            async |s| {
                s.bash("exec >/dev/null 2>&1").await?;
                s.restart().await?.done()?;
                s.bash("echo sum=$((20+22))").await?.says("sum=42")
            },
        )
        .case("a closed stdout does not wedge the shell", "`exec 1>&-` is legal and must be survived.", async |s| {
            s.bash("exec 1>&- 2>&-").await?.within(AT_ONCE)?;
            s.restart().await?.within(AT_ONCE)?.done()?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")
        })
        .case("an EXIT trap runs and the end is seen", "Clean-up code stands in EXIT traps.", async |s| {
            let path = s.path("trapped");
            s.bash(&format!("trap 'echo $((20+22)) > {path}' EXIT; exit 3")).await?.within(AT_ONCE)?;
            s.eventually_tells(&format!("cat {path}"), "42").await
        })
        .case("restart forgets variables and functions", "A restart is for a clean start.", async |s| {
            s.bash("LEFT=$((20+22)); export LEFT; f() { echo f; }").await?.done()?;
            s.restart().await?.done()?;
            s.bash("echo \"left:$LEFT:\"; type f").await?.says("left::")
        })
        .case("restart ends background jobs", "What the old shell started must not go on unseen.", async |s| {
            let sleep = s.long_sleep().await?;
            s.bash(&format!("{sleep} &")).await?.done()?;
            s.restart().await?.done()?;
            s.eventually_gone(&sleep).await
        })
        .case("restart needs no command", "The published contract has `restart` alone.", async |s| {
            s.call(Tool::Bash, json!({ "restart": true })).await?.done()?.within(AT_ONCE)
        })
}
