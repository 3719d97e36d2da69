//! A picture of the screen, and its way into an answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handspike_types::Image;
use png::{BitDepth, ColorType, Compression};

use crate::{DesktopError, ScreenSize};

/// A picture: three bytes per pixel (red, green, blue), row after row from the top, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its extent.
    pub size: ScreenSize,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Frame {
    /// The picture as a PNG file. The compression is the fast one: a screen is sent once and then thrown
    /// away, so a tenth of the time is worth more than a smaller file.
    pub fn to_png(&self) -> Result<Vec<u8>, DesktopError> {
        let mut file = Vec::with_capacity(self.rgb.len() / 4);
        let mut encoder = png::Encoder::new(&mut file, self.size.width, self.size.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()?;
        Ok(file)
    }

    /// The picture as it travels in a message.
    pub fn to_image(&self) -> Result<Image, DesktopError> {
        Ok(Image::new("image/png", STANDARD.encode(self.to_png()?)))
    }
}
