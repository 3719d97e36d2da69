//! Texts as words: in lower case and without accents. Signs that are words by themselves, as the Chinese ones, come in
//! pairs, for nobody says where a word of theirs ends.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

/// Characters of a word that count.
const LONGEST: usize = 48;

/// A word, and where in the text it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) text: String,
}

/// The words of a text, in its order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        // A combining mark belongs to the letter before it, in whatever way the two are written.
        let is_part = character.is_alphanumeric() || (start.is_some() && is_mark(character));
        match start {
            None if is_part => start = Some(at),
            Some(begin) if !is_part => {
                split(&text[begin..at], begin, &mut words);
                start = None;
            }
            None | Some(_) => {}
        }
    }
    words
}

/// The words of a piece as its index keeps them: each once.
pub(super) fn indexed<'a>(texts: impl IntoIterator<Item = &'a str>, scope: String) -> String {
    let mut all: BTreeSet<String> = texts.into_iter().flat_map(words).map(|word| word.text).collect();
    all.insert(scope);
    all.into_iter().collect::<Vec<_>>().join(" ")
}

/// A word by itself, as it is compared.
pub(super) fn folded(word: &str) -> String {
    let plain = word.nfkd().filter(|character| !is_accent(*character)).nfc();
    let lower = plain.flat_map(char::to_lowercase).filter(|character| character.is_alphanumeric());
    let mut folded = String::with_capacity(word.len());
    for character in lower.take(LONGEST) {
        match character {
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded
}

fn split(run: &str, begin: usize, words: &mut Vec<Word>) {
    let mut rest = run.char_indices().peekable();
    while let Some(&(at, first)) = rest.peek() {
        let of_signs = is_sign(first);
        let mut end = run.len();
        while let Some(&(next, character)) = rest.peek() {
            if is_sign(character) != of_signs {
                end = next;
                break;
            }
            rest.next();
        }
        let part = &run[at..end];
        if of_signs {
            let places: Vec<usize> = part.char_indices().map(|(place, _)| place).chain([part.len()]).collect();
            for pair in places.windows(places.len().min(3)) {
                let text = folded(&part[pair[0]..pair[pair.len() - 1]]);
                push(words, begin + at + pair[0], text);
            }
        } else {
            push(words, begin + at, folded(part));
        }
    }
}

fn push(words: &mut Vec<Word>, at: usize, text: String) {
    if !text.is_empty() {
        words.push(Word { at, text });
    }
}

/// Whether a mark may as well be left out: accents, and the vowels of Arabic and Hebrew. Those of Indian scripts may not.
fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

/// Whether it is written without spaces between words: kana, ideographs, Thai, Lao, Khmer, Burmese.
fn is_sign(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_folded() {
        for (text, split) in [
            ("The QUICK, brown-fox's.", vec!["the", "quick", "brown", "fox", "s"]),
            ("Çà Straße E\u{301}tude ﬁn Ørsted", vec!["ca", "strasse", "etude", "fin", "orsted"]),
            ("a1b2 3.14 snake_case", vec!["a1b2", "3", "14", "snake", "case"]),
            ("北京大学x", vec!["北京", "京大", "大学", "x"]),
            ("茶", vec!["茶"]),
            ("ﾃｽﾄ", vec!["テス", "スト"]),
            ("हिन्दी 한국어", vec!["हिनदी", "한국어"]),
            ("", vec![]),
            (" - ", vec![]),
        ] {
            assert_eq!(of(text), split, "{text}");
        }
        assert_eq!(of(&"x".repeat(1000)), ["x".repeat(LONGEST)]);
    }

    #[test]
    fn a_word_says_where_it_begins() {
        let places: Vec<usize> = words("é ab 北京大").into_iter().map(|word| word.at).collect();
        assert_eq!(places, [0, 3, 6, 9]);
    }

    #[test]
    fn an_index_has_each_word_once() {
        assert_eq!(indexed(["b a", "A c"], "o1".to_owned()), "a b c o1");
    }
}
