//! Pictures that a server answers with, decoded so that a case can look at them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use image::{ImageFormat, RgbImage};

use crate::miss::Miss;

/// How far a colour may be off: a lossy format does not keep it exactly.
const TOLERANCE: u8 = 14;

/// Fewer pixels of a colour than this are no window.
const FEWEST_PIXELS: usize = 2000;

/// An opaque colour: red, green, blue.
pub(crate) type Colour = [u8; 3];

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Area {
    /// The pixel in the middle.
    pub(crate) fn center(&self) -> (u32, u32) {
        (self.left + self.width / 2, self.top + self.height / 2)
    }
}

/// A decoded picture.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) format: ImageFormat,
    pub(crate) pixels: RgbImage,
}

impl Picture {
    /// Decodes the base64 of an MCP image. The declared type counts for nothing but has to be right.
    pub(crate) fn decode(data: &str, declared: &str) -> Result<Self, Miss> {
        let expected = "an image that decodes and is of the type that is declared";
        let bytes = BASE64_STANDARD.decode(data).map_err(|error| Miss::failed(expected, error.to_string()))?;
        let format = image::guess_format(&bytes).map_err(|error| Miss::failed(expected, error.to_string()))?;
        if format.to_mime_type() != declared {
            return Err(Miss::failed(expected, format!("{} declared as {declared}", format.to_mime_type())));
        }
        let pixels = image::load_from_memory_with_format(&bytes, format)
            .map_err(|error| Miss::failed(expected, error.to_string()))?
            .into_rgb8();
        Ok(Self { format, pixels })
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.pixels.dimensions()
    }

    /// The smallest rectangle with all pixels of a colour; none when there are too few of them.
    pub(crate) fn find(&self, colour: Colour) -> Option<Area> {
        let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
        let mut count = 0;
        for (x, y, pixel) in self.pixels.enumerate_pixels() {
            if is_near(pixel.0, colour) {
                (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
                count += 1;
            }
        }
        let area = Area { left, top, width: right.wrapping_sub(left) + 1, height: bottom.wrapping_sub(top) + 1 };
        (count >= FEWEST_PIXELS).then_some(area)
    }

    /// How many pixels in an area are clearly different in another picture of the same size.
    pub(crate) fn differences(&self, other: &Self, area: Area) -> usize {
        let inside = |x: u32, y: u32| {
            (area.left..area.left + area.width).contains(&x) && (area.top..area.top + area.height).contains(&y)
        };
        let pairs = self.pixels.enumerate_pixels().zip(other.pixels.pixels());
        pairs.filter(|((x, y, one), other)| inside(*x, *y) && !is_near(one.0, other.0)).count()
    }

    /// Everything.
    pub(crate) fn area(&self) -> Area {
        let (width, height) = self.size();
        Area { left: 0, top: 0, width, height }
    }
}

fn is_near(one: Colour, other: Colour) -> bool {
    one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= TOLERANCE)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn screen_with(area: Area, colour: Colour) -> RgbImage {
        let mut pixels = RgbImage::from_pixel(200, 150, image::Rgb([10, 20, 30]));
        for y in area.top..area.top + area.height {
            for x in area.left..area.left + area.width {
                pixels.put_pixel(x, y, image::Rgb(colour));
            }
        }
        pixels
    }

    fn encoded(pixels: &RgbImage, format: ImageFormat) -> String {
        let mut bytes = Vec::new();
        pixels.write_to(&mut Cursor::new(&mut bytes), format).expect("encodes");
        BASE64_STANDARD.encode(bytes)
    }

    #[test]
    fn a_window_is_found_by_its_colour_in_every_format() {
        let area = Area { left: 40, top: 32, width: 96, height: 64 };
        let pixels = screen_with(area, [200, 120, 40]);
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let picture = Picture::decode(&encoded(&pixels, format), format.to_mime_type()).expect("decodes");
            assert_eq!(picture.find([200, 120, 40]), Some(area));
            assert_eq!(picture.find([1, 200, 1]), None);
        }
        let lossy = Picture::decode(&encoded(&pixels, ImageFormat::Jpeg), "image/jpeg").expect("decodes");
        let found = lossy.find([200, 120, 40]).expect("a window");
        assert!(found.left.abs_diff(area.left) <= 2 && found.width.abs_diff(area.width) <= 4, "{found:?}");
    }

    #[test]
    fn a_picture_that_is_not_what_it_is_said_to_be_fails() {
        let png = encoded(&RgbImage::new(4, 4), ImageFormat::Png);
        assert!(Picture::decode(&png, "image/jpeg").is_err());
        assert!(Picture::decode("not base64!", "image/png").is_err());
        assert!(Picture::decode("aGVsbG8=", "image/png").is_err());
    }

    #[test]
    fn differences_are_counted_inside_the_area_only() {
        let area = Area { left: 10, top: 10, width: 5, height: 5 };
        let still = Picture { format: ImageFormat::Png, pixels: RgbImage::new(200, 150) };
        let changed = Picture { format: ImageFormat::Png, pixels: screen_with(area, [255, 255, 255]) };
        assert_eq!(still.differences(&changed, area), 25);
        assert_eq!(still.differences(&changed, Area { left: 100, top: 100, width: 20, height: 20 }), 200 * 2);
    }
}
