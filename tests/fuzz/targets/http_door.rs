//! Whatever a request's head says, the door opens only to one whose every host is the loopback's or a known one, as a
//! browser would read it, and to pages of the origins that were allowed.
//! The key fits exactly once and as a whole, in one header. No refusal repeats it.
//! Origins that people allow are read without a panic, and mean what a browser means by them.
#![no_main]

use std::{net::IpAddr, sync::LazyLock};

use handspike_web::{Door, Origin, Page, Refusal};
use http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{AUTHORIZATION, HOST, ORIGIN},
};
use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

const KEY: &str = "0123456789abcdef";
const PORT: u16 = 8080;
const KNOWN_HOST: &str = "box.example";
const ALLOWED: [&str; 4] =
    ["https://app.example", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"];

static DOOR: LazyLock<Door> = LazyLock::new(|| {
    let origins = vec![ALLOWED[0].parse().expect("an origin")];
    Door::new(KEY.parse().expect("a key"), vec![KNOWN_HOST.to_owned()], origins, PORT)
});

// The first line is what is asked for, the others are headers: `h` the host, `o` the origin and `k` the key, each before its
// value.
fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let Some(Ok(uri)) = lines.next().map(Uri::try_from) else { return };
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some((name, value)) = line.split_first() else { continue };
        let name: HeaderName = match name {
            b'h' => HOST,
            b'o' => ORIGIN,
            b'k' => AUTHORIZATION,
            _ => continue,
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    check_place(&uri, &headers);
    check_key(&headers);
});

fn check_place(uri: &Uri, headers: &HeaderMap) {
    match DOOR.admit(uri, headers) {
        Ok(page) => {
            let named = uri.authority().map(|named| named.as_str().as_bytes());
            let hosts: Vec<&[u8]> = headers.get_all(HOST).iter().map(HeaderValue::as_bytes).chain(named).collect();
            assert!(!hosts.is_empty(), "nobody was called");
            hosts.into_iter().for_each(assert_known);
            let origins: Vec<&HeaderValue> = headers.get_all(ORIGIN).iter().collect();
            match (page, origins.as_slice()) {
                (Page::None, []) => {}
                (Page::Of(page), [origin]) => {
                    assert_eq!(page, *origin);
                    assert_allowed(page.to_str().expect("an origin is ASCII"));
                }
                (page, origins) => panic!("{page:?} of {origins:?}"),
            }
        }
        Err(Refusal::Host(_) | Refusal::Origin(_)) => {}
        Err(refusal @ (Refusal::NoKey | Refusal::WrongKey)) => panic!("{refusal:?} where no key is looked at"),
    }
}

fn assert_known(host: &[u8]) {
    let host = std::str::from_utf8(host).expect("a known host is ASCII");
    let after_user = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let end = match after_user.strip_prefix('[') {
        Some(address) => address.find(']').map_or(after_user.len(), |end| end + 2),
        None => after_user.find(':').unwrap_or(after_user.len()),
    };
    let (name, port) = after_user.split_at(end);
    // Which one is the client's own business.
    assert!(port.is_empty() || port[1..].bytes().all(|byte| byte.is_ascii_digit()), "{host:?} was let in");
    let url = Url::parse(&format!("http://{name}/")).unwrap_or_else(|error| panic!("{host:?}: {error}"));
    let is_known = match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain == KNOWN_HOST,
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    };
    assert!(is_known, "{host:?} was let in");
}

fn assert_allowed(origin: &str) {
    let told = |text: &str| Url::parse(text).expect("an origin is a URL").origin().ascii_serialization();
    assert!(ALLOWED.iter().any(|allowed| told(allowed) == told(origin)), "{origin:?} was let in");
    let read: Origin = origin.parse().expect("an allowed origin is one");
    assert_eq!(told(&read.to_string()), told(origin));
}

fn check_key(headers: &HeaderMap) {
    let given: Vec<&[u8]> = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
    let is_key = |header: &[u8]| header.to_ascii_lowercase().starts_with(b"bearer ") && header[7..] == *KEY.as_bytes();
    let fits = matches!(given.as_slice(), [only] if is_key(only));
    match DOOR.check_key(headers) {
        Ok(()) => assert!(fits),
        Err(refusal) => {
            assert!(!fits);
            assert_eq!(refusal == Refusal::NoKey, given.is_empty());
            assert!(!format!("{refusal:?}").contains(KEY));
        }
    }
}
