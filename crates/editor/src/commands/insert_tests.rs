use crate::scratch::{Scratch, diff, done, refused};

#[track_caller]
fn inserted(content: &str, line: usize, text: &str, expected: &str) {
    let mut scratch = Scratch::holding(content);
    done(scratch.insert("file", line, text));
    assert_eq!(String::from_utf8_lossy(&scratch.bytes("file")), expected);
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), content.as_bytes());
}

#[test]
fn zero_is_the_top_and_the_number_of_lines_the_end() {
    inserted("a\nb\n", 0, "x", "x\na\nb\n");
    inserted("a\nb\n", 1, "x\n", "a\nx\nb\n");
    inserted("a\nb\n", 2, "x", "a\nb\nx\n");
    inserted("", 0, "x", "x\n");
}

#[test]
fn an_open_last_line_is_not_glued_and_the_file_stays_open() {
    inserted("a\nb", 2, "x", "a\nb\nx");
    inserted("a\nb", 2, "x\n", "a\nb\nx\n");
    inserted("a\nb", 1, "x", "a\nx\nb");
    inserted("a\r\nb", 2, "x", "a\r\nb\r\nx");
}

#[test]
fn the_text_takes_the_ending_of_the_lines_around_it() {
    inserted("a\r\nb\r\n", 1, "x\ny", "a\r\nx\r\ny\r\nb\r\n");
    inserted("a\r\nb\r\n", 2, "x", "a\r\nb\r\nx\r\n");
    inserted("a\nb\r\n", 0, "x", "x\na\nb\r\n");
}

#[test]
fn a_byte_order_mark_stays_first() {
    inserted("\u{feff}a\n", 0, "x", "\u{feff}x\na\n");
}

#[test]
fn an_empty_text_is_an_empty_line() {
    inserted("a\nb\n", 1, "", "a\n\nb\n");
}

#[test]
fn a_line_beyond_the_file_is_refused_with_its_length() {
    let text = refused(Scratch::holding("a\nb\n").insert("file", 3, "x"));
    assert!(text.contains("`insert_line` is `3`") && text.contains("has 2 lines"), "{text}");
}

#[test]
fn the_answer_shows_the_inserted_lines_and_the_diff() {
    let output = Scratch::holding("a\nb\n").insert("file", 1, "x");
    assert!(diff(&output).ends_with("@@ -1,2 +1,3 @@\n a\n+x\n b\n"), "{}", diff(&output));
    assert!(done(output).contains("     1\ta\n     2\tx\n     3\tb\n"));
}
