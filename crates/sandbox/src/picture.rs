//! A guest's pictures are not to be trusted, and go to models, records and programs that show them. Only what is a picture
//! by all signs is passed on.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use handspike_types::Image;
use thiserror::Error;

/// Characters of base64 that a picture may have: enough for a screen of 4096x2160 full of noise.
const MOST_CHARACTERS: usize = 36 << 20;

/// Why a picture is not passed on.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("its media type is none of image/png, image/jpeg, image/gif and image/webp")]
    MediaType,
    #[error("it has {0} characters, and {MOST_CHARACTERS} are the most")]
    TooLarge(usize),
    #[error("it is no base64")]
    NotBase64,
    #[error("its bytes are not what its media type says")]
    OtherContent,
}

/// Whether a picture is what it says. It is not decoded as a picture: that is up to whoever shows it.
pub(crate) fn check(image: &Image) -> Result<(), Refused> {
    let begins_rightly: fn(&[u8]) -> bool = match image.media_type.as_str() {
        "image/png" => |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => |bytes| bytes.starts_with(b"\xff\xd8\xff"),
        "image/gif" => |bytes| bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        "image/webp" => |bytes| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        _ => return Err(Refused::MediaType),
    };
    if image.data.len() > MOST_CHARACTERS {
        return Err(Refused::TooLarge(image.data.len()));
    }
    let bytes = STANDARD.decode(&image.data).map_err(|_| Refused::NotBase64)?;
    if begins_rightly(&bytes) { Ok(()) } else { Err(Refused::OtherContent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(media_type: &str, data: &str) -> Result<(), Refused> {
        check(&Image::new(media_type, data))
    }

    #[test]
    fn pictures_of_the_usual_kinds_pass() {
        for (media_type, bytes) in [
            ("image/png", &b"\x89PNG\r\n\x1a\n..."[..]),
            ("image/jpeg", b"\xff\xd8\xff\xe0"),
            ("image/gif", b"GIF89a"),
            ("image/webp", b"RIFF\x04\0\0\0WEBP"),
        ] {
            assert_eq!(judged(media_type, &STANDARD.encode(bytes)), Ok(()), "{media_type}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let png = STANDARD.encode(b"\x89PNG\r\n\x1a\n");
        for media_type in ["image/svg+xml", "text/html", "IMAGE/PNG", "image/png; a=b", ""] {
            assert_eq!(judged(media_type, &png), Err(Refused::MediaType), "{media_type}");
        }
        for data in ["not base64!", "iVBORw0KGgo", "iVBORw0K\nGgo="] {
            assert_eq!(judged("image/png", data), Err(Refused::NotBase64), "{data}");
        }
        assert_eq!(judged("image/jpeg", &png), Err(Refused::OtherContent));
        assert_eq!(judged("image/png", ""), Err(Refused::OtherContent));
        let large = "A".repeat(MOST_CHARACTERS + 4);
        assert_eq!(judged("image/png", &large), Err(Refused::TooLarge(large.len())));
    }
}
