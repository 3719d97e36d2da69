//! Commands that upset a server which appends text of its own to them, or which reads only up to a line's end.

use crate::{
    case::{Group, Tool},
    miss::expect_same,
};

pub(super) fn group() -> Group {
    Group::new(Tool::Bash, "language")
        .case(
            "a heredoc arrives byte for byte",
            "Models write files with heredocs more than in any other way.",
            async |s| {
                let path = s.path("out");
                s.bash(&format!("cat > {path} <<'END'\nit's \"quoted\" $HOME `id` \\n\n\ttab\nEND")).await?.done()?;
                expect_same("it's \"quoted\" $HOME `id` \\n\n\ttab\n".to_owned(), s.tell(&format!("cat {path}")).await?)
            },
        )
        .case("a heredoc may be the end of a command", "Text put behind a command lands in its heredoc.", async |s| {
            s.bash("cat <<EOF\nsum=$((20+22))\nEOF").await?.says("sum=42")
        })
        .case(
            "a comment may be the end of a command",
            "Text put behind a command vanishes in its comment.",
            async |s| s.bash("echo sum=$((20+22)) # a comment").await?.says("sum=42"),
        )
        .case("a trailing semicolon is allowed", "`cmd; ;` is a syntax error that the model did not make.", async |s| {
            s.bash("echo sum=$((20+22));").await?.done()?.says("sum=42")
        })
        .case(
            "a trailing ampersand is allowed",
            "`cmd & ;` is a syntax error that the model did not make.",
            async |s| {
                let path = s.path("out");
                s.bash(&format!("echo sum=$((20+22)) > {path} &")).await?.done()?;
                s.eventually_tells(&format!("cat {path}"), "sum=42").await
            },
        )
        .case(
            "an unterminated quote is reported and the shell lives on",
            "A shell that waits for the closing quote hangs.",
            async |s| {
                s.bash("KEPT=$((40+2))").await?;
                s.bash("echo \"never closed").await?;
                s.bash("echo kept=$KEPT").await?.says("kept=42")
            },
        )
        .case(
            "an unterminated heredoc does not swallow the next command",
            "The next command would be taken for text.",
            async |s| {
                s.bash("cat <<EOF\nno end").await?;
                s.bash("echo sum=$((20+22))").await?.says("sum=42")
            },
        )
        .case("a syntax error leaves the shell as it was", "One slip must not cost the session's state.", async |s| {
            s.bash("KEPT=$((40+2)); cd /usr").await?;
            s.bash("if then fi )(").await?.says("syntax error")?;
            s.bash("echo kept=$KEPT in $PWD").await?.says("kept=42 in /usr")
        })
        .case("a command may have 5,000 lines", "Models send whole scripts.", async |s| {
            let lines: String = (0..5000).map(|_| ": $((n+=1))\n").collect();
            s.bash(&format!("n=0\n{lines}echo n=$n")).await?.says("n=5000")
        })
        .case("a command may be 1 MB long", "Files travel inside commands, and pipes hold 64 KiB.", async |s| {
            let long = "x".repeat(1_000_000);
            s.bash(&format!("long='{long}'; echo length=${{#long}}")).await?.says("length=1000000")
        })
        .case("there is no history expansion", "An exclamation mark in a string is an exclamation mark.", async |s| {
            s.bash("echo \"wow!! $((20+22)) !x\"").await?.says("wow!! 42 !x")
        })
        .case(
            "functions and cases over several lines work",
            "A server that sends line by line sees half of a function.",
            async |s| {
                s.bash("f() {\n  case $1 in\n    a) echo \"first=$((1+1))\" ;;\n    *) echo other ;;\n  esac\n}\nf a")
                    .await?
                    .says("first=2")
            },
        )
        .case("a backslash joins lines", "Long commands are written with continuations.", async |s| {
            s.bash("echo one \\\n  two-$((1+1)) \\\n  three").await?.says("one two-2 three")
        })
        .case(
            "a command may end in a backslash",
            "A backslash must not join whatever the server puts behind it.",
            async |s| {
                s.bash("echo sum=$((20+22)) \\").await?.says("sum=42")?;
                s.bash("echo next=$((1+1))").await?.says("next=2")
            },
        )
        .case("unicode in a command stays what it is", "Commands are UTF-8.", async |s| {
            let path = s.path("naïve 世界 😀");
            s.bash(&format!("echo $((20+22)) > '{path}'")).await?.done()?;
            let answer = s.bash(&format!("cat '{path}'; printf '%s\\n' 'é世😀' | wc -c")).await?;
            answer.shows_number(42)?.shows_number(10)
        })
}
