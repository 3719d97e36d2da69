//! Making pictures smaller without losing thin lines and small letters.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};

use crate::{Extent, Frame};

/// The picture in another size.
pub(crate) fn resized(frame: &Frame, size: Extent) -> Frame {
    const FITS: &str = "a frame has three bytes for each of its pixels";
    let mut resized = Frame::unpainted(size);
    let source = TypedImageRef::<U8x3>::from_buffer(frame.size.width, frame.size.height, &frame.rgb).expect(FITS);
    let mut target = TypedImage::<U8x3>::from_buffer(size.width, size.height, &mut resized.rgb).expect(FITS);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize_typed(&source, &mut target, &options).expect("the whole source is resized, not a part");
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_picture_shows_the_same() {
        let size = Extent { width: 96, height: 64 };
        let half = |x: usize| if x < 48 { [200, 10, 10] } else { [10, 10, 200] };
        let rgb = (0..64).flat_map(|_| (0..96).flat_map(half)).collect();
        let small = resized(&Frame { size, rgb }, Extent { width: 33, height: 22 });
        assert_eq!((small.size.width, small.size.height), (33, 22));
        let pixel = |x: usize, y: usize| &small.rgb[(y * 33 + x) * 3..][..3];
        assert_eq!(pixel(2, 2), [200, 10, 10]);
        assert_eq!(pixel(30, 20), [10, 10, 200]);
    }
}
