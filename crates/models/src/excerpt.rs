//! Shortens foreign text for an error message: head and tail stay, what is left out is counted.

/// At most about `limit` characters of a text, on its own lines.
pub(crate) fn excerpt(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    if count <= limit {
        return text.to_owned();
    }
    let half = limit / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head} [… {} characters left out …] {tail}", count - 2 * half)
}

/// The same on one line and without control characters: fit for text that a server sent to be shown in a terminal.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|character| !character.is_control()).collect();
    excerpt(&line, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_head_and_tail() {
        let text = format!("{}{}{}", "a".repeat(10), "ö".repeat(80), "z".repeat(10));
        assert_eq!(excerpt(&text, 20), "aaaaaaaaaa [… 80 characters left out …] zzzzzzzzzz");
        assert_eq!(excerpt("short", 20), "short");
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(one_line("<html>\r\n\t<b>\u{1b}[31mred</b>\n", 100), "<html> <b>[31mred</b>");
    }
}
