//! Which pieces fit best, computed from what stands in them (BM25): a piece in which a wanted word stands often counts for
//! more, a word that stands in most pieces for less, and a long piece has to say it oftener.

use super::{wanted::Wanted, words::words};

/// How soon saying it again adds nothing.
const SATURATION: f64 = 1.2;

/// How much a piece's length counts.
const LENGTH: f64 = 0.75;

/// How much more a title's word counts.
const TITLE: f64 = 2.0;

/// How well each text fits, 0 where nothing wanted stands in it.
pub(super) fn scores(wanted: &[Wanted], texts: &[(&str, &str)]) -> Vec<f64> {
    let counted: Vec<(Vec<f64>, f64)> = texts.iter().map(|(title, content)| counts(wanted, title, content)).collect();
    let all = texts.len().max(1) as f64;
    let average = counted.iter().map(|(_, length)| length).sum::<f64>() / all;
    let rarity: Vec<f64> = (0..wanted.len())
        .map(|index| {
            let having = counted.iter().filter(|(counts, _)| counts[index] > 0.0).count() as f64;
            (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
        })
        .collect();
    let score = |(counts, length): &(Vec<f64>, f64)| -> f64 {
        let long = SATURATION * (1.0 - LENGTH + LENGTH * length / average.max(1.0));
        let parts = counts.iter().zip(&rarity).zip(wanted);
        parts.map(|((count, rarity), word)| word.weight * rarity * count * (SATURATION + 1.0) / (count + long)).sum()
    };
    counted.iter().map(score).collect()
}

/// How often each wanted word stands in a piece, and how long the piece is.
fn counts(wanted: &[Wanted], title: &str, content: &str) -> (Vec<f64>, f64) {
    let mut counts = vec![0.0; wanted.len()];
    let mut length = 0.0;
    for (text, weight) in [(title, TITLE), (content, 1.0)] {
        for word in words(text) {
            length += 1.0;
            for (count, wanted) in counts.iter_mut().zip(wanted) {
                if wanted.is(&word.text) {
                    *count += weight;
                }
            }
        }
    }
    (counts, length)
}

#[cfg(test)]
mod tests {
    use super::{super::wanted::wanted, *};

    #[test]
    fn rare_words_titles_and_short_pieces_count() {
        let texts = [
            ("", "tea tea tea and more tea, and again tea"),
            ("", "tea with handspike"),
            ("handspike", "tea"),
            ("", &("tea with handspike ".to_owned() + &"and so on ".repeat(100))),
            ("", "coffee"),
        ];
        let scores = scores(&wanted("tea handspike", "en"), &texts);
        assert!(scores[2] > scores[1] && scores[1] > scores[3] && scores[3] > 0.0, "{scores:?}");
        assert!(scores[1] > scores[0], "{scores:?}");
        assert_eq!(scores[4], 0.0);
    }
}
