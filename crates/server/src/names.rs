//! Names for programs, made where a client gives none.

use uuid::Uuid;

/// Characters of a thing's own name that its canonical name repeats.
const REPEATED: usize = 40;

/// A canonical name that nothing else has: the name in letters, digits and underscores, and twelve random digits. So
/// nobody has to look whether it is taken, and two who ask at the same time get two names.
pub(crate) fn canonical(name: &str, kind: &str) -> String {
    let mut made = String::new();
    for letter in name.chars().map(|letter| letter.to_ascii_lowercase()) {
        match letter {
            'a'..='z' | '0'..='9' => made.push(letter),
            _ if made.ends_with('_') => {}
            _ => made.push('_'),
        }
    }
    let made: String = made.trim_matches('_').chars().take(REPEATED).collect();
    let id = Uuid::now_v7().simple().to_string();
    let random = &id[id.len() - 12..];
    match made.chars().next() {
        Some('a'..='z') => format!("{made}_{random}"),
        Some(_) => format!("{kind}_{made}_{random}"),
        None => format!("{kind}_{random}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_name_is_legible_legal_and_nobody_elses() {
        for (name, start) in [
            ("Ada Lovelace", "ada_lovelace_"),
            ("  -x- ", "x_"),
            ("3D artist", "agent_3d_artist_"),
            ("世界", "agent_"),
            ("", "agent_"),
        ] {
            let made = canonical(name, "agent");
            assert!(made.starts_with(start) && made.len() == start.len() + 12, "{made}");
            assert_ne!(made, canonical(name, "agent"));
        }
        assert!(canonical(&"a".repeat(255), "agent").len() < 100);
    }
}
