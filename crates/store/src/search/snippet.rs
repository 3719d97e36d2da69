//! What is shown of a long piece: the part in which most of what is wanted stands.

use super::{wanted::Wanted, words::words};

/// Bytes of a piece that are shown; one that has no more is shown as a whole.
pub(super) const LONGEST: usize = 2000;

/// The part to show, cut between words.
pub(super) fn snippet<'a>(wanted: &[Wanted], content: &'a str) -> &'a str {
    if content.len() <= LONGEST {
        return content;
    }
    let places: Vec<usize> = words(content)
        .into_iter()
        .filter(|word| wanted.iter().any(|wanted| wanted.is(&word.text)))
        .map(|word| word.at)
        .collect();
    // The first place from where on the most others are near enough.
    let near = |from: usize| places[from..].partition_point(|place| *place < places[from] + LONGEST * 3 / 4);
    let best = (0..places.len()).max_by_key(|from| (near(*from), std::cmp::Reverse(*from)));
    let first = best.map_or(0, |best| places[best]);
    let last = best.map_or(0, |best| places[best + near(best) - 1]);
    // What is wanted stands in the middle.
    let middle = (first + last) / 2;
    let start = middle.saturating_sub(LONGEST / 2).min(content.len() - LONGEST);
    between_words(content, content.ceil_char_boundary(start))
}

fn between_words(content: &str, start: usize) -> &str {
    let end = content.floor_char_boundary((start + LONGEST).min(content.len()));
    let part = &content[start..end];
    /// How far a space may be away for the cut to be made there.
    const NEAR: usize = 100;
    let cut_start = match start {
        0 => 0,
        _ => part.find(char::is_whitespace).filter(|at| *at < NEAR).unwrap_or(0),
    };
    let cut_end = match end == content.len() {
        true => part.len(),
        false => part.rfind(char::is_whitespace).filter(|at| *at + NEAR > part.len()).unwrap_or(part.len()),
    };
    part[cut_start..cut_end].trim()
}

#[cfg(test)]
mod tests {
    use super::{super::wanted::wanted, *};

    #[test]
    fn a_short_piece_is_shown_as_it_is() {
        assert_eq!(snippet(&wanted("x", "en"), " a\nb "), " a\nb ");
    }

    #[test]
    fn a_long_piece_is_shown_where_most_of_it_stands() {
        let filler = "lorem ipsum dolor ".repeat(300);
        let content = format!("handspike {filler}a handspike turns a capstan{filler}");
        let shown = snippet(&wanted("handspikes and capstans", "en"), &content);
        assert!(shown.contains("a handspike turns a capstan") && shown.len() <= LONGEST, "{shown}");
        assert!(content.contains(shown) && !shown.starts_with(' '));
        let unspaced = "茶".repeat(5000);
        let shown = snippet(&wanted("茶", "zh"), &unspaced);
        assert!(shown.len() <= LONGEST && shown.len() > LONGEST - 8);
        assert!(snippet(&[], &content).starts_with("handspike lorem"));
    }
}
