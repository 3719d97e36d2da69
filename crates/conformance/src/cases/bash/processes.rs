//! Background jobs, daemons, and standard input.

use std::time::Duration;

use crate::case::{Group, Tool};

/// Generous for "does not wait" on a busy machine, and far below what it would wait for.
const AT_ONCE: Duration = Duration::from_secs(12);

pub(super) fn group() -> Group {
    Group::new(Tool::Bash, "processes")
        .case("a background job runs on after its call", "Servers are started with `&`.", async |s| {
            let path = s.path("late");
            s.bash(&format!("(sleep 0.7; echo $((20+22)) > {path}) &")).await?.done()?;
            s.eventually_tells(&format!("cat {path}"), "42").await
        })
        .case("a background job does not hold the call", "`server &` is answered at once.", async |s| {
            s.bash("sleep 600 & echo sum=$((20+22))").await?.within(AT_ONCE)?.says("sum=42")
        })
        .case("a daemon that keeps stdout open does not hold the call", "Daemons never close it.", async |s| {
            s.needs("setsid").await?;
            s.bash("setsid sh -c 'sleep 60' & echo sum=$((20+22))").await?.within(AT_ONCE)?.says("sum=42")
        })
        .case("late output is not passed off as the next command's", "The model would be misled by it.", async |s| {
            let path = s.path("said");
            s.bash(&format!("(sleep 0.3; echo late=$((50+7)); touch {path}) &")).await?;
            s.eventually_tells(&format!("ls {path} 2>/dev/null | wc -l"), "1").await?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")?.says_not("late=57")
        })
        .case("standard input is empty", "A program that reads must not hang, nor eat the next command.", async |s| {
            s.bash("cat; echo sum=$((20+22))").await?.within(AT_ONCE)?.says("sum=42")
        })
        .case("read gets the end of input at once", "A question that nobody answers must not wait.", async |s| {
            s.bash("read -r -p 'Continue? ' x; echo status=$?").await?.within(AT_ONCE)?.says("status=1")
        })
        .case("a password prompt fails instead of waiting", "sudo and ssh read from the terminal itself.", async |s| {
            let ask = "(exec </dev/tty && read -r -s secret) 2>&1";
            s.bash(&format!("{ask}; echo sum=$((20+22))")).await?.within(AT_ONCE)?.says("sum=42")
        })
        .case("python reads an empty standard input", "`input()` raises instead of hanging.", async |s| {
            s.needs("python3").await?;
            s.bash("python3 -c 'input()'; echo sum=$((20+22))").await?.within(AT_ONCE)?.says("EOFError")?.says("sum=42")
        })
        .case("a pipeline that ends early ends", "`yes | head` relies on SIGPIPE.", async |s| {
            s.bash("yes | head -n 2 | wc -l; echo \"${PIPESTATUS[1]}:$((20+22))\"").await?.within(AT_ONCE)?.says("0:42")
        })
        .case("no pager waits for a key", "git, man and systemctl start one on a terminal.", async |s| {
            let pagers = "for p in \"$PAGER\" \"$GIT_PAGER\"; do case $p in cat|'') ;; *) echo wai''ts;; esac; done";
            let answer = s.bash(&format!("{pagers}; [ -t 1 ] && echo terminal=$((1+1)); true")).await?;
            answer.says_not("waits")?.says_not("terminal=2")
        })
        .case("signals have their defaults", "What a server blocks is blocked in all that it starts.", async |s| {
            let kill = "sh -c 'kill -PIPE $$'; echo pipe=$?; sh -c 'kill -TERM $$'; echo term=$?";
            let answer = s.bash(&format!("{kill}; grep SigBlk /proc/self/status")).await?;
            answer.says("pipe=141")?.says("term=143")?.says("0000000000000000")
        })
        .case("job control does not report between commands", "`[1]+ Done` belongs to no command.", async |s| {
            s.bash("sleep 0.1 &").await?;
            s.bash("sleep 0.4").await?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")?.says_not("Done")
        })
}
