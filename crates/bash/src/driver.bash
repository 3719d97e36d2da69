# What every shell evaluates at its start, after the variables of its predecessor. Lines that are comments are not sent.
# Names begin with __hs_. 210 is the descriptor of the command's text, 211 takes the reports and 212 the exported
# variables; 213 is what the shell reads its lines from, and 214 is empty.

# Reads the command, and sets $? to the status of the one before, where that is not 0. Success is told by that alone: this
# stands on the left of `||`, where `set -e` and an ERR trap overlook it.
__hs_read() {
    \command mapfile -tn1 -d '' -u210 __hs_code && \command return "$1"
    \command enable mapfile && \command mapfile -tn1 -d '' -u210 __hs_code && \command return "$1"
    \command return 0
}

# Reports call $1, which ended with status $2, and notes the exported variables. Where anything is not as it usually is,
# __hs_tidy follows: also if `return` did not return, as something stands in the place of `command`.
#
# The report is written with as many redirections as a command gets, so that it fails where the next command's would.
__hs_report() {
    \command printf '%s\0' "$1" "$2" "${PWD-}" <&210 2>&211 >&211 && \command declare -px >|/proc/self/fd/212 &&
        [[ ${__hs_code@a}${PS0-}${PS1-}${PS2-} == a ]] && \command return 0
    __hs_tidy "$@"
}

# Leaves all as the next call needs it, and reports once more; a second report is passed over. A shell that can't make the
# copies that redirections take is told apart. Its variables are not noted, as the attempt would lose those noted before.
__hs_tidy() {
    \command eval 'set -- "$1" "$2" 3'
    (($# == 3)) || __hs_mend
    \command enable printf mapfile declare
    if ! \command printf '%s\0' "$1" "$2" "${PWD-}" <&210 2>&211 >&211; then
        (\command printf '%s\0' "$1" "$2" "${PWD-}" last) >&211
        \command return 0
    fi
    \command declare -px >|/proc/self/fd/212
    [[ ${__hs_code@a} == a ]] || { \command unset -n __hs_code; \command unset __hs_code; }
    # Prompts that run something would hold up every later line. Where they are expanded whatever the option says, they go.
    [[ -z ${PS0-}${PS1-}${PS2-} ]] || \command shopt -u promptvars
    if [[ -o posix ]]; then PS0= PS1= PS2=; fi
    \command return 0
}

# Takes away a function that stands in the place of `command`, and brings back builtins that were disabled.
#
# Any command might be such a function, `unset` among them. Only an assignment is none, and that of POSIXLY_CORRECT has
# the shell look for its special builtins, `unset` among them, before functions. The options that come and go with it
# are set again as they were.
__hs_mend() {
    if [[ :$SHELLOPTS: == *:posix:* ]]; then
        \unset -f command
    else
        __hs_shopt=$BASHOPTS POSIXLY_CORRECT=y
        \unset -f command
        \unset POSIXLY_CORRECT
        \enable command
        for __hs_o in inherit_errexit expand_aliases interactive_comments sourcepath shift_verbose; do
            if [[ :$__hs_shopt: == *:$__hs_o:* ]]; then \command shopt -s "$__hs_o"; else \command shopt -u "$__hs_o"; fi
        done
    fi
    \enable command
    \command enable eval set return unset shopt
}

\readonly -f __hs_read __hs_report __hs_tidy __hs_mend

# The way out of a call. A plain SIGINT would not do to stop one: bash drops it while it waits for a child that dies of
# anything else. A trap runs as soon as the child is gone, and interrupts the shell from within, before the next command
# of the list. Between calls, when the shell's input is what it reads its lines from, it does nothing, so that a late
# signal cannot unwind a report.
trap '[[ /dev/fd/0 -ef /dev/fd/213 ]] || { \command trap - INT; \command kill -INT $$; }' PWR
