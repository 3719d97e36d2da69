//! How many tokens a prompt may have, for the models whose makers say so.
//!
//! A name that begins like one of these and goes on with a dash, as dated and small ones do, has the same window unless
//! it is listed itself. Servers that imitate the API choose their windows themselves, so theirs are unknown here.

/// Names, without the provider's, and their windows in tokens.
const KNOWN: &[(&str, u64)] = &[
    // A prompt may have so many; the answer has room of its own.
    ("gpt-5", 272_000),
    ("gpt-5-chat", 128_000),
    ("gpt-4.1", 1_047_576),
    ("gpt-4o", 128_000),
    ("chatgpt-4o", 128_000),
    ("gpt-4-turbo", 128_000),
    ("gpt-4-1106", 128_000),
    ("gpt-4-0125", 128_000),
    ("gpt-4-32k", 32_768),
    ("gpt-4", 8_192),
    ("gpt-3.5-turbo", 16_385),
    ("gpt-3.5-turbo-instruct", 4_096),
    ("o1", 200_000),
    ("o1-mini", 128_000),
    ("o1-preview", 128_000),
    ("o3", 200_000),
    ("o4-mini", 200_000),
    ("gpt-oss", 131_072),
];

/// The window of a model, where it is known.
pub(crate) fn known(model: &str) -> Option<u64> {
    let is_of = |name: &str| model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    KNOWN.iter().filter(|(name, _)| is_of(name)).max_by_key(|(name, _)| name.len()).map(|(_, window)| *window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_that_fits_says_the_window() {
        for (model, window) in [
            ("gpt-4", Some(8_192)),
            ("gpt-4-0613", Some(8_192)),
            ("gpt-4-turbo-2024-04-09", Some(128_000)),
            ("gpt-4o-mini", Some(128_000)),
            ("gpt-4.1-nano", Some(1_047_576)),
            ("o1-mini-2024-09-12", Some(128_000)),
            ("o10", None),
            ("gpt-4omega", None),
            ("qwen3", None),
            ("", None),
        ] {
            assert_eq!(known(model), window, "{model}");
        }
    }
}
