//! What a search wants: the words of its text, in all their forms.

use rust_stemmers::{Algorithm, Stemmer};

use super::{stop_words::is_stop_word, words::words};

/// How many different words of a text are searched for.
pub(super) const WORDS: usize = 32;

/// Stems shorter than this begin too many other words.
const SHORTEST_STEM: usize = 3;

/// A word that is searched for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) text: String,
    /// What its other forms begin with.
    pub(super) stem: Option<String>,
    /// How much a match counts, at most 1.
    pub(super) weight: f64,
}

impl Wanted {
    /// Whether a word of a text is what is wanted.
    pub(super) fn is(&self, word: &str) -> bool {
        word == self.text || self.stem.as_ref().is_some_and(|stem| word.starts_with(stem.as_str()))
    }
}

/// The words to search for. Where there are too many, those that stand last in the text are taken, as in a conversation the
/// last is what it is about.
pub(super) fn wanted(text: &str, lang: &str) -> Vec<Wanted> {
    let language = lang.split('-').next().unwrap_or_default().to_lowercase();
    let stemmer = algorithm(&language).map(Stemmer::create);
    let all = words(text);
    let says_something = |word: &str| !is_stop_word(&language, word);
    let is_about_nothing = !all.iter().any(|word| says_something(&word.text));
    let mut wanted: Vec<Wanted> = Vec::new();
    for word in all.into_iter().rev() {
        if wanted.len() == WORDS {
            break;
        }
        let text = word.text;
        if wanted.iter().any(|known| known.text == text) || !(is_about_nothing || says_something(&text)) {
            continue;
        }
        // Such short words begin too many others.
        let stem = stemmer.as_ref().filter(|_| !is_about_nothing).and_then(|stemmer| stem(stemmer, &text));
        wanted.push(Wanted { text, stem, weight: 1.0 });
    }
    wanted.reverse();
    wanted
}

/// What a word and its stem begin with both, as stems may end in other letters than their words.
fn stem(stemmer: &Stemmer, word: &str) -> Option<String> {
    let stem = stemmer.stem(word);
    let mut shared: String = word.chars().zip(stem.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    // English writes `library` and `libraries`.
    if shared.ends_with('i') && shared.len() > SHORTEST_STEM + 1 {
        shared.pop();
    }
    Some(shared).filter(|shared| shared.chars().count() >= SHORTEST_STEM)
}

fn algorithm(language: &str) -> Option<Algorithm> {
    Some(match language {
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "en" => Algorithm::English,
        "es" => Algorithm::Spanish,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "nl" => Algorithm::Dutch,
        "nb" | "nn" | "no" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

/// Words of a vocabulary that are spelt like a wanted one, the most similar first.
pub(super) fn alike(wanted: &Wanted, vocabulary: &[String], threshold: f64) -> Vec<Wanted> {
    /// How many stand in for one word.
    const MOST: usize = 5;
    let own = trigrams(&wanted.text);
    let mut alike: Vec<Wanted> = vocabulary
        .iter()
        .filter(|word| **word != wanted.text)
        .filter_map(|word| {
            let similarity = similarity(&own, &trigrams(word));
            let is_alike = similarity >= threshold;
            is_alike.then(|| Wanted { text: word.clone(), stem: None, weight: similarity * wanted.weight })
        })
        .collect();
    alike.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text)));
    alike.truncate(MOST);
    alike
}

/// Three letters each, with two spaces before the word and one behind it, as PostgreSQL's `pg_trgm` counts them.
fn trigrams(word: &str) -> Vec<[char; 3]> {
    let letters: Vec<char> = "  ".chars().chain(word.chars()).chain(" ".chars()).collect();
    let mut trigrams: Vec<[char; 3]> = letters.windows(3).map(|window| [window[0], window[1], window[2]]).collect();
    trigrams.sort_unstable();
    trigrams.dedup();
    trigrams
}

/// How many of all their trigrams two words share, from 0 to 1.
fn similarity(a: &[[char; 3]], b: &[[char; 3]]) -> f64 {
    let shared = a.iter().filter(|trigram| b.binary_search(trigram).is_ok()).count();
    shared as f64 / (a.len() + b.len() - shared).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, lang: &str) -> Vec<String> {
        wanted(text, lang).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn what_says_nothing_is_left_out_unless_there_is_nothing_else() {
        assert_eq!(texts("What is the Capital of France?", "en-US"), ["capital", "france"]);
        assert_eq!(texts("Wo ist der Hund, Hund?", "de"), ["hund"]);
        assert_eq!(texts("to be or not to be", "en"), ["or", "not", "to", "be"]);
        assert_eq!(texts("?!", "en"), Vec::<String>::new());
    }

    #[test]
    fn the_last_words_are_searched_for_where_there_are_many() {
        let many: String = (0..100).map(|number| format!("word{number} ")).collect();
        let texts = texts(&many, "xx");
        assert_eq!((texts.len(), texts[0].as_str(), texts[31].as_str()), (32, "word68", "word99"));
    }

    #[test]
    fn a_word_is_wanted_in_its_forms() {
        for (lang, word, form, other) in [
            ("en-US", "running", "runs", "rain"),
            ("en-GB", "Libraries", "library", "liberty"),
            ("de-CH", "Häuser", "hauses", "hase"),
            ("fr", "nationaux", "national", "note"),
            ("ru", "книги", "книга", "кино"),
        ] {
            let wanted = wanted(word, lang);
            assert_eq!(wanted.len(), 1, "{word}");
            assert!(wanted[0].is(form) && !wanted[0].is(other), "{wanted:?}");
        }
        let exact = wanted("as-is ox", "tlh");
        assert!(exact.iter().all(|word| word.stem.is_none()));
    }

    #[test]
    fn words_that_are_spelt_alike_are_found_by_their_trigrams() {
        let vocabulary = ["handspike", "handspikes", "handstand", "spike"].map(str::to_owned);
        let misspelt = Wanted { text: "handpsike".to_owned(), stem: None, weight: 1.0 };
        let alike_texts = |threshold| -> Vec<String> {
            alike(&misspelt, &vocabulary, threshold).into_iter().map(|word| word.text).collect()
        };
        assert_eq!(alike_texts(0.3), ["handspike", "handspikes"]);
        assert_eq!(alike_texts(0.9), Vec::<String>::new());
        // The value that PostgreSQL gives for these two.
        let value = similarity(&trigrams("word"), &trigrams("words"));
        assert!((value - 0.571_428).abs() < 1e-5, "{value}");
    }
}
