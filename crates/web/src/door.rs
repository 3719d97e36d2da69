//! Who may come in. A page in a browser can reach ports of this machine, also under a name of its own that leads here
//! (DNS rebinding), so the names by which the server is called are checked as well as the key.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{
    HeaderMap, HeaderValue, Uri,
    header::{AUTHORIZATION, HOST, ORIGIN},
    uri::Authority,
};

use crate::{ApiKey, Origin, authority::port_of};

/// The conditions of coming in.
#[derive(Clone, Debug)]
pub struct Door {
    key: ApiKey,
    hosts: Vec<String>,
    origins: Vec<Origin>,
}

/// Where a request comes from that was let in.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// A program, or a browser's address bar.
    None,
    /// A web page of this origin, which may read the answer.
    Of(HeaderValue),
}

/// Why a request's head is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The server is not known by this name, or by several at once.
    Host(String),
    /// Pages of this origin may not use the server.
    Origin(String),
    /// There is no key.
    NoKey,
    /// It is another key, or there are several.
    WrongKey,
}

impl Door {
    /// A door that opens to a key. The server is known by the names of the loopback and by `hosts`; pages that it could
    /// itself have sent from `port` may use it, and those of `origins`.
    #[must_use]
    pub fn new(key: ApiKey, hosts: Vec<String>, origins: Vec<Origin>, port: u16) -> Self {
        Self { key, hosts, origins: origins.into_iter().chain(Origin::of_loopback(port)).collect() }
    }

    /// Checks by which name and from which page a request comes.
    pub fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<Page, Refusal> {
        // A request line may name a host as well, and whoever stands between may go by that one.
        if let Some(named) = uri.authority().filter(|named| !self.is_known(named)) {
            return Err(Refusal::Host(named.to_string()));
        }
        let host = host_of(uri, headers);
        if !host.as_ref().is_some_and(|host| self.is_known(host)) {
            return Err(Refusal::Host(host.map(|host| host.to_string()).unwrap_or_default()));
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(Page::None) };
        let text = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let is_known = text.parse::<Origin>().is_ok_and(|origin| self.origins.contains(&origin));
        if is_known && origins.next().is_none() { Ok(Page::Of(origin.clone())) } else { Err(Refusal::Origin(text)) }
    }

    /// Checks the key, which is in the one `Authorization: Bearer KEY`.
    pub fn check_key(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut keys = headers.get_all(AUTHORIZATION).iter();
        let Some(header) = keys.next() else { return Err(Refusal::NoKey) };
        if keys.next().is_some() {
            // Whoever stands between may have looked at the other one.
            return Err(Refusal::WrongKey);
        }
        match header.as_bytes().split_at_checked("bearer ".len()) {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case(b"bearer ") && self.key.is(key) => Ok(()),
            Some(_) | None => Err(Refusal::WrongKey),
        }
    }

    /// Which port it is does not matter: it may be forwarded, and a foreign name stays foreign on any port.
    fn is_known(&self, host: &Authority) -> bool {
        let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok();
        if host.as_str().contains('@') || !port_of(host).is_some_and(is_port) {
            return false;
        }
        let name = match host.host().strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
            None => host.host(),
            // Nothing else stands in brackets.
            Some(Some(address)) if address.parse::<Ipv6Addr>().is_ok() => address,
            Some(_) => return false,
        };
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The name by which the client calls the server; none where it says none, several or nonsense.
fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        (None, _) => uri.authority().cloned(),
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        let origins = vec!["https://app.example.com".parse().expect("an origin")];
        Door::new("0123456789abcdef".parse().expect("a key"), vec!["box.example".to_owned()], origins, 8080)
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn admit(pairs: &[(&'static str, &'static str)]) -> Result<Page, Refusal> {
        door().admit(&Uri::from_static("/"), &headers(pairs))
    }

    #[test]
    fn the_server_is_known_by_the_loopbacks_names_and_its_own() {
        for host in ["localhost", "localhost:", "127.0.0.1:99", "[::1]:8080", "[::1]", "BOX.example"] {
            assert_eq!(admit(&[("host", host)]), Ok(Page::None), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "",
            "[localhost]",
            "[box.example]",
            "[127.0.0.1]",
            "[[::1]]",
            "127.0.0.1:18931.evil.example",
            "127.0.0.1:99999",
            "localhost:+80",
            "localhost:x",
            "localhost:80[::1]:80",
            "x@localhost",
            "[::1]x",
            "[::1]evil.example",
        ] {
            assert!(matches!(admit(&[("host", host)]), Err(Refusal::Host(_))), "{host}");
        }
        assert!(matches!(admit(&[("host", "localhost"), ("host", "localhost")]), Err(Refusal::Host(_))));
        assert!(matches!(admit(&[]), Err(Refusal::Host(_))));
    }

    #[test]
    fn a_request_line_that_names_a_host_names_a_known_one_too() {
        let localhost = headers(&[("host", "localhost")]);
        for uri in ["http://evil.example/mcp", "http://localhost@evil.example/mcp"] {
            assert!(matches!(door().admit(&Uri::from_static(uri), &localhost), Err(Refusal::Host(_))), "{uri}");
        }
        for uri in ["http://127.0.0.1:8080/mcp", "/mcp"] {
            assert_eq!(door().admit(&Uri::from_static(uri), &localhost), Ok(Page::None), "{uri}");
        }
        assert_eq!(door().admit(&Uri::from_static("http://box.example/"), &HeaderMap::new()), Ok(Page::None));
        let evil = headers(&[("host", "evil.example")]);
        assert!(matches!(door().admit(&Uri::from_static("http://localhost/"), &evil), Err(Refusal::Host(_))));
    }

    #[test]
    fn pages_of_others_are_turned_away() {
        let page = |origin| admit(&[("host", "localhost"), ("origin", origin)]);
        assert!(matches!(page("http://localhost:8080"), Ok(Page::Of(_))));
        assert!(matches!(page("https://app.example.com"), Ok(Page::Of(_))));
        for origin in ["https://evil.example", "null", "http://localhost:8081"] {
            assert_eq!(page(origin), Err(Refusal::Origin(origin.to_owned())));
        }
    }

    #[test]
    fn the_key_is_the_bearers() {
        let check = |value| door().check_key(&headers(&[("authorization", value)]));
        assert_eq!(check("Bearer 0123456789abcdef"), Ok(()));
        assert_eq!(check("bearer 0123456789abcdef"), Ok(()));
        for value in ["Bearer 0123456789abcdeF", "0123456789abcdef", "Basic 0123456789abcdef", ""] {
            assert_eq!(check(value), Err(Refusal::WrongKey), "{value}");
        }
        assert_eq!(door().check_key(&HeaderMap::new()), Err(Refusal::NoKey));
        let twice =
            headers(&[("authorization", "Bearer 0123456789abcdef"), ("authorization", "Bearer 0123456789abcdef")]);
        assert_eq!(door().check_key(&twice), Err(Refusal::WrongKey));
    }
}
