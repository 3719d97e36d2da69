//! Where a server listens, as people write it.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};

/// Reads `127.0.0.1:8931`, `[::1]:8931`, `localhost:8931` or `8931`.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let wrong = |what: &str| format!("{what}; write for example 127.0.0.1:8931, localhost:8931 or 8931");
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(wrong("it has no port"));
    }
    if host.contains(':') && !host.starts_with('[') {
        return Err(wrong("an address with colons stands in brackets, as in [::1]:8931"));
    }
    let found: Vec<SocketAddr> = text.to_socket_addrs().map_err(|_| wrong("there is no such address"))?.collect();
    // A name may stand for both kinds; most clients try the older one, too.
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| wrong("there is no such address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_or_a_host_with_a_port() {
        for (text, address) in
            [("8931", "127.0.0.1:8931"), ("127.0.0.2:1", "127.0.0.2:1"), ("[::1]:8931", "[::1]:8931")]
        {
            assert_eq!(parse_address(text).map(|address| address.to_string()).as_deref(), Ok(address));
        }
        assert!(parse_address("localhost:8931").is_ok_and(|address| address.ip().is_loopback()));
        for wrong in ["", "localhost", ":8931", "127.0.0.1", "localhost:99999", "::1:5"] {
            assert!(parse_address(wrong).expect_err("no address").contains("write for example"), "{wrong}");
        }
    }
}
