//! Unified diffs of one change, without comparing whole files.
//!
//! Where a file changed is known before it is compared, so only the lines of the change and three around it
//! are given to the diff, and a file of 100 MiB costs what its edit costs. The lines are numbered as in the
//! whole file.

use std::{
    hash::Hash,
    ops::Range,
    path::Path,
    time::{Duration, Instant},
};

use handspike_types::escaped;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline, group_diff_ops};

use crate::{lines, splice::Splice};

/// Unchanged lines on either side, as `diff -u` has them.
const AROUND: usize = 3;
/// After this the algorithm settles for a diff that is right but not the shortest.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a change did to its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    Edited,
    Removed,
}

/// The unified diff of a change to `before`. Above `limit` bytes of changed text it has the headers and a line
/// that says how large the change is.
pub(crate) fn of_splice(path: &Path, fate: Fate, before: &[u8], splice: &Splice, limit: usize) -> String {
    // A header is one line, whatever the name.
    let path = escaped(&path.to_string_lossy());
    let headers = match fate {
        Fate::Created => format!("--- /dev/null\n+++ b{path}\n"),
        Fate::Edited => format!("--- a{path}\n+++ b{path}\n"),
        Fate::Removed => format!("--- a{path}\n+++ /dev/null\n"),
    };
    let window = lines::whole(before, splice.before(), AROUND);
    if window.len() + splice.inserted.len() > limit {
        let (removed, inserted) = (splice.removed.len(), splice.inserted.len());
        return format!("{headers}(too large to show: {removed} bytes gave way to {inserted})\n");
    }
    let changed = &splice.before();
    let after = [&before[window.start..changed.start], &splice.inserted, &before[changed.end..window.end]].concat();
    let skipped = lines::number_at(before, window.start) - 1;
    headers + &hunks(&lines::split(&before[window]), &lines::split(&after), [skipped, skipped])
}

/// The hunks that lead from some lines to others, each side with the number of lines skipped before it.
pub(crate) fn hunks<L: AsRef<[u8]> + Eq + Hash>(before: &[L], after: &[L], skipped: [usize; 2]) -> String {
    let ops = capture_diff_slices_deadline(Algorithm::Myers, before, after, Some(Instant::now() + PATIENCE));
    let mut text = String::new();
    for group in group_diff_ops(ops, AROUND) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        text.push_str(&format!("@@ -{} +{} @@\n", place(old, skipped[0]), place(new, skipped[1])));
        for op in &group {
            push_op(&mut text, op, before, after);
        }
    }
    text
}

fn push_op<L: AsRef<[u8]>>(text: &mut String, op: &DiffOp, before: &[L], after: &[L]) {
    let (tag, old, new) = op.as_tag_tuple();
    if tag == DiffTag::Equal {
        return push_lines(text, ' ', &before[old]);
    }
    push_lines(text, '-', &before[old]);
    push_lines(text, '+', &after[new]);
}

fn push_lines<L: AsRef<[u8]>>(text: &mut String, sign: char, lines: &[L]) {
    for line in lines.iter().map(AsRef::as_ref) {
        text.push(sign);
        text.push_str(&String::from_utf8_lossy(line));
        if !line.ends_with(b"\n") {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// A hunk's lines in a header: `first,count`. An empty side is numbered by the line before it.
fn place(range: Range<usize>, skipped: usize) -> String {
    let first = skipped + range.start + usize::from(!range.is_empty());
    format!("{first},{}", range.len())
}

/// A diff's first lines, up to `limit` characters, and how many lines are left out.
pub(crate) fn clipped(diff: &str, limit: usize) -> String {
    let mut shown = 0;
    let mut text = String::new();
    let mut lines = diff.split_inclusive('\n');
    while let Some(line) = lines.next() {
        shown += line.chars().count();
        if shown > limit {
            text.push_str(&format!("[{} more lines of the diff are left out]\n", lines.count() + 1));
            break;
        }
        text.push_str(line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str) -> String {
        let splice = Splice::between(before.as_bytes(), after.as_bytes());
        of_splice(Path::new("/f"), Fate::Edited, before.as_bytes(), &splice, 1000)
    }

    #[test]
    fn lines_are_numbered_as_in_the_whole_file() {
        let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
        let after = before.replace("\n15\n", "\nfifteen\n");
        let hunk = "@@ -12,7 +12,7 @@\n 12\n 13\n 14\n-15\n+fifteen\n 16\n 17\n 18\n";
        assert_eq!(diff(&before, &after), format!("--- a/f\n+++ b/f\n{hunk}"));
    }

    #[test]
    fn a_missing_final_newline_is_marked() {
        let marked = "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n";
        assert!(diff("a", "a\n").ends_with(marked), "{}", diff("a", "a\n"));
    }

    #[test]
    fn an_empty_side_is_numbered_zero() {
        assert!(diff("", "a\n").ends_with("@@ -0,0 +1,1 @@\n+a\n"));
    }

    #[test]
    fn a_change_above_the_limit_is_described() {
        let text = diff("", &"x".repeat(2000));
        assert!(text.ends_with("(too large to show: 0 bytes gave way to 2000)\n"), "{text}");
    }

    #[test]
    fn a_clipped_diff_says_how_much_is_missing() {
        assert_eq!(clipped("-a\n+b\n+c\n", 6), "-a\n+b\n[1 more lines of the diff are left out]\n");
        assert_eq!(clipped("-a\n+b\n", 6), "-a\n+b\n");
    }
}
