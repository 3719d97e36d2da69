//! Drawing the pointer, which no capture contains: the platform's own image where it can be had, else a plain arrow.

use std::sync::LazyLock;

use crate::{Frame, overlay::lay_over};

/// An image of the pointer and its place in a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PointerImage {
    /// The image's corner, which may be outside of the picture.
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: usize,
    /// Alpha, red, green and blue from the highest byte down, the colours multiplied by alpha already.
    pub(super) argb: Vec<u32>,
}

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
    pub(super) fn arrow(x: i32, y: i32) -> Self {
        Self { left: x, top: y, width: ARROW[0].len(), argb: ARROW_PIXELS.clone() }
    }

    /// Lays the pointer over a picture, as far as it is in it.
    pub(super) fn draw(&self, frame: &mut Frame) {
        lay_over(frame, self.left, self.top, self.width, &self.argb);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Extent;

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

    #[test]
    fn a_pointer_at_the_edge_is_drawn_as_far_as_it_is_on_the_screen() {
        let mut frame = Frame { size: Extent { width: 2, height: 2 }, rgb: vec![100; 12] };
        let argb = vec![0xff01_0203, 0xffff_ffff, 0x0000_0000, 0xffff_ffff];
        PointerImage { left: 1, top: 1, width: 2, argb }.draw(&mut frame);
        assert_eq!(frame.rgb, [100, 100, 100, 100, 100, 100, 100, 100, 100, 1, 2, 3]);
    }
}
