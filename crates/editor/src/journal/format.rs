//! A heading in bytes. The bytes that it announces follow it in the same file.
//!
//! All numbers are little-endian. The heading ends with its own hash, so that an index can be made without
//! reading what may be many megabytes; the bytes have theirs in the heading.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

use super::entry::{Digest, Heading, Shape, digest};

const MAGIC: &[u8; 8] = b"HSEDIT1\n";
/// The longest path that the kernel takes.
const PATH_LIMIT: usize = 4096;
const CREATED: u64 = 0;
const SPLICED: u64 = 1;
/// In the place of a length: there is nothing.
const NONE: u64 = u64::MAX;
/// Magic, the path's length, two hashes and five numbers.
const FIXED: usize = 8 + 8 + 2 * size_of::<Digest>() + 5 * 8;

/// The most bytes that a heading takes.
pub(crate) const HEADING_LIMIT: usize = FIXED + PATH_LIMIT + size_of::<Digest>();

pub(crate) fn encode(heading: &Heading) -> Vec<u8> {
    let path = heading.path.as_os_str().as_bytes();
    let numbers = match heading.shape {
        Shape::Created => [CREATED, 0, 0, 0],
        Shape::Spliced { at, removed, inserted } => [SPLICED, at, removed, inserted],
    };
    let mut bytes = MAGIC.to_vec();
    bytes.extend((path.len() as u64).to_le_bytes());
    bytes.extend(heading.after);
    bytes.extend(heading.bytes);
    for number in numbers.into_iter().chain([heading.kept.unwrap_or(NONE)]) {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(path);
    let hash = digest(&bytes);
    bytes.extend(hash);
    bytes
}

/// The heading at the start of `bytes`, and its length. None when it is not one, or not as it was written.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Heading, usize)> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let path_length = usize::try_from(number(&mut rest)?).ok().filter(|length| *length <= PATH_LIMIT)?;
    let (after, of_bytes) = (array(&mut rest)?, array(&mut rest)?);
    let [kind, at, removed, inserted, kept] =
        [number(&mut rest)?, number(&mut rest)?, number(&mut rest)?, number(&mut rest)?, number(&mut rest)?];
    let path = rest.split_off(..path_length)?;
    let length = FIXED + path_length;
    if array::<{ size_of::<Digest>() }>(&mut rest)? != digest(&bytes[..length]) {
        return None;
    }
    let shape = match kind {
        CREATED => Shape::Created,
        SPLICED => Shape::Spliced { at, removed, inserted },
        _ => return None,
    };
    let path = Path::new(OsStr::from_bytes(path)).to_owned();
    let heading = Heading { path, after, shape, kept: (kept != NONE).then_some(kept), bytes: of_bytes };
    Some((heading, length + size_of::<Digest>()))
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    array(rest).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heading() -> impl Strategy<Value = Heading> {
        let shape = prop_oneof![
            Just(Shape::Created),
            any::<[u64; 3]>().prop_map(|[at, removed, inserted]| Shape::Spliced { at, removed, inserted }),
        ];
        ("(/[a-zä]{1,9}){1,4}", any::<Digest>(), shape, prop::option::of(0..NONE), any::<Digest>())
            .prop_map(|(path, after, shape, kept, bytes)| Heading { path: path.into(), after, shape, kept, bytes })
    }

    proptest! {
        #[test]
        fn a_heading_is_read_as_it_was_written(heading in heading(), tail in any::<Vec<u8>>()) {
            let mut bytes = encode(&heading);
            let length = bytes.len();
            bytes.extend(tail);
            prop_assert_eq!(decode(&bytes), Some((heading, length)));
        }

        #[test]
        fn a_heading_with_a_byte_changed_or_missing_is_none(
            heading in heading(), at in any::<prop::sample::Index>(), change in 1u8..,
        ) {
            let mut bytes = encode(&heading);
            let at = at.index(bytes.len());
            prop_assert_eq!(decode(&bytes[..at]), None);
            bytes[at] ^= change;
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(decode(&[MAGIC, &bytes[..]].concat()), None);
        }
    }
}
