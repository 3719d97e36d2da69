# What every shell evaluates at its start, after the variables of its predecessor. Lines that are comments are not sent.
# Names begin with __hs_, and 211 is the descriptor that takes the reports.

# Sets $?, for a command that is to find the status of the one before.
__hs_return() { return "$1"; }

# Brings back builtins that a command disabled. With a call's number it also reports that call: what ran when its own
# report failed must have disabled a builtin, and did so with status 0.
__hs_mend() {
    \enable builtin command eval mapfile declare printf
    (($# == 0)) || \printf '%s\0' "$1" 0 "${PWD-}" >&211
}

# Takes away functions that stand in the way of the builtins in our own lines, and notes the status before.
#
# Any command might be such a function, `unset` among them. Only an assignment is none, and that of POSIXLY_CORRECT has
# the shell look for its special builtins, `unset` among them, before functions. The options that come and go with it
# are set again as they were.
__hs_bare() {
    __hs_status=$?
    if [[ :$SHELLOPTS: == *:posix:* ]]; then
        \unset -f builtin command return
    else
        __hs_shopt=$BASHOPTS POSIXLY_CORRECT=y
        \unset -f builtin command return
        \unset POSIXLY_CORRECT
        for __hs_o in inherit_errexit expand_aliases interactive_comments sourcepath shift_verbose; do
            if [[ :$__hs_shopt: == *:$__hs_o:* ]]; then \builtin shopt -s "$__hs_o"; else \builtin shopt -u "$__hs_o"; fi
        done
    fi
}

# The way out of a call. A plain SIGINT would not do to stop one: bash drops it while it waits for a child that dies of
# anything else. A trap runs as soon as the child is gone, and interrupts the shell from within, before the next command
# of the list. Between calls, when the descriptor for reports is open, it does nothing, so that a late signal cannot
# unwind a report.
trap '[[ -e /proc/$$/fd/211 ]] || { \builtin trap - INT; \builtin kill -INT $$; }' PWR
