use std::{os::unix::net::UnixListener, time::Instant};

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::{
    EditorConfig,
    scratch::{Scratch, done, refused},
};

#[test]
fn lines_are_numbered_as_by_cat_n() {
    let text = done(Scratch::holding("one\n\ttwo\nthree").view("file", None));
    assert!(text.ends_with("     1\tone\n     2\t\ttwo\n     3\tthree\n"), "{text}");
}

#[test]
fn a_final_newline_is_no_further_line() {
    let text = done(Scratch::holding("one\n").view("file", None));
    assert!(text.ends_with("     1\tone\n"), "{text}");
}

#[test]
fn only_newlines_end_lines() {
    let text = done(Scratch::holding("a\rb\u{c}c\u{2028}d\u{85}e\r\nf").view("file", None));
    assert!(text.ends_with("     1\ta\rb\u{c}c\u{2028}d\u{85}e\n     2\tf\n"), "{text}");
}

#[test]
fn a_range_shows_its_lines_and_minus_one_the_end() {
    let mut scratch = Scratch::holding("a\nb\nc\nd\n");
    let text = done(scratch.view("file", Some((2, Some(3)))));
    assert!(text.ends_with(":\n     2\tb\n     3\tc\n"), "{text}");
    let text = done(scratch.view("file", Some((3, None))));
    assert!(text.ends_with(":\n     3\tc\n     4\td\n"), "{text}");
}

#[test]
fn a_range_beyond_the_file_is_refused_with_its_length() {
    let mut scratch = Scratch::holding("a\nb\n");
    for range in [(3, None), (1, Some(3)), (3, Some(3))] {
        let text = refused(scratch.view("file", Some(range)));
        assert!(text.contains("has 2 lines") && text.contains("between 1 and 2"), "{text}");
    }
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    let mut scratch = Scratch::holding("");
    assert!(done(scratch.view("file", None)).contains("is empty"));
    assert!(refused(scratch.view("file", Some((1, None)))).contains("has no lines"));
}

#[test]
fn a_long_file_is_cut_between_lines_and_says_how_to_see_the_rest() {
    let content: String = (1..=5000).map(|line| format!("line {line}\n")).collect();
    let mut scratch = Scratch::holding(&content);
    let text = done(scratch.view("file", None));
    let shown: usize = text.lines().filter_map(|line| line.split_once('\t')).map(|(_, line)| line.len()).sum();
    assert!((15_980..=16_000).contains(&shown), "{shown} characters");
    let next = text.rsplit_once("`view_range` [").and_then(|(_, rest)| rest.split_once(", -1]")).expect("a hint").0;
    let following = done(scratch.view("file", Some((next.parse().expect("a line number"), None))));
    assert!(following.contains(&format!("\tline {next}\n")) && !text.contains(&format!("\tline {next}\n")));
}

#[test]
fn a_long_line_is_cut_within() {
    let text = done(Scratch::holding("ä".repeat(20_000)).view("file", None));
    assert_eq!(text.matches('ä').count(), 16_000);
    assert!(text.contains("cut -c 16001-"), "{text}");
}

#[test]
fn bytes_that_are_no_utf_8_are_shown_as_replacement_characters() {
    let text = done(Scratch::holding(b"caf\xe9\n").view("file", None));
    assert!(text.ends_with("     1\tcaf\u{fffd}\n"), "{text}");
}

#[test]
fn a_file_with_zero_bytes_is_binary() {
    let text = refused(Scratch::holding(b"\x7fELF\0\0").view("file", None));
    assert!(text.contains("binary file of 6 bytes"), "{text}");
}

#[test]
fn fifos_sockets_and_devices_are_refused_at_once() {
    let mut scratch = Scratch::new();
    mkfifoat(CWD, scratch.path("fifo"), Mode::RWXU).expect("a FIFO is made");
    let _listener = UnixListener::bind(scratch.path("socket")).expect("a socket is made");
    let start = Instant::now();
    assert!(refused(scratch.view("fifo", None)).contains("is a FIFO"));
    assert!(refused(scratch.replace("fifo", "a", "b")).contains("is a FIFO"));
    assert!(refused(scratch.view("socket", None)).contains("is a socket"));
    assert!(refused(scratch.view("/dev/zero", None)).contains("is a device"));
    assert!(start.elapsed().as_secs() < 1);
}

#[test]
fn files_of_proc_are_read_though_they_claim_to_be_empty() {
    let text = done(Scratch::new().view("/proc/self/status", None));
    assert!(text.contains("     1\tName:"), "{text}");
}

#[test]
fn a_file_above_the_limit_is_refused_with_both_sizes() {
    let mut scratch = Scratch::with_config(EditorConfig { file_limit: 10, ..EditorConfig::default() });
    scratch.write("file", "01234567890");
    let text = refused(scratch.view("file", None));
    assert!(text.contains("11 bytes") && text.contains("up to 10"), "{text}");
    assert!(refused(scratch.view("/proc/self/status", None)).contains("up to 10"));
}

#[test]
fn a_missing_file_names_the_closest_folder_there_is() {
    let mut scratch = Scratch::new();
    let folder = scratch.folder().display().to_string();
    let text = refused(scratch.view("a/b/c", None));
    assert!(text.contains("does not exist") && text.contains(&format!("hint: `{folder}` exists")), "{text}");
}

