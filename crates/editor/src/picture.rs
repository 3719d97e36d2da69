//! Pictures: which files are one, and whether a model can be shown it.
//!
//! A provider refuses the whole request for a picture that is too large or broken, so both are found out here.
//! Pixels are decoded to see whether they are all there, row by row where the format allows, and not at all for
//! pictures so large that this would take more memory than a view is worth: those are checked in outline.

use std::{
    error::Error,
    io::{self, Cursor},
    num::NonZero,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use gif::MemoryLimit;
use handspike_types::{Image, escaped};
use image_webp::WebPDecoder;
use memchr::memmem;
use zune_jpeg::JpegDecoder;

/// Bytes of a picture in base64, as the strictest provider has it.
const BASE64_LIMIT: usize = 5 << 20;
/// Pixels a side, likewise.
const SIDE_LIMIT: u32 = 8000;
/// Pixels of the largest picture that is decoded as a whole.
const DECODED_LIMIT: u64 = 16 << 20;
/// Bytes that a decoder may take for itself.
const DECODER_LIMIT: usize = 64 << 20;

/// The formats that providers take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Gif,
    WebP,
}

/// A picture that can be shown.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) image: Image,
}

/// Why a picture cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("its {size} bytes are {} in base64, and up to {BASE64_LIMIT} can be shown", base64_length(*size))]
    TooManyBytes { size: usize },
    #[error("it is {width}x{height} pixels, and up to {SIDE_LIMIT} a side can be shown")]
    TooManyPixels { width: u32, height: u32 },
    #[error("it ends too early")]
    Truncated,
    #[error("it has no pixels")]
    Empty,
    #[error("it is broken")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    #[error("it is so broken that its decoder failed")]
    DecoderFailed,
}

impl Format {
    /// The format of a file that begins like a picture.
    pub(crate) fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }

    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Png => "a PNG picture",
            Self::Jpeg => "a JPEG picture",
            Self::Gif => "a GIF picture",
            Self::WebP => "a WebP picture",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }
}

/// Checks a picture, and wraps it up for the model.
pub(crate) fn check(format: Format, content: &[u8]) -> Result<Picture, PictureError> {
    if base64_length(content.len()) > BASE64_LIMIT {
        return Err(PictureError::TooManyBytes { size: content.len() });
    }
    let decode = || match format {
        Format::Png => check_png(content),
        Format::Jpeg => check_jpeg(content),
        Format::Gif => check_gif(content),
        Format::WebP => check_webp(content),
    };
    // A decoder that is fed what somebody broke may stumble; that is one more way to find the picture broken.
    let (width, height) = panic::catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(PictureError::DecoderFailed))?;
    Ok(Picture { width, height, image: Image::new(format.media_type(), BASE64_STANDARD.encode(content)) })
}

fn check_png(content: &[u8]) -> Result<(u32, u32), PictureError> {
    let limits = png::Limits { bytes: DECODER_LIMIT };
    let decoder = png::Decoder::new_with_limits(Cursor::new(content), limits);
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = reader.info().size();
    check_size(width, height)?;
    while reader.next_row().map_err(broken)?.is_some() {}
    reader.finish().map_err(broken)?;
    Ok((width, height))
}

fn check_jpeg(content: &[u8]) -> Result<(u32, u32), PictureError> {
    let mut decoder = JpegDecoder::new(Cursor::new(content));
    decoder.decode_headers().map_err(broken)?;
    let (width, height) = decoder.info().map(|info| (info.width.into(), info.height.into())).unwrap_or_default();
    check_size(width, height)?;
    // The decoder fills in what is missing, so the end of the picture is looked for, after the start of its last
    // scan: within one, both marks would be escaped.
    let scan = memmem::rfind(content, b"\xff\xda").unwrap_or_default();
    memmem::find(&content[scan..], b"\xff\xd9").ok_or(PictureError::Truncated)?;
    if is_decoded(width, height) {
        decoder.decode().map_err(broken)?;
    }
    Ok((width, height))
}

fn check_gif(content: &[u8]) -> Result<(u32, u32), PictureError> {
    let mut options = gif::DecodeOptions::new();
    options.set_memory_limit(NonZero::new(DECODED_LIMIT).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let mut outline = options.clone();
    outline.skip_frame_decoding(true);
    let mut decoder = outline.read_info(content).map_err(broken)?;
    let (width, height) = (decoder.width().into(), decoder.height().into());
    check_size(width, height)?;
    let mut frames = 0;
    while decoder.next_frame_info().map_err(broken)?.is_some() {
        frames += 1;
    }
    if frames == 0 {
        return Err(PictureError::Empty);
    }
    // Of an animation, models see the first frame.
    if is_decoded(width, height) {
        options.read_info(content).map_err(broken)?.read_next_frame().map_err(broken)?;
    }
    Ok((width, height))
}

fn check_webp(content: &[u8]) -> Result<(u32, u32), PictureError> {
    let announced = content.get(4..8).and_then(|length| length.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes);
    if (content.len() as u64) < u64::from(announced) + 8 {
        return Err(PictureError::Truncated);
    }
    let mut decoder = WebPDecoder::new(Cursor::new(content)).map_err(broken)?;
    decoder.set_memory_limit(DECODER_LIMIT);
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if is_decoded(width, height) {
        let mut pixels = vec![0; decoder.output_buffer_size().ok_or(PictureError::DecoderFailed)?];
        decoder.read_image(&mut pixels).map_err(broken)?;
    }
    Ok((width, height))
}

fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    match (width, height) {
        (0, _) | (_, 0) => Err(PictureError::Empty),
        (width, height) if width.max(height) > SIDE_LIMIT => Err(PictureError::TooManyPixels { width, height }),
        _ => Ok(()),
    }
}

fn is_decoded(width: u32, height: u32) -> bool {
    u64::from(width) * u64::from(height) <= DECODED_LIMIT
}

fn broken(error: impl Error + Send + Sync + 'static) -> PictureError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return PictureError::Truncated;
        }
        cause = error.source();
    }
    PictureError::Broken(Box::new(error))
}

fn base64_length(size: usize) -> usize {
    size.div_ceil(3) * 4
}

impl PictureError {
    /// What to do about it.
    pub(crate) fn hint(&self, path: &Path) -> String {
        match self {
            Self::TooManyBytes { .. } | Self::TooManyPixels { .. } => format!(
                "make a smaller copy with a shell command, such as `convert '{}' -resize '1568x1568>' /tmp/smaller.png`, and view that",
                escaped(&path.to_string_lossy())
            ),
            Self::Truncated | Self::Empty | Self::Broken(_) | Self::DecoderFailed => {
                "make the picture again, or look into the file with a shell command such as `file` or `od`".into()
            }
        }
    }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
