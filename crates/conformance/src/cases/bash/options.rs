//! Changes of the shell itself that upset a server which relies on prompts, marks or its own commands in the shell.

use crate::case::{Group, Tool};

/// A change, then a command that must be answered in full, twice.
macro_rules! survives {
    ($group:expr, $name:literal, $why:literal, $change:expr) => {
        $group.case($name, $why, async |s| {
            s.bash($change).await?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")?;
            s.bash("command printf 'again=%d\\n' $((1+1))").await?.says("again=2")
        })
    };
}

pub(super) fn group() -> Group {
    let group = Group::new(Tool::Bash, "options")
        .case("set -e ends no session", "Scripts begin with `set -e`, and a failure then ends the shell.", async |s| {
            s.bash("set -e; false; echo not-here=$((1+1))").await?.says_not("not-here=2")?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")
        })
        .case("set -u ends no session", "An unset variable then ends a script, but not the session.", async |s| {
            s.bash("set -u; echo \"$NOT_SET_AT_ALL\"").await?.says("NOT_SET_AT_ALL")?;
            s.bash("echo sum=$((20+22))").await?.says("sum=42")
        })
        .case(
            "set -x shows the commands of the model only",
            "Traces of the server's own commands confuse.",
            async |s| {
                s.bash("set -x").await?;
                let answer = s.bash("true sum=$((20+22))").await?.says("true sum=42")?;
                answer.no_longer_than(400)
            },
        )
        .case("text that looks like a mark is only text", "Output must not be able to end a command.", async |s| {
            let marks =
                "printf '%s\\n' '<<exit>>' ',,,,exit-0-banner,,,,' '###PS1END###' '__END__' '$ ' '[exit status 0]'";
            let answer = s.bash(&format!("{marks}; echo last=$((20+22)); (exit 37)")).await?;
            answer.says("__END__")?.says_in_order(&["<<exit>>", "last=42"])?.shows_number(37)
        });
    let group = survives!(group, "PS1 may change", "Environments set prompts.", "PS1='new prompt> '; PS2='more> '");
    let group = survives!(group, "PS1 may be unset", "Environments unset prompts.", "unset PS1 PS2 PS4");
    let group = survives!(
        group,
        "PROMPT_COMMAND may change",
        "Tools install prompt hooks.",
        "PROMPT_COMMAND='echo hooked; false'"
    );
    let group = survives!(group, "a DEBUG trap may be set", "Debuggers trace with it.", "trap 'true debug' DEBUG");
    let group = survives!(
        group,
        "an ERR trap may be set",
        "Scripts report errors with it.",
        "trap 'echo failed at $LINENO' ERR; false"
    );
    let group =
        survives!(group, "a RETURN trap and functrace may be set", "Profilers use them.", "set -T; trap 'true' RETURN");
    let group = survives!(group, "an INT trap may be set", "Scripts guard themselves with it.", "trap '' INT TERM");
    let group = survives!(group, "IFS may change", "Parsing scripts set it and forget it.", "IFS=,");
    let group = survives!(group, "PATH may be empty", "A slip in PATH must not need a restart.", "OLD=$PATH; PATH=");
    let group = survives!(group, "POSIX mode may be on", "Portable scripts switch it on.", "set -o posix");
    let group = survives!(
        group,
        "builtins may be shadowed",
        "Functions named as builtins are legal.",
        "read() { :; }; eval() { :; }; printf() { :; }; export -f read"
    );
    let group = survives!(
        group,
        "aliases may shadow commands",
        "Dotfiles alias everything.",
        "shopt -s expand_aliases; alias cat='false' sleep='false' eval='false'"
    );
    let group = survives!(
        group,
        "stdin and low descriptors may be replaced",
        "Scripts open descriptors with exec.",
        "exec 3</dev/null 4>/dev/null 5<>/dev/null 0</dev/null"
    );
    let group = survives!(group, "verbose and noclobber may be on", "They are ordinary options.", "set -v -C");
    survives!(
        group,
        "a variable may be read-only",
        "Readonly variables outlive a command.",
        "readonly sum=1 status=2 cmd=3 ret=4 rc=5 result=6"
    )
}
