//! Drawing the pointer, which no capture contains.

use x11rb::protocol::xfixes::GetCursorImageReply;

use crate::Frame;

/// Lays the pointer over a picture of the whole screen.
pub(super) fn draw(frame: &mut Frame, pointer: &GetCursorImageReply) {
    let width = usize::from(pointer.width);
    if width == 0 {
        return;
    }
    let left = i32::from(pointer.x) - i32::from(pointer.xhot);
    let top = i32::from(pointer.y) - i32::from(pointer.yhot);
    for (row, pixels) in (top..).zip(pointer.cursor_image.chunks_exact(width)) {
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

/// The pointer's pixels are alpha, red, green, blue, with the colours multiplied by alpha already.
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
        let pointer = GetCursorImageReply {
            x: 1,
            y: 1,
            width: 2,
            height: 2,
            cursor_image: vec![0xff01_0203, 0xffff_ffff, 0x0000_0000, 0xffff_ffff],
            ..Default::default()
        };
        draw(&mut frame, &pointer);
        assert_eq!(frame.rgb, [100, 100, 100, 100, 100, 100, 100, 100, 100, 1, 2, 3]);
    }

    #[test]
    fn half_transparent_pixels_let_the_screen_shine_through() {
        let mut below = [200, 0, 255];
        blend(&mut below, 0x8000_4000);
        assert_eq!(below, [99, 64, 127]);
    }
}
