//! What a trace continues: `traceparent`, as W3C's Trace Context has it.

use std::str::FromStr;

/// A span of somebody else's, of which a turn is a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    sampled: bool,
}

impl TraceParent {
    /// Whether whoever began the trace keeps it.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// The text is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidParent;

impl FromStr for TraceParent {
    type Err = InvalidParent;

    /// Reads `00-TRACE-SPAN-FLAGS`. Later versions may have more behind.
    fn from_str(text: &str) -> Result<Self, InvalidParent> {
        let mut parts = text.trim().split('-');
        let (Some(version), Some(trace), Some(span), Some(flags)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidParent);
        };
        let [version] = bytes(version)?;
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return Err(InvalidParent);
        }
        let [flags] = bytes(flags)?;
        let (trace, span) = (bytes(trace)?, bytes(span)?);
        if trace == [0; 16] || span == [0; 8] {
            return Err(InvalidParent);
        }
        Ok(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

/// Bytes in hexadecimal digits of lower case.
fn bytes<const N: usize>(text: &str) -> Result<[u8; N], InvalidParent> {
    let is_hex = text.len() == 2 * N && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex {
        return Err(InvalidParent);
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| InvalidParent)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_as_the_standard_has_it() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent: TraceParent = text.parse().expect("a parent");
        assert_eq!((parent.trace[0], parent.span[7], parent.sampled), (0x4b, 0xb7, true));
        assert!(text.replace("-01", "-00").parse::<TraceParent>().is_ok_and(|parent| !parent.sampled));
        assert!(format!("cc{}-later", &text[2..]).parse::<TraceParent>().is_ok());
        for wrong in [
            "",
            "00-1-2-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert!(wrong.parse::<TraceParent>().is_err(), "{wrong}");
        }
    }
}
