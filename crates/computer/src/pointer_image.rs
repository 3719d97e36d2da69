//! Drawing the pointer, which no capture contains.

use x11rb::protocol::xfixes::GetCursorImageReply;

use crate::Frame;

/// An image of the pointer and its place in a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PointerImage {
    /// The image's corner, which may be outside of the picture.
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) width: usize,
    /// Alpha, red, green and blue from the highest byte down, the colours multiplied by alpha already.
    pub(crate) argb: Vec<u32>,
}

impl PointerImage {
    /// Lays the pointer over a picture, as far as it is in it.
    pub(crate) fn draw(&self, frame: &mut Frame) {
        if self.width == 0 {
            return;
        }
        for (row, pixels) in (self.top..).zip(self.argb.chunks_exact(self.width)) {
            for (column, pixel) in (self.left..).zip(pixels) {
                if let Some(below) = pixel_at(frame, column, row) {
                    blend(below, *pixel);
                }
            }
        }
    }
}

impl From<GetCursorImageReply> for PointerImage {
    fn from(image: GetCursorImageReply) -> Self {
        Self {
            left: i32::from(image.x) - i32::from(image.xhot),
            top: i32::from(image.y) - i32::from(image.yhot),
            width: usize::from(image.width),
            argb: image.cursor_image,
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
    use crate::Extent;

    #[test]
    fn a_pointer_at_the_edge_is_drawn_as_far_as_it_is_on_the_screen() {
        let mut frame = Frame { size: Extent { width: 2, height: 2 }, rgb: vec![100; 12] };
        let argb = vec![0xff01_0203, 0xffff_ffff, 0x0000_0000, 0xffff_ffff];
        PointerImage { left: 1, top: 1, width: 2, argb }.draw(&mut frame);
        assert_eq!(frame.rgb, [100, 100, 100, 100, 100, 100, 100, 100, 100, 1, 2, 3]);
    }

    #[test]
    fn half_transparent_pixels_let_the_screen_shine_through() {
        let mut below = [200, 0, 255];
        blend(&mut below, 0x8000_4000);
        assert_eq!(below, [99, 64, 127]);
    }
}