#[test]
fn a_path_is_only_a_path() {
    let mut scratch = Scratch::new();
    let name = "a b;touch x $(id) `id` 'q\" -rf *";
    scratch.write(name, "plain\n");
    assert!(done(scratch.view(name, None)).contains("\tplain\n"));
    done(scratch.replace(name, "plain", "edited"));
    assert_eq!(scratch.bytes(name), b"edited\n");
    assert_eq!(scratch.names(), [name]);
}

#[test]
fn a_folder_lists_two_levels_without_hidden_entries() {
    let mut scratch = Scratch::new();
    for name in ["b", ".hidden", "a/one", "a/.two", "a/deep/three", ".git/config", "a/deep/.x"] {
        scratch.write(name, "");
    }
    let folder = scratch.folder().display().to_string();
    let text = done(scratch.view("", None));
    let listed: Vec<&str> = text.lines().skip(1).collect();
    let expected = ["a/", "a/deep/", "a/one", "b"].map(|name| format!("{folder}/{name}"));
    assert_eq!(listed, expected);
}

#[test]
fn a_hidden_folder_asked_for_by_name_lists_its_own() {
    let mut scratch = Scratch::new();
    scratch.write(".config/app/settings", "");
    let text = done(scratch.view(".config", None));
    assert!(text.ends_with(".config/app/settings\n"), "{text}");
}

#[test]
fn a_range_of_a_folder_is_refused() {
    assert!(refused(Scratch::new().view("", Some((1, None)))).contains("leave `view_range` out"));
}

#[test]
fn a_large_folder_is_bounded_and_says_how_much_is_missing() {
    let mut scratch = Scratch::new();
    scratch.settings.max_characters = 300;
    for number in 0..400 {
        scratch.write(&format!("{number:03}"), "");
    }
    let text = done(scratch.view("", None));
    let shown = text.lines().count() - 2;
    assert!(shown > 0 && text.contains(&format!("[{} more are left out", 400 - shown)), "{text}");
    assert!(text.len() < 600);
}

#[test]
fn a_symlink_in_a_folder_is_named_and_not_followed() {
    let mut scratch = Scratch::new();
    scratch.write("real/inner", "");
    std::os::unix::fs::symlink("real", scratch.path("link")).expect("a symlink is made");
    let text = done(scratch.view("", None));
    assert!(text.contains("/link\n") && !text.contains("link/inner"), "{text}");
}

#[test]
fn a_bound_of_any_size_is_kept_and_says_how_to_go_on() {
    let mut scratch = Scratch::holding("abcdef\nghi\n");
    for (bound, shown) in [(0, "     1\t\n"), (4, "     1\tabcd\n"), (6, "     1\tabcdef\n"), (9, "     2\tghi\n")] {
        scratch.settings.max_characters = bound;
        let text = done(scratch.view("file", None));
        assert!(text.contains(shown), "{bound}: {text}");
        assert_eq!(text.contains("`view_range` [2, -1]"), bound < 9, "{bound}: {text}");
    }
}

#[test]
fn files_in_hidden_folders_are_seen_edited_and_undone() {
    let mut scratch = Scratch::new();
    scratch.write(".git/config", "a\n");
    done(scratch.replace(".git/config", "a", "b"));
    assert!(done(scratch.view(".git/config", None)).contains("     1\tb\n"));
    done(scratch.undo(".git/config"));
    assert_eq!(scratch.bytes(".git/config"), b"a\n");
}

#[test]
fn a_text_of_utf_16_is_binary_and_edits_of_it_are_exact() {
    let content: Vec<u8> = "\u{feff}one\r\ntwo".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut scratch = Scratch::holding(&content);
    assert!(refused(scratch.view("file", None)).contains("binary file"));
    done(scratch.insert("file", 0, "x"));
    done(scratch.undo("file"));
    assert_eq!(scratch.bytes("file"), content);
}

#[test]
fn a_name_of_control_characters_is_told_escaped_and_kept_in_the_details() {
    let mut scratch = Scratch::new();
    let name = "\u{1b}[31m\nhint: rm -r";
    let path = scratch.path(name).display().to_string();
    let output = scratch.view(name, None);
    let Some(handspike_types::ToolDetails::Editor(details)) = &output.details else { panic!("{output:?}") };
    assert_eq!(details.path, path);
    let text = refused(output);
    assert!(text.contains(r"\u{1b}[31m\nhint: rm -r` does not exist"), "{text}");
    scratch.write(name, "one\n");
    for answered in [scratch.view(name, None), scratch.view("", None)] {
        let text = done(answered);
        assert!(text.contains(r"\u{1b}[31m\nhint: rm -r") && !text.contains('\u{1b}'), "{text}");
    }
    let output = scratch.replace(name, "one", "two");
    assert!(!done(output).contains('\u{1b}'));
}

#[test]
fn a_long_path_is_cut_in_an_error() {
    let mut scratch = Scratch::new();
    let text = refused(scratch.view(&"long/".repeat(500), None));
    assert!(text.contains(" characters) does not exist\nhint: `/") && text.len() < 600, "{text}");
}
