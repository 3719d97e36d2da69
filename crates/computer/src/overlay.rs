//! Laying the pointer over a picture, as far as it is in it.

use crate::Frame;

/// Lays an image over a picture. Its corner may be outside; its pixels are alpha, red, green and blue from the highest byte
/// down, row by row, with the colours multiplied by alpha already.
pub(crate) fn lay_over(frame: &mut Frame, left: i32, top: i32, width: usize, argb: &[u32]) {
    if width == 0 {
        return;
    }
    for (row, pixels) in (top..).zip(argb.chunks_exact(width)) {
        for (column, pixel) in (left..).zip(pixels) {
            if let Some(below) = pixel_at(frame, column, row) {
                blend(below, *pixel);
            }
        }
    }
}

fn pixel_at(frame: &mut Frame, x: i32, y: i32) -> Option<&mut [u8]> {
    let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
    if x >= frame.size.width || y >= frame.size.height {
        return None;
    }
    let start = (y as usize * frame.size.width as usize + x as usize) * 3;
    frame.rgb.get_mut(start..start + 3)
}

fn blend(below: &mut [u8], pixel: u32) {
    let [alpha, colours @ ..] = pixel.to_be_bytes();
    for (below, colour) in below.iter_mut().zip(colours) {
        let shining_through = u16::from(*below) * u16::from(255 - alpha) / 255;
        *below = colour.saturating_add(shining_through as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_transparent_pixels_let_the_screen_shine_through() {
        let mut below = [200, 0, 255];
        blend(&mut below, 0x8000_4000);
        assert_eq!(below, [99, 64, 127]);
    }
}
