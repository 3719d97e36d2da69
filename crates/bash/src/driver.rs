//! The bash that we write ourselves: how a command's text, status and working directory pass the shell's border. What
//! does not change from shell to shell is in `driver.bash`.
//!
//! A call is two lines down the shell's own input. The first reads the command from the code descriptor, evaluates it and
//! reports `$?` and `$PWD`. The second reports where an interrupt or an error of the command unwound the first. They are
//! short, as the shell reads a pipe byte by byte, so what they do is in functions of the shell.
//!
//! The command is evaluated at the top and not within a sourced file, simpler as that would be: bash 5.2 corrupts its
//! heap when sourced text ends within `$(`.

use std::path::Path;

/// Where the shell inherits its control descriptors, in the order of those below.
pub(crate) const INHERITED_FD: i32 = 230;
/// Holds the text to evaluate; both sides share its offset. The next takes the reports, then one takes the exported
/// variables, as bash would read them, the fourth is what the shell reads its lines from, and the fifth is empty.
const CODE_FD: i32 = 210;
/// What a command finds as its standard input. Cheaper than to open it each time.
const EMPTY_FD: i32 = 214;
/// The first of the descriptors for output, two for each pair of pipes.
pub(crate) const FIRST_OUTPUT_FD: i32 = 215;
/// How many pairs of pipes the shell inherits.
pub(crate) const OUTPUT_PAIRS: i32 = 4;
/// The call number of a new shell's first report.
pub(crate) const FIRST_CALL: u64 = 0;
/// How many descriptors it inherits in all.
pub(crate) const INHERITED_FDS: i32 = FIRST_OUTPUT_FD - CODE_FD + 2 * OUTPUT_PAIRS;

/// What a new shell is sent. Its first report carries the process id in place of a status.
///
/// Its control descriptors move to numbers where no program that it starts inherits them: bash closes on exec the copies
/// that it makes to undo a redirection, and copies of such copies too. The first such copy is descriptor 10.
pub(crate) fn start_lines() -> String {
    let (mut copy, mut close) = (String::new(), String::new());
    for ((own, inherited), undo) in (CODE_FD..).zip(INHERITED_FD..).zip(10..).take(INHERITED_FDS as usize) {
        copy.push_str(&format!(" {own}>&{undo}"));
        close.push_str(&format!(" {inherited}>&-"));
    }
    // The history first, as it cannot be turned off from within what it would record. Prompts are not expanded, as what
    // they run would hold up every later line.
    format!(
        "set +o history;history -c;shopt -u promptvars;PS1= PS2=\n\
         eval 'exec{copy}'{close};exec{close}\n\
         mapfile -tn1 -d '' -u{CODE_FD} __hs_code&&eval \"$__hs_code\";__hs_report {FIRST_CALL} $$\n"
    )
}

/// The functions that our lines call, and the way out of a call.
const SETUP: &str = include_str!("driver.bash");

/// What a new shell evaluates: the variables of its predecessor, the above, and where it is.
pub(crate) fn start_code(exports: &[u8], cwd: &Path) -> Vec<u8> {
    let setup = SETUP.lines().filter(|line| !line.starts_with('#'));
    let setup: String = setup.flat_map(|line| [line, "\n"]).collect();
    let cwd = quoted(&cwd.to_string_lossy());
    [exports, format!("\n{setup}cd -- {cwd}\0").as_bytes()].concat()
}

/// What the shell is sent for each call. `call` is what its report begins with: a number that the command cannot know,
/// so that it cannot imitate a report wherever it finds the descriptor. PROMPT_COMMAND is the command's own while it
/// runs, as it would hold up every later line. `status` is what `$?` holds when the command starts.
///
/// A command may disable the builtins that the next one needs. They are brought back at once where its text looks like
/// it, so that ordinary calls don't pay for it.
pub(crate) fn call_lines(call: u64, command: &str, status: i32, redirects: &str) -> String {
    let read = match status {
        0 => format!("\\command mapfile -tn1 -d '' -u{CODE_FD} __hs_code&&"),
        _ => format!("\\__hs_read {status}||"),
    };
    let report = if command.contains("enable") { "__hs_tidy" } else { "__hs_report" };
    format!(
        "{read}PROMPT_COMMAND= \\command eval \"$__hs_code\" <&{EMPTY_FD} {redirects};\\{report} {call} \"$?\"\n\
         case $? in 0);;*)\\__hs_report {call} \"$?\";esac\n"
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What the shell said of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) number: i32,
    pub(crate) cwd: String,
    pub(crate) shell: ShellIs,
}

/// What the shell is good for after a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ShellIs {
    Ready,
    /// It may not open the files that the lines of a call open.
    OutOfFiles,
}

impl Report {
    /// The report of a call, once all of it has arrived. What a command may have written before it is passed over.
    pub(crate) fn parse(call: u64, bytes: &[u8]) -> Option<Self> {
        let call = call.to_string();
        let mut fields = bytes.split(|byte| *byte == 0);
        fields.find(|field| field.ends_with(call.as_bytes()))?;
        let (number, cwd, rest) = (fields.next()?, fields.next()?, fields.next()?);
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        let shell = if rest == b"last" { ShellIs::OutOfFiles } else { ShellIs::Ready };
        Some(Self { number, cwd: String::from_utf8_lossy(cwd).into_owned(), shell })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(number: i32, cwd: &str) -> Option<Report> {
        Some(Report { number, cwd: cwd.into(), shell: ShellIs::Ready })
    }

    #[test]
    fn a_report_is_read_only_when_all_of_it_has_arrived() {
        assert_eq!(Report::parse(77, b"77\x000\0/tm"), None);
        assert_eq!(Report::parse(77, b"77\x001\0/tmp\0"), ready(1, "/tmp"));
    }

    #[test]
    fn the_last_report_of_a_shell_says_so() {
        let last = Report { number: 1, cwd: "/tmp".into(), shell: ShellIs::OutOfFiles };
        assert_eq!(Report::parse(77, b"77\x001\0/tmp\0last\0"), Some(last));
    }

    #[test]
    fn a_report_without_the_calls_number_is_none() {
        assert_eq!(Report::parse(77, b"0\0/fake\0"), None);
        assert_eq!(Report::parse(77, b"0\0/fake\0junk77\x001\0/tmp\0"), ready(1, "/tmp"));
    }
}
