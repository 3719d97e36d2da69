//! A picture of the screen, and its way into an answer.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handspike_types::{Image, computer::Region};
use png::{BitDepth, ColorType, Compression};

use crate::{DesktopError, Extent, resize};

const BYTES_PER_PIXEL: usize = 3;

/// A picture: three bytes per pixel (red, green, blue), row after row from the top, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its extent.
    pub size: Extent,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// The pixels of a picture that nobody needs any more, for the next one. Memory that is given back and asked for anew
/// with each picture comes page by page, which takes as long as the picture itself.
static SPARE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl Frame {
    /// A picture to be drawn: what its pixels are is not said.
    pub(crate) fn unpainted(size: Extent) -> Self {
        let mut rgb = mem::take(&mut *spare());
        rgb.resize(size.width as usize * size.height as usize * BYTES_PER_PIXEL, 0);
        Self { size, rgb }
    }

    /// A part of the picture. None where the region goes beyond it.
    #[must_use]
    pub fn part(&self, region: Region) -> Option<Self> {
        let Region { from, to } = region;
        let size = Extent { width: to.x.checked_sub(from.x)?, height: to.y.checked_sub(from.y)? };
        if to.x > self.size.width || to.y > self.size.height {
            return None;
        }
        let mut rgb = Vec::with_capacity(size.width as usize * size.height as usize * BYTES_PER_PIXEL);
        for y in from.y..to.y {
            let start = (y as usize * self.size.width as usize + from.x as usize) * BYTES_PER_PIXEL;
            rgb.extend_from_slice(&self.rgb[start..start + size.width as usize * BYTES_PER_PIXEL]);
        }
        Some(Self { size, rgb })
    }

    /// The same picture in this size.
    #[must_use]
    pub fn scaled(self, size: Extent) -> Self {
        if size == self.size { self } else { resize::resized(&self, size) }
    }

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

/// The larger pixels are kept.
impl Drop for Frame {
    fn drop(&mut self) {
        let mut spare = spare();
        if spare.capacity() < self.rgb.capacity() {
            *spare = mem::take(&mut self.rgb);
        }
    }
}

fn spare() -> MutexGuard<'static, Vec<u8>> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use handspike_types::computer::Point;

    use super::*;

    fn numbered(width: u32, height: u32) -> Frame {
        let pixels = (0..width * height).flat_map(|number| [number as u8; 3]);
        Frame { size: Extent { width, height }, rgb: pixels.collect() }
    }

    fn region(from: (u32, u32), to: (u32, u32)) -> Region {
        Region { from: Point { x: from.0, y: from.1 }, to: Point { x: to.0, y: to.1 } }
    }

    #[test]
    fn a_part_has_the_pixels_of_its_region() {
        let part = numbered(4, 3).part(region((1, 1), (3, 3))).expect("inside");
        assert_eq!((part.size.width, part.size.height), (2, 2));
        assert_eq!(part.rgb, [[5; 3], [6; 3], [9; 3], [10; 3]].concat());
    }

    #[test]
    fn there_is_no_part_beyond_the_picture() {
        for (from, to) in [((0, 0), (5, 1)), ((0, 0), (1, 4)), ((3, 0), (2, 1))] {
            assert_eq!(numbered(4, 3).part(region(from, to)), None);
        }
    }
}
