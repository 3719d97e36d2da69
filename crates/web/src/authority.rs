//! A name and a port, read as strictly as a browser reads them. The parser of HTTP's own types takes more: to it
//! `localhost:80[::1]` is a host, and `localhost:x` one without a port. What can be read in two ways, others may read in the
//! other one.

use axum::http::uri::Authority;

/// The digits of the port, which may be none at all; none where something that is no port comes after the name.
pub(crate) fn port_of(authority: &Authority) -> Option<&str> {
    let after_user = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, after)| after);
    let port = match after_user.strip_prefix(authority.host())? {
        "" => "",
        rest => rest.strip_prefix(':')?,
    };
    port.bytes().all(|byte| byte.is_ascii_digit()).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_digits_after_the_name() {
        let port = |text: &'static str| port_of(&Authority::from_static(text)).map(str::to_owned);
        for (text, told) in [("a", ""), ("a:", ""), ("u:p@a:80", "80"), ("[::1]", ""), ("[::1]:080", "080")] {
            assert_eq!(port(text), Some(told.to_owned()), "{text}");
        }
        for text in ["a:x", "a:+1", "localhost:80[::1]:80", "[::1]evil.example"] {
            let read = Authority::try_from(text);
            assert!(read.is_err() || read.is_ok_and(|read| port_of(&read).is_none()), "{text}");
        }
    }
}
