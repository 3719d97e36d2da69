//! What carries over from one command to the next.

use crate::case::{Group, Tool};

pub(super) fn group() -> Group {
    Group::new(Tool::Bash, "state")
        .case("the working directory carries over", "Models change into a project once.", async |s| {
            s.bash("cd /usr/lib").await?.done()?;
            s.bash("echo \"in:$PWD:\"").await?.says("in:/usr/lib:")
        })
        .case("variables carry over", "A session is one shell.", async |s| {
            s.bash("ONE=$((20+22)); export TWO=$((50+7))").await?.done()?;
            s.bash("echo \"$ONE:$(printenv TWO):\"").await?.says("42:57:")
        })
        .case("functions carry over", "A session is one shell.", async |s| {
            s.bash("double() { echo \"twice=$(($1*2))\"; }").await?.done()?;
            s.bash("double 21").await?.says("twice=42")
        })
        .case("aliases carry over", "Once aliases are on, a session keeps them.", async |s| {
            s.bash("shopt -s expand_aliases; alias answer='echo alias=$((20+22))'").await?.done()?;
            s.bash("answer").await?.says("alias=42")
        })
        .case("options carry over", "A script's `set -f` is meant to last.", async |s| {
            s.bash("set -f; shopt -s nullglob").await?.done()?;
            s.bash("case $- in *f*) shopt -q nullglob && echo both=$((1+1));; esac").await?.says("both=2")
        })
        .case("the exit status carries over in $?", "The next command may ask how the last one ended.", async |s| {
            s.bash("(exit 37)").await?;
            s.bash("echo status=$?").await?.says("status=37")
        })
        .case("the umask carries over", "Files made later have the modes that were asked for.", async |s| {
            s.bash("umask 077").await?.done()?;
            s.bash("umask").await?.says("0077")
        })
        .case("arrays and traps carry over", "A session is one shell, not one command after the other.", async |s| {
            s.bash("list=(a b c); trap 'echo caught=$((1+1))' USR1").await?.done()?;
            s.bash("echo count=${#list[@]}; kill -USR1 $$").await?.says("count=3")?.says("caught=2")
        })
        .case("a subshell changes nothing outside of it", "Parentheses mean a copy.", async |s| {
            s.bash("cd /; X=1").await?.done()?;
            s.bash("(cd /usr; X=2)").await?.done()?;
            s.bash("echo \"at:$PWD:$X\"").await?.says("at:/:1")
        })
        .case(
            "a background job can be waited for later",
            "Builds are started, and their end is asked for.",
            async |s| {
                s.bash("(exit 9) & job=$!").await?.done()?;
                s.bash("wait $job; echo waited=$?").await?.says("waited=9")
            },
        )
        .case(
            "a working directory that was removed does no harm",
            "Models delete the folder that they stand in.",
            async |s| {
                let folder = s.path("gone");
                s.bash(&format!("mkdir {folder}; cd {folder}; rmdir {folder}")).await?;
                s.bash("echo sum=$((20+22)); cd /; pwd").await?.says("sum=42")
            },
        )
}
