//! The header `Prefer`: whether a client waits for a session that is busy, and whether it waits for the answer.

use std::time::Duration;

use axum::http::HeaderMap;

/// The longest that a client may wait for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What a client prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefer {
    /// How long it waits for a session that is busy.
    pub(super) wait: Duration,
    /// Whether it wants to be answered at once, and looks for what became of it later.
    pub(super) is_async: bool,
}

impl Prefer {
    /// Reads the header, which may be there several times. What is not known is not preferred.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split([',', ';'])) {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "wait" => {
                    let seconds = value.trim().trim_matches('"').parse().unwrap_or(0);
                    prefer.wait = Duration::from_secs(seconds).min(LONGEST_WAIT);
                }
                "respond-async" => prefer.is_async = true,
                _ => {}
            }
        }
        prefer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const N: usize>(values: [&str; N]) -> (u64, bool) {
        let headers = values.map(|value| ("prefer".parse().expect("a name"), value.parse().expect("a value")));
        let prefer = Prefer::of(&headers.into_iter().collect());
        (prefer.wait.as_secs(), prefer.is_async)
    }

    #[test]
    fn preferences_are_read_and_others_are_not_minded() {
        assert_eq!(of([]), (0, false));
        assert_eq!(of(["wait=5"]), (5, false));
        assert_eq!(of(["Respond-Async, WAIT=\"7\""]), (7, true));
        assert_eq!(of(["return=minimal; x", "respond-async", "wait=3"]), (3, true));
        assert_eq!(of(["wait=forever"]), (0, false));
        assert_eq!(of(["wait=-1"]), (0, false));
        assert_eq!(of(["wait=99999999999"]), (600, false));
    }
}
