use crate::{
    EditorConfig,
    scratch::{Scratch, diff, done, refused},
};

#[track_caller]
fn replaced(content: &[u8], old: &str, new: &str, expected: &[u8]) {
    let mut scratch = Scratch::holding(content);
    done(scratch.replace("file", old, new));
    let bytes = scratch.bytes("file");
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(expected));
    assert_eq!(bytes, expected);
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), content);
}

#[test]
fn the_only_occurrence_is_replaced_and_all_else_is_kept() {
    replaced(
        b"\xef\xbb\xbf\ta\r\nb \xff\x00\xe9\nold\n\n\tc",
        "old",
        "new",
        b"\xef\xbb\xbf\ta\r\nb \xff\x00\xe9\nnew\n\n\tc",
    );
}

#[test]
fn an_empty_new_str_deletes() {
    replaced(b"a\nb\nc\n", "b\n", "", b"a\nc\n");
}

#[test]
fn a_missing_final_newline_stays_missing() {
    replaced(b"a\nb", "b", "c", b"a\nc");
}

#[test]
fn a_newline_matches_crlf_and_the_new_text_takes_it() {
    replaced(b"a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\nz\n", b"x\r\ny\r\nz\r\nc\r\n");
    replaced(b"a\r\nb\r\n", "b", "b1\nb2", b"a\r\nb1\r\nb2\r\n");
    replaced(b"a\r\nb", "b", "b1\nb2", b"a\r\nb1\r\nb2");
    replaced(b"a\r\nb\r\nc", "a\nb", "ab", b"ab\r\nc");
}

#[test]
fn lines_that_the_edit_only_quotes_keep_their_own_ending() {
    replaced(b"a\r\nb\nc\r\nd\n", "a\nb\nc\nd", "a\nB\nc\nd", b"a\r\nB\nc\r\nd\n");
    replaced(b"a\nb\r\nc\n", "a\nb\nc\n", "a\nb\nnew\nc\n", b"a\nb\r\nnew\nc\n");
}

#[test]
fn carriage_returns_in_the_parameters_are_taken_at_their_word() {
    replaced(b"a\r\nb\r\n", "a\r\nb", "a\nb", b"a\nb\r\n");
    replaced(b"a\nb\n", "a", "x\r\ny", b"x\r\ny\nb\n");
}

#[test]
fn quotes_backslashes_dollars_and_newlines_are_only_text() {
    replaced(
        br#"s = "a\n$1" && `x` '%s'"#,
        r#""a\n$1" && `x`"#,
        r#"\0 $& \\ "" ${HOME}"#,
        br#"s = \0 $& \\ "" ${HOME} '%s'"#,
    );
}

#[test]
fn tabs_are_never_expanded() {
    replaced(b"\tif x:\n\t\treturn\n", "\t\treturn", "\t\tpass", b"\tif x:\n\t\tpass\n");
}

#[test]
fn an_ambiguous_match_is_refused_with_the_line_of_each() {
    let mut scratch = Scratch::holding("x\na\nx\na\nb x\n");
    let text = refused(scratch.replace("file", "x", "y"));
    assert!(text.contains("on lines 1, 3, 5\n"), "{text}");
    assert_eq!(scratch.bytes("file"), b"x\na\nx\na\nb x\n");
}

#[test]
fn a_text_that_overlaps_itself_is_ambiguous() {
    assert!(refused(Scratch::holding("aaa").replace("file", "aa", "b")).contains("on lines 1, 1\n"));
}

#[test]
fn the_same_lines_with_either_ending_are_ambiguous() {
    let text = refused(Scratch::holding("a\r\nb\r\na\nb\n").replace("file", "a\nb\n", "c\n"));
    assert!(text.contains("on lines 1, 3\n"), "{text}");
}

#[test]
fn very_many_matches_are_not_all_listed() {
    let text = refused(Scratch::holding("x\n".repeat(1000)).replace("file", "x", "y"));
    assert!(text.contains(", 99, 100 and more\n"), "{text}");
}

#[test]
fn a_text_that_is_not_there_is_answered_with_the_closest_place() {
    let mut scratch = Scratch::holding("fn a() {\n\tone();\n}\nfn b() {\n\ttwo();\n}\n");
    let text = refused(scratch.replace("file", "fn b() {\n    two();\n}\n", "x"));
    assert!(text.contains("lines 4 to 6") && text.contains("-    two();\n+\ttwo();"), "{text}");
    assert!(text.contains("\nhint: "), "{text}");
}

#[test]
fn the_answer_has_four_lines_either_side_and_the_diff() {
    let content: String = (1..=20).map(|line| format!("{line}\n")).collect();
    let output = Scratch::holding(content).replace("file", "10\n11\n", "ten\neleven\n");
    let diff = diff(&output);
    let text = done(output);
    assert!(text.contains("lines 6 to 15 of 20 are now:\n     6\t6\n"), "{text}");
    assert!(text.contains("    10\tten\n    11\televen\n    12\t12\n    13\t13\n    14\t14\n    15\t15\n\n"), "{text}");
    assert!(diff.contains("@@ -7,8 +7,8 @@\n 7\n 8\n 9\n-10\n-11\n+ten\n+eleven\n 12\n"), "{diff}");
    assert!(text.ends_with(&diff), "{text}");
}

#[test]
fn deleting_everything_leaves_an_empty_file() {
    let mut scratch = Scratch::holding("all");
    assert!(done(scratch.replace("file", "all", "")).contains("it is empty now"));
    assert_eq!(scratch.bytes("file"), b"");
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), b"all");
}

#[test]
fn an_edit_that_outgrows_the_limit_is_refused() {
    let mut scratch = Scratch::with_config(EditorConfig { file_limit: 5, ..EditorConfig::default() });
    scratch.write("file", "abcde");
    assert!(refused(scratch.replace("file", "e", "ef")).contains("6 bytes"));
    assert_eq!(scratch.bytes("file"), b"abcde");
}

#[test]
fn an_answer_about_a_large_edit_is_bounded() {
    let mut scratch = Scratch::holding("here\n");
    let text = done(scratch.replace("file", "here", &"many lines\n".repeat(50_000)));
    assert!(text.chars().count() < 60_000, "{} characters", text.chars().count());
    assert!(text.contains("more lines of the diff are left out") && text.contains("`view` shows it"));
}

#[test]
fn a_folder_cannot_be_edited() {
    assert!(refused(Scratch::new().replace("", "a", "b")).contains("can only be viewed"));
}
