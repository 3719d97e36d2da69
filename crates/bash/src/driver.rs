//! The bash that we write ourselves: how a command's text, status and working directory pass the shell's border.
//!
//! A call is three lines down the shell's own input. The first sources the code descriptor, which holds one `eval` of
//! the quoted command. The second reports `$?` and `$PWD`; it is a line of its own so that it still runs when an
//! interrupt unwinds the first. The third, which nobody waits for, notes the exported variables.
//!
//! The shell reads its input byte by byte, as a pipe cannot be rewound, so these lines are kept short and the rest is in
//! the code descriptor. Sourcing has a second use: bash takes sourced text as not interactive, and so keeps quiet about
//! the terminal it does not have when a command dies of a signal.

use std::{fmt::Write, path::Path};

/// Holds the code to source; both sides share its offset.
pub(crate) const CODE_FD: i32 = 230;
/// Takes the reports.
pub(crate) const STATUS_FD: i32 = 231;
/// Takes the exported variables, as bash would read them.
pub(crate) const EXPORTS_FD: i32 = 232;
/// The first of the descriptors for output, two for each pair of pipes.
pub(crate) const FIRST_OUTPUT_FD: i32 = 233;

/// What the shell is sent for each call.
pub(crate) const CALL_LINES: &str = concat!(
    "\\builtin . /proc/self/fd/230\n",
    "\\builtin printf '%s\\0' \"$?\" \"${PWD-}\">&231\n",
    "\\builtin declare -px>|/proc/self/fd/232\n",
);

/// What a new shell is sent: its first report carries its process id in place of a status.
pub(crate) const START_LINES: &str = concat!(
    "\\builtin . /proc/self/fd/230\n",
    "\\builtin printf '%s\\0' \"$$\" \"${PWD-}\">&231\n",
    "\\builtin declare -px>|/proc/self/fd/232\n",
);

/// The code of a new shell: no prompts, no history, and the way out of a call that must stop.
///
/// A plain SIGINT would not do to stop a call: bash drops it while it waits for a child that dies of anything else. A
/// trap runs as soon as the child is gone, and interrupts the shell from within, before the next command of the list.
/// Between calls (no sourced file) it does nothing, so that a late signal cannot unwind a report.
pub(crate) fn start_code(exports: &[u8], cwd: &Path) -> Vec<u8> {
    let mut code = exports.to_vec();
    code.extend_from_slice(
        br#"
PS1= PS2= PS4='+ '
set +o history
__handspike_status() { return "$1"; }
trap '[[ ${BASH_SOURCE-} ]] && { \builtin trap - INT; \builtin kill -INT $$; }' PWR
\builtin cd -- "#,
    );
    code.extend_from_slice(quoted(&cwd.to_string_lossy()).as_bytes());
    code.push(b'\n');
    code
}

/// The code of a call. `redirects` say where the output goes and close what the command must not see; `status` is what
/// `$?` holds when the command starts.
///
/// A status other than 0 is set by a function on the left of `||`, where `set -e` and an ERR trap overlook it.
pub(crate) fn call_code(command: &str, status: i32, redirects: &str) -> Vec<u8> {
    let mut code = String::with_capacity(command.len() + redirects.len() + 64);
    if status != 0 {
        let _ = write!(code, "__handspike_status {status} || ");
    }
    code.push_str("\\builtin eval ");
    code.push_str(&quoted(command));
    code.push_str(redirects);
    code.push('\n');
    code.into_bytes()
}

/// One word in double quotes. Single quotes read better, but bash takes time that grows with the square of their number.
fn quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            word.push('\\');
        }
        word.push(c);
    }
    word.push('"');
    word
}

/// What the shell said of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) number: i32,
    pub(crate) cwd: String,
}

impl Report {
    /// The report, once all of it has arrived.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = bytes.split(|byte| *byte == 0);
        let (number, cwd, _rest) = (fields.next()?, fields.next()?, fields.next()?);
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some(Self { number, cwd: String::from_utf8_lossy(cwd).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_only_when_all_of_it_has_arrived() {
        assert_eq!(Report::parse(b"0\0/tm"), None);
        assert_eq!(Report::parse(b"1\0/tmp\0"), Some(Report { number: 1, cwd: "/tmp".into() }));
    }

    #[test]
    fn a_command_is_one_quoted_word() {
        let code = call_code(r#"echo "$a" '\'"#, 0, " >&3");
        assert_eq!(String::from_utf8_lossy(&code).trim_end(), r#"\builtin eval "echo \"\$a\" '\\'" >&3"#);
    }
}
