//! Time limits and cancellation. Where a server's shell takes no `timeout`, those cases do not apply.

use std::time::Duration;

use serde_json::json;

use crate::{
    case::{Group, Tool},
    miss::{Miss, expect},
    session::{CALL_LIMIT, Session},
};

/// Generous for "soon after the limit of a second" on a busy machine: SIGTERM, grace and SIGKILL included.
const SOON_AFTER: Duration = Duration::from_secs(20);

pub(super) fn group() -> Group {
    let group = Group::new(Tool::Bash, "time limits")
        .case("the output before a timeout is kept", "It tells what the command was doing.", async |s| {
            s.bash_for("echo sum=$((20+22)); sleep 600", 1).await?.within(SOON_AFTER)?.says("sum=42")
        })
        .case("a timeout is called one", "The model has to know that the command did not end by itself.", async |s| {
            let answer = s.bash_for("sleep 600", 1).await?.within(SOON_AFTER)?;
            let text = answer.text.to_lowercase();
            expect(text.contains("time") && text.contains('1'), "words about the time and its limit", &answer.text)
        })
        .case(
            "after a timeout the same shell lives",
            "Its folder and variables took many steps to set up.",
            async |s| {
                s.bash("KEPT=$((20+22)); cd /usr/lib; me=$$").await?;
                s.bash_for("sleep 600", 1).await?;
                s.bash("echo \"kept=$KEPT in:$PWD: same=$((me == $$))\"").await?.says("kept=42 in:/usr/lib: same=1")
            },
        )
        .case("a timeout ends the children of children", "Half a build must not go on in the background.", async |s| {
            let sleep = s.long_sleep().await?;
            s.bash_for(&format!("sh -c 'sh -c \"{sleep}; true\"; true'"), 1).await?;
            s.eventually_gone(&sleep).await
        })
        .case("a timeout ends programs that ignore signals", "SIGTERM can be ignored.", async |s| {
            let sleep = s.long_sleep().await?;
            let command = format!("bash -c 'trap \"\" INT TERM HUP; {sleep}; {sleep}'");
            s.bash_for(&command, 1).await?.within(SOON_AFTER)?;
            s.eventually_gone(&sleep).await
        })
        .case("a timeout ends programs in sessions of their own", "`setsid` leaves the process group.", async |s| {
            s.needs("setsid").await?;
            let sleep = s.long_sleep().await?;
            s.bash_for(&format!("setsid {sleep} & setsid -w {sleep}"), 1).await?;
            s.eventually_gone(&sleep).await
        })
        .case("the rest of a list does not run after a timeout", "`a; b` was given up as a whole.", async |s| {
            let path = s.path("rest");
            s.bash_for(&format!("sleep 600; touch {path}"), 1).await?;
            s.bash(&format!("[ -e {path} ] || echo absent=$((1+1))")).await?.says("absent=2")
        })
        .case("an endless loop in the shell itself is ended", "There is no child that could be killed.", async |s| {
            s.bash_for("while :; do :; done", 1).await?.within(SOON_AFTER)?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")
        })
        .case("an endless stream is ended and bounded", "`yes` writes gigabytes in a second.", async |s| {
            s.bash_for("yes abcdefghij", 1).await?.within(SOON_AFTER)?.says("abcdefghij")?.no_longer_than(1 << 20)
        })
        .case("silence alone ends nothing", "Compilers are silent for minutes.", async |s| {
            s.bash_for("sleep 3; echo sum=$((20+22))", 25).await?.says("sum=42")
        })
        .case("a time limit holds for one call only", "The next call has the default again.", async |s| {
            s.bash_for("true", 1).await?;
            s.bash("sleep 2; echo sum=$((20+22))").await?.says("sum=42")
        });
    cancellation(group)
}

fn cancellation(group: Group) -> Group {
    group
        .case("a cancelled command ends", "The user stopped it; it must not go on unseen.", async |s| {
            let sleep = s.long_sleep().await?;
            cancel(s, &sleep).await?;
            s.eventually_gone(&sleep).await
        })
        .case("after a cancellation the same shell answers", "Cancelling costs a command, not a session.", async |s| {
            s.bash("KEPT=$((20+22)); cd /usr/lib").await?;
            cancel(s, "sleep 600").await?;
            s.bash("echo \"kept=$KEPT in:$PWD:\"").await?.within(SOON_AFTER)?.says("kept=42 in:/usr/lib:")
        })
        .case(
            "parallel calls queue in order",
            "Clients send several calls at once; one shell runs one at a time.",
            async |s| {
                let path = s.path("order");
                let first = json!({ "command": format!("sleep 0.5; echo first >> {path}; echo one=$((20+22))") });
                let second = json!({ "command": format!("echo second >> {path}; echo two=$((50+7))") });
                let (first, second) = (s.send(Tool::Bash, first).await?, s.send(Tool::Bash, second).await?);
                first.answer(CALL_LIMIT).await?.says("one=42")?.says_not("two=57")?;
                second.answer(CALL_LIMIT).await?.says("two=57")?.says_not("one=42")?;
                s.bash(&format!("cat {path}")).await?.says_in_order(&["first", "second"])
            },
        )
}

/// Starts a command that takes long, and cancels it.
async fn cancel(s: &Session, command: &str) -> Result<(), Miss> {
    let pending = s.send(Tool::Bash, json!({ "command": command })).await?;
    // Nothing but the shell itself can tell that it has begun, and it is busy: a moment has to do. If it has not begun
    // yet, the cancellation meets it waiting, which has to end it as well.
    tokio::time::sleep(Duration::from_millis(500)).await;
    pending.cancel().await
}
