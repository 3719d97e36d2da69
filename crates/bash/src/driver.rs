//! The bash that we write ourselves: how a command's text, status and working directory pass the shell's border. What
//! does not change from shell to shell is in `driver.bash`.
//!
//! A call is three lines down the shell's own input. The first reads the command from the code descriptor and evaluates
//! it. The second reports `$?` and `$PWD`; it is a line of its own so that it still runs when an interrupt unwinds the
//! first. The third, which nobody waits for, notes the exported variables. They are short, as the shell reads a pipe
//! byte by byte.
//!
//! The command is evaluated at the top and not within a sourced file, simpler as that would be: bash 5.2 corrupts its
//! heap when sourced text ends within `$(`.

use std::path::Path;

/// Where the shell inherits its control descriptors, in the order of those below.
pub(crate) const INHERITED_FD: i32 = 230;
/// Holds the text to evaluate; both sides share its offset.
const CODE_FD: i32 = 210;
/// Takes the reports.
const STATUS_FD: i32 = 211;
/// Takes the exported variables, as bash would read them.
const EXPORTS_FD: i32 = 212;
/// The first of the descriptors for output, two for each pair of pipes.
pub(crate) const FIRST_OUTPUT_FD: i32 = 213;
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
         mapfile -tn1 -d '' -u{CODE_FD} __hs_code&&eval \"$__hs_code\"\n{}",
        report_lines(FIRST_CALL, "$$")
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
/// runs, as it would hold up every later line. `status` is what `$?` holds when the command starts; other than 0, it is
/// set by a function on the left of `||`, where `set -e` and an ERR trap overlook it.
///
/// A command may disable the builtins that the next one needs, or put functions in their place. They are brought back at
/// once where its text looks like it, and after a command that failed, so that ordinary calls don't pay for it.
pub(crate) fn call_lines(call: u64, command: &str, status: i32, redirects: &str) -> String {
    let read = format!("\\command mapfile -tn1 -d '' -u{CODE_FD} __hs_code&&");
    let eval = format!("PROMPT_COMMAND= \\command eval \"$__hs_code\" </dev/null {redirects} {STATUS_FD}>&-");
    let first = match status {
        0 => format!("{read}{eval}\n"),
        _ => format!("{read}{{ __hs_mend||:;__hs_return {status}||{eval};}}\n"),
    };
    let last = if command.contains("enable") { "__hs_mend||:\n" } else { "" };
    let report = match may_shadow(command) {
        true => "__hs_bare\n".to_owned() + &report_lines(call, "${__hs_status-0}"),
        false => report_lines(call, "$?"),
    };
    first + &report + last
}

/// Whether a command looks as if it defined functions in the place of builtins, or read a file that may.
fn may_shadow(command: &str) -> bool {
    let defines = command.contains("()") || command.contains("function") || command.contains("( )");
    let names = ["builtin", "command", "return"].iter().any(|name| command.contains(name));
    let reads = command.split_whitespace().any(|word| word == "source" || word == ".");
    (defines && names) || reads
}

/// The second line, and the third.
fn report_lines(call: u64, number: &str) -> String {
    format!(
        "\\builtin printf '%s\\0' {call} \"{number}\" \"${{PWD-}}\">&{STATUS_FD}||__hs_mend {call}\n\
         \\builtin declare -px>|/proc/self/fd/{EXPORTS_FD}\n"
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
}

impl Report {
    /// The report of a call, once all of it has arrived. What a command may have written before it is passed over.
    pub(crate) fn parse(call: u64, bytes: &[u8]) -> Option<Self> {
        let call = call.to_string();
        let mut fields = bytes.split(|byte| *byte == 0);
        fields.find(|field| field.ends_with(call.as_bytes()))?;
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
        assert_eq!(Report::parse(77, b"77\x000\0/tm"), None);
        assert_eq!(Report::parse(77, b"77\x001\0/tmp\0"), Some(Report { number: 1, cwd: "/tmp".into() }));
    }

    #[test]
    fn the_file_means_the_descriptor_that_reports_come_by() {
        assert_eq!(SETUP.matches(&format!(">&{STATUS_FD}\n")).count(), 1);
        assert_eq!(SETUP.matches(&format!("/fd/{STATUS_FD} ]]")).count(), 1);
    }

    #[test]
    fn only_what_looks_like_a_function_in_the_place_of_a_builtin_is_paid_for() {
        for command in ["builtin() { :; }", "function return { :; }", "command ( ) { :; }", "source x", "cd a; . x"] {
            assert!(may_shadow(command), "{command}");
        }
        for command in ["ls", "command -v ls", "f() { :; }", "ls ./x", "grep -r source.rs"] {
            assert!(!may_shadow(command), "{command}");
        }
    }

    #[test]
    fn a_report_without_the_calls_number_is_none() {
        assert_eq!(Report::parse(77, b"0\0/fake\0"), None);
        let after_a_fake = Report::parse(77, b"0\0/fake\0junk77\x001\0/tmp\0");
        assert_eq!(after_a_fake, Some(Report { number: 1, cwd: "/tmp".into() }));
    }
}
