//! A plain arrow for the pointer, where the platform does not tell its own image.

use std::sync::LazyLock;

use crate::pointer_image::PointerImage;

/// Black with a white edge, so that it shows on everything; its tip is its corner.
const ARROW: [&str; 17] = [
    "o           ",
    "oo          ",
    "o#o         ",
    "o##o        ",
    "o###o       ",
    "o####o      ",
    "o#####o     ",
    "o######o    ",
    "o#######o   ",
    "o########o  ",
    "o#####ooooo ",
    "o##o##o     ",
    "o#o o##o    ",
    "oo  o##o    ",
    "o    o##o   ",
    "     o##o   ",
    "      oo    ",
];

static ARROW_PIXELS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let pixel = |character| match character {
        '#' => 0xff00_0000,
        'o' => 0xffff_ffff,
        _ => 0,
    };
    ARROW.iter().flat_map(|row| row.chars().map(pixel)).collect()
});

impl PointerImage {
    /// A plain arrow that points at a pixel.
    pub(crate) fn arrow(x: i32, y: i32) -> Self {
        Self { left: x, top: y, width: ARROW[0].len(), argb: ARROW_PIXELS.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Extent, Frame};

    #[test]
    fn an_arrow_points_at_its_pixel_and_covers_nothing_left_of_it() {
        let size = Extent { width: 40, height: 40 };
        let mut frame = Frame { size, rgb: vec![100; 40 * 40 * 3] };
        PointerImage::arrow(10, 12).draw(&mut frame);
        let pixel = |x: usize, y: usize| &frame.rgb[(y * 40 + x) * 3..][..3];
        assert_eq!(pixel(10, 12), [255; 3]);
        assert_eq!(pixel(11, 15), [0; 3]);
        assert_eq!((pixel(9, 12), pixel(10, 11)), (&[100; 3][..], &[100; 3][..]));
    }
}
