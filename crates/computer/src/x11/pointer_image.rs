//! Drawing the pointer, which no capture contains.

use x11rb::protocol::xfixes::GetCursorImageReply;

use crate::{Frame, overlay::lay_over};

/// Lays the pointer over a picture of the whole screen.
pub(super) fn draw(frame: &mut Frame, pointer: &GetCursorImageReply) {
    let left = i32::from(pointer.x) - i32::from(pointer.xhot);
    let top = i32::from(pointer.y) - i32::from(pointer.yhot);
    lay_over(frame, left, top, usize::from(pointer.width), &pointer.cursor_image);
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
}
