//! Where a web page comes from, as browsers say it in `Origin`.

use std::{fmt, str::FromStr};

use axum::http::Uri;
use thiserror::Error;

use crate::authority::port_of;

/// A web page's origin: scheme, host and port, as in `https://app.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no origin\nhint: an origin is a scheme, a host and perhaps a port, such as https://app.example.com:8443"
)]
pub struct InvalidOrigin(String);

impl Origin {
    /// The pages that a server on this port of this machine could itself have sent.
    pub(crate) fn of_loopback(port: u16) -> [Self; 3] {
        ["localhost", "127.0.0.1", "[::1]"].map(|host| Self::of("http", host, port))
    }

    fn of(scheme: &str, host: &str, port: u16) -> Self {
        // Browsers leave out a scheme's own port.
        match (scheme, port) {
            ("http", 80) | ("https", 443) => Self(format!("{scheme}://{host}")),
            _ => Self(format!("{scheme}://{host}:{port}")),
        }
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(invalid()) };
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if !is_bare || authority.host().is_empty() || text.contains('#') {
            return Err(invalid());
        }
        let (scheme, host) = (scheme.to_ascii_lowercase(), authority.host().to_ascii_lowercase());
        Ok(match port_of(authority).ok_or_else(invalid)? {
            "" => Self(format!("{scheme}://{host}")),
            port => Self::of(&scheme, &host, port.parse().map_err(|_| invalid())?),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_the_same_in_all_its_spellings() {
        let origin = |text: &str| text.parse::<Origin>().expect("an origin");
        assert_eq!(origin("HTTPS://App.Example.com:443/"), origin("https://app.example.com"));
        assert_eq!(origin("http://localhost:8000"), Origin::of_loopback(8000)[0]);
        assert_eq!(origin("http://127.0.0.1"), Origin::of_loopback(80)[1]);
        assert_ne!(origin("http://localhost"), origin("https://localhost"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        let no_urls = [
            "",
            "null",
            "*",
            "localhost",
            "http://",
            "https://a b",
            "https://a:x",
            "https://a:65536",
            "https://a:1[::1]",
        ];
        for text in no_urls.into_iter().chain(["http://a/b", "http://a?b", "http://u@a"]) {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
