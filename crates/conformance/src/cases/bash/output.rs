//! What of a command's output reaches the model: all streams, in order, bounded, readable.

use std::time::Duration;

use crate::{
    case::{Group, Tool},
    miss::expect,
};

/// More than any server should put before a model in one answer.
const BOUND: usize = 256 << 10;

/// Generous for 50 MB on a busy machine.
const BIG: Duration = Duration::from_secs(25);

pub(super) fn group() -> Group {
    Group::new(Tool::Bash, "output")
        .case("the exit status is shown", "A model can't know without it whether a silent command worked.", async |s| {
            s.bash("(exit 37)").await?.shows_number(37)
        })
        .case("the status of a program that was not found is shown", "127 means a missing program.", async |s| {
            s.bash("no-such-program-at-all").await?.says("not found")?.shows_number(127)
        })
        .case("stderr does not replace stdout", "Warnings must not cost the result.", async |s| {
            s.bash("echo out=$((20+22)); echo err=$((50+7)) >&2").await?.says("out=42")?.says("err=57")
        })
        .case(
            "both streams come in the order of their writing",
            "An error stands behind the step that it belongs to.",
            async |s| {
                s.bash("echo one=$((1+0)); sleep 0.1; echo two=$((1+1)) >&2; sleep 0.1; echo three=$((1+2))")
                    .await?
                    .says_in_order(&["one=1", "two=2", "three=3"])
            },
        )
        .case("a failing command keeps its output", "The message is what the model needs.", async |s| {
            s.bash("echo out=$((20+22)); ls /no-such-folder").await?.says("out=42")?.says("no-such-folder")
        })
        .case("output without a final newline is complete", "printf writes none.", async |s| {
            s.bash("printf 'sum=%d' $((20+22))").await?.says("sum=42")
        })
        .case("no output is an answer too", "Most commands that work say nothing.", async |s| {
            s.bash("true").await?.done()
        })
        .case("white space at the edges is kept", "Indentation and empty lines may matter.", async |s| {
            s.bash("printf '    indented=%d\\n' $((20+22))").await?.says("    indented=42")
        })
        .case(
            "big output keeps its beginning and its end",
            "Errors stand at the end, and what led to them at the beginning.",
            async |s| {
                s.bash("echo first=$((20+22)); seq 1 300000; echo last=$((50+7))")
                    .await?
                    .says_in_order(&["first=42", "last=57"])
            },
        )
        .case("big output is bounded", "A model's context is not for a log of megabytes.", async |s| {
            s.bash("seq 1 300000").await?.no_longer_than(BOUND)
        })
        .case(
            "an answer that leaves something out says so",
            "Otherwise the model takes a part for the whole.",
            async |s| {
                let answer = s.bash("for i in $(seq 1 40000); do echo xyzzyxyzzy; done").await?;
                let shown = answer.text.matches("xyzzyxyzzy").count();
                let rest = answer.text.replace("xyzzyxyzzy", "");
                expect(shown == 40000 || !rest.trim().is_empty(), "a word about what is left out", &answer.text)?;
                expect(shown == 40000 || rest.chars().any(char::is_numeric), "how much is left out", &rest)
            },
        )
        .case("50 MB of output take seconds", "A careless `cat` must not cost minutes.", async |s| {
            s.bash("head -c 50000000 /dev/zero | tr '\\0' x | fold -w 99; echo last=$((20+22))")
                .await?
                .within(BIG)?
                .says("last=42")
        })
        .case("a line of 5 MB is bounded", "Minified files have no line ends to cut at.", async |s| {
            let answer = s.bash("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last=$((20+22))").await?;
            answer.says("last=42")?.no_longer_than(BOUND)
        })
}

/// Bytes that are no plain text.
pub(super) fn raw() -> Group {
    Group::new(Tool::Bash, "raw output")
        .case("bytes that are no UTF-8 do no harm", "Binary files are printed by mistake.", async |s| {
            let print = "printf 'a\\377\\376b=%d\\n' $((20+22)); head -c 300 /dev/urandom; echo; echo last=$((50+7))";
            s.bash(print).await?.says("b=42")?.says("last=57")
        })
        .case("UTF-8 beside other bytes stays readable", "One bad byte must not spoil the text around it.", async |s| {
            let print = "printf '\\303\\251\\344\\270\\226\\377\\360\\237\\230\\200=%d\\n' $((20+22))";
            s.bash(print).await?.says("é世")?.says("😀=42")
        })
        .case("characters are not split at read boundaries", "Buffers end in the middle of characters.", async |s| {
            let many = "for i in $(seq 1 3000); do printf '世é'; done";
            let answer = s.bash(&format!("{many}; printf '\\303'; sleep 0.2; printf '\\251=%d' $((20+22))")).await?;
            answer.says_not("\u{fffd}")?.says("世é世é")?.says("é=42")
        })
        .case("colours are removed", "Escape sequences cost tokens and mislead.", async |s| {
            let answer = s.bash("printf '\\033[1;31mred=%d\\033[0m\\n' $((20+22))").await?;
            answer.says("red=42")?.says_not("\u{1b}")?.says_not("[1;31m")
        })
        .case("titles and links are removed", "OSC sequences end with a bell or ESC backslash.", async |s| {
            s.bash("printf '\\033]0;title\\007sum=%d\\033]8;;http://x\\033\\\\link\\033]8;;\\033\\\\\\n' $((20+22))")
                .await?
                .says("sum=42link")?
                .says_not("\u{1b}")?
                .says_not("\u{7}")
        })
        .case("a line redrawn with carriage returns shows its last state", "Progress bars redraw often.", async |s| {
            let redraw = "for i in $(seq 1 99); do printf '\\rprogress %d%%  ' $i; done";
            let answer = s.bash(&format!("{redraw}; printf '\\rprogress %d%%\\n' $((99+1))")).await?;
            answer.says("progress 100%")?.says_not("progress 42%")
        })
        .case("a redraw replaces only what it reaches", "A terminal shows the rest of the line as it was.", async |s| {
            let answer = s.bash("printf 'one=%d,kept\\rtwo=%d\\n' $((1+0)) $((1+1))").await?;
            answer.says("two=2,kept")?.says_not("one=1")
        })
        .case("a line that is erased and drawn again is gone", "`ESC [ K` follows most redraws.", async |s| {
            let answer = s.bash("printf 'lost=%d\\r\\033[Kx=%d\\n' $((1+0)) $((1+1))").await?;
            answer.says("x=2")?.says_not("lost=1")?.says_not("x=2t")
        })
        .case("CRLF line ends are lines", "Programs from other systems write them.", async |s| {
            s.bash("printf 'one=%d\\r\\ntwo=%d\\r\\n' $((1+0)) $((1+1))").await?.says_in_order(&["one=1", "two=2"])
        })
        .case("NUL in output does no harm", "`find -print0` and binary files write it.", async |s| {
            s.bash("printf 'a=%d\\0b=%d\\n' $((20+22)) $((50+7))").await?.says("a=42")?.says("b=57")?.says_not("\0")
        })
        .case("the locale is UTF-8", "Otherwise tools escape or refuse names that are not ASCII.", async |s| {
            s.bash("x=é世; echo length=${#x}; locale charmap").await?.says("length=2")
        })
}
