//! Pictures of the screen.
//!
//! The server writes the pixels into shared memory if it can, else they come over the socket. Size, pixels
//! and pointer are asked for anew each time, so a resized screen is pictured as it is.

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::ReplyError;
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, ImageOrder};

use super::display::Display;
use super::shared_memory::SharedMemory;
use crate::{ConnectError, DesktopError, Extent, Frame, pointer_image::PointerImage};

const BYTES_PER_PIXEL: usize = 4;
const ALL_PLANES: u32 = !0;

/// Takes pictures of one display.
pub(super) struct Camera {
    /// Where in a pixel's four bytes red, green and blue are.
    channels: [usize; 3],
    way: Way,
}

/// How pixels get here.
enum Way {
    /// Through memory that both sides have mapped; made at the first picture, and again for a larger screen.
    Shared(Option<SharedMemory>),
    /// In replies over the socket.
    Socket,
}

impl Camera {
    pub(super) fn new(display: &Display) -> Result<Self, ConnectError> {
        let way = if can_share(display)? { Way::Shared(None) } else { Way::Socket };
        Ok(Self { channels: channels(display)?, way })
    }

    /// Takes the slower way from now on, as for a server that cannot share memory.
    pub(super) fn use_socket(&mut self) {
        self.way = Way::Socket;
    }

    pub(super) fn take(&mut self, display: &Display) -> Result<Frame, DesktopError> {
        let size = screen_size(display)?;
        let (width, height) = (size.width as u16, size.height as u16);
        let mut frame = Frame::unpainted(size);
        match &mut self.way {
            Way::Shared(memory) => {
                let memory = large_enough(memory, display, size)?;
                let (format, segment) = (ImageFormat::Z_PIXMAP.into(), memory.segment);
                let screen = display.root();
                display
                    .connection
                    .shm_get_image(screen, 0, 0, width, height, ALL_PLANES, format, segment, 0)?
                    .reply()?;
                paint(&mut frame, memory, self.channels);
            }
            Way::Socket => {
                let (format, screen) = (ImageFormat::Z_PIXMAP, display.root());
                let pixels = display.connection.get_image(format, screen, 0, 0, width, height, ALL_PLANES)?;
                paint(&mut frame, &pixels.reply()?.data, self.channels);
            }
        }
        match display.connection.xfixes_get_cursor_image()?.reply() {
            Ok(pointer) => PointerImage::from(pointer).draw(&mut frame),
            // The server refuses it once the window manager, whose it was, is gone. A picture without it is still one.
            Err(ReplyError::X11Error(_)) => {}
            Err(error @ ReplyError::ConnectionError(_)) => return Err(error.into()),
        }
        Ok(frame)
    }
}

/// The screen's size as it is now.
pub(super) fn screen_size(display: &Display) -> Result<Extent, DesktopError> {
    let geometry = display.connection.get_geometry(display.root())?.reply()?;
    Ok(Extent { width: geometry.width.into(), height: geometry.height.into() })
}

/// Descriptors travel over local sockets only, and since version 1.2 of the extension.
fn can_share(display: &Display) -> Result<bool, DesktopError> {
    if !display.is_local() || display.connection.extension_information(shm::X11_EXTENSION_NAME)?.is_none() {
        return Ok(false);
    }
    let version = display.connection.shm_query_version()?.reply()?;
    Ok((version.major_version, version.minor_version) >= (1, 2))
}

fn large_enough<'a>(
    memory: &'a mut Option<SharedMemory>,
    display: &Display,
    size: Extent,
) -> Result<&'a SharedMemory, DesktopError> {
    let needed = size.width as usize * size.height as usize * BYTES_PER_PIXEL;
    if let Some(small) = memory.take_if(|memory| memory.len() < needed) {
        small.detach(display)?;
    }
    match memory {
        Some(memory) => Ok(memory),
        None => Ok(memory.insert(SharedMemory::attach(display, needed)?)),
    }
}

fn paint(frame: &mut Frame, pixels: &[u8], [red, green, blue]: [usize; 3]) {
    for (colour, pixel) in frame.rgb.chunks_exact_mut(3).zip(pixels.chunks_exact(BYTES_PER_PIXEL)) {
        colour[0] = pixel[red];
        colour[1] = pixel[green];
        colour[2] = pixel[blue];
    }
}

/// Finds the bytes of the colours in a pixel, on screens that have a byte for each.
fn channels(display: &Display) -> Result<[usize; 3], ConnectError> {
    let (setup, screen) = (display.connection.setup(), display.screen());
    let bits_per_pixel = setup
        .pixmap_formats
        .iter()
        .find(|format| format.depth == screen.root_depth)
        .map_or(0, |format| format.bits_per_pixel);
    let visuals = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
    let visual = visuals.into_iter().find(|visual| visual.visual_id == screen.root_visual);
    let channels = visual.and_then(|visual| {
        let byte = |mask| byte_of(mask, setup.image_byte_order == ImageOrder::LSB_FIRST);
        Some([byte(visual.red_mask)?, byte(visual.green_mask)?, byte(visual.blue_mask)?])
    });
    match channels {
        Some(channels) if usize::from(bits_per_pixel) == 8 * BYTES_PER_PIXEL => Ok(channels),
        _ => Err(ConnectError::PixelFormat { depth: screen.root_depth, bits_per_pixel }),
    }
}

/// The index in memory of the byte that a mask selects, if it selects exactly one.
fn byte_of(mask: u32, least_first: bool) -> Option<usize> {
    let place = (0..BYTES_PER_PIXEL).find(|place| mask == 0xff << (8 * place))?;
    Some(if least_first { place } else { BYTES_PER_PIXEL - 1 - place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_found_in_either_byte_order() {
        assert_eq!(byte_of(0x00ff_0000, true), Some(2));
        assert_eq!(byte_of(0x00ff_0000, false), Some(1));
        assert_eq!(byte_of(0x0000_f800, true), None);
    }
}
