//! The libraries, as they live on the worker's thread. Everything here blocks for as long as the platform likes.

use enigo::{Axis, Coordinate, Direction, Enigo, InputError, Keyboard as _, Mouse as _, NewConError, Settings};
use handspike_types::{
    computer::{Button, Point, ScrollDirection},
    desktop::{Selection, Window},
};
use xcap::{XCapError, image::RgbaImage};

use super::{
    clipboard::Pasteboard,
    screen::{self, Placement, Screen},
    strokes::Pressed,
    window_system::{Refusal, WindowSystem},
    windows,
    x11_side::X11Side,
};
use crate::{DesktopError, Extent, pointer_image::PointerImage};

/// What sees and operates one desktop.
pub(super) struct Platform {
    system: WindowSystem,
    screen: Screen,
    enigo: Enigo,
    pasteboard: Pasteboard,
    x11: Option<X11Side>,
    /// The extent of the last picture.
    pixels: Extent,
    /// Where the pointer was put, on a desktop that does not tell where it is.
    put: Option<Point>,
}

impl Platform {
    /// Opens everything but the clipboard, and takes a first picture, so that what is not allowed is known at once.
    pub(super) fn open(system: WindowSystem, display: &str) -> Result<Self, Refusal> {
        check_permission()?;
        // First of all, since it stays: some servers start anew when their last client leaves, which xcap does each time.
        let x11 = match system {
            WindowSystem::X11 => Some(X11Side::connect(display).map_err(Refusal::NoServer)?),
            WindowSystem::Wayland | WindowSystem::Native => None,
        };
        let no_picture = |source| Refusal::NoPicture { system, source };
        let mut screen = Screen::primary().map_err(no_picture)?.ok_or(Refusal::NoScreen)?;
        let pixels = screen::extent(&screen.picture().map_err(no_picture)?);
        let enigo = input(system, display).map_err(|error| system.refused_input(error))?;
        let mut platform = Self { system, screen, enigo, pasteboard: Pasteboard::default(), x11, pixels, put: None };
        if system == WindowSystem::Wayland {
            let middle = Point { x: pixels.width / 2, y: pixels.height / 2 };
            platform.move_pointer(middle).map_err(|_| system.refused_input(NewConError::Reply))?;
        }
        Ok(platform)
    }

    pub(super) fn picture(&mut self) -> Result<RgbaImage, DesktopError> {
        let picture = self.screen.picture().map_err(|error| self.unseen(error))?;
        self.pixels = screen::extent(&picture);
        Ok(picture)
    }

    /// The pointer's image, placed in the picture.
    pub(super) fn pointer_image(&mut self) -> Result<PointerImage, DesktopError> {
        if let Some(x11) = &self.x11 {
            let (left, top) = self.origin()?;
            let image = x11.pointer_image()?;
            return Ok(PointerImage { left: image.left - left, top: image.top - top, ..image });
        }
        let Point { x, y } = self.pointer()?;
        Ok(PointerImage::arrow(x as i32, y as i32))
    }

    pub(super) fn pointer(&mut self) -> Result<Point, DesktopError> {
        if let Some(put) = self.put {
            return Ok(put);
        }
        let location = self.enigo.location().map_err(|error| self.refused(&error))?;
        let (x, y) = self.placement()?.to_pixels(location);
        Ok(Point { x, y })
    }

    pub(super) fn move_pointer(&mut self, to: Point) -> Result<(), DesktopError> {
        let (x, y) = self.placement()?.to_units(to.x, to.y);
        self.enigo.move_mouse(x, y, Coordinate::Abs).map_err(|error| self.refused(&error))?;
        if self.system == WindowSystem::Wayland {
            self.put = Some(to);
        }
        Ok(())
    }

    pub(super) fn button(&mut self, button: Button, direction: Direction) -> Result<(), DesktopError> {
        // A person may have moved the pointer, which a desktop that does not tell its place does not tell either.
        if let (Direction::Press, Some(put)) = (direction, self.put) {
            self.move_pointer(put)?;
        }
        let button = match button {
            Button::Left => enigo::Button::Left,
            Button::Middle => enigo::Button::Middle,
            Button::Right => enigo::Button::Right,
        };
        self.enigo.button(button, direction).map_err(|error| self.refused(&error))
    }

    pub(super) fn scroll(&mut self, direction: ScrollDirection, clicks: i32) -> Result<(), DesktopError> {
        let (length, axis) = match direction {
            ScrollDirection::Up => (-clicks, Axis::Vertical),
            ScrollDirection::Down => (clicks, Axis::Vertical),
            ScrollDirection::Left => (-clicks, Axis::Horizontal),
            ScrollDirection::Right => (clicks, Axis::Horizontal),
        };
        self.enigo.scroll(length, axis).map_err(|error| self.refused(&error))
    }

    pub(super) fn key(&mut self, key: Pressed, direction: Direction) -> Result<(), DesktopError> {
        let pressed = match key {
            Pressed::Named(key) => self.enigo.key(key, direction),
            Pressed::Place(place) => self.enigo.raw(place, direction),
        };
        pressed.map_err(|error| self.refused(&error))
    }

    /// Types characters that are neither line ends nor tabs, which enigo types in a way of its own on some platforms.
    pub(super) fn text(&mut self, text: &str) -> Result<(), DesktopError> {
        self.enigo.text(text).map_err(|error| self.refused(&error))
    }

    pub(super) fn read_clipboard(&mut self, selection: Selection) -> Result<Option<String>, DesktopError> {
        self.pasteboard.read(selection)
    }

    pub(super) fn write_clipboard(&mut self, text: String) -> Result<(), DesktopError> {
        self.pasteboard.write(text)
    }

    pub(super) fn windows(&mut self) -> Result<Vec<Window>, DesktopError> {
        let placement = self.placement()?;
        let placement = match self.system {
            // Those that xcap knows of are Xwayland's, which counts in pixels of the picture.
            WindowSystem::Wayland => Placement { units: placement.pixels, ..placement },
            WindowSystem::X11 | WindowSystem::Native => placement,
        };
        windows::list(placement).map_err(|error| self.unseen(error))
    }

    /// The monitor's corner among all monitors.
    pub(super) fn origin(&self) -> Result<(i32, i32), DesktopError> {
        Ok(self.placement()?.origin)
    }

    /// Where the picture is in the units of the pointer.
    fn placement(&self) -> Result<Placement, DesktopError> {
        let pixels = self.pixels;
        if let Some(x11) = &self.x11 {
            let origin = x11.origin(self.screen.id().map_err(|error| self.unseen(error))?)?;
            return Ok(Placement { origin, units: pixels, pixels });
        }
        let (width, height) = self.enigo.main_display().map_err(|error| self.refused(&error))?;
        let units = Extent { width: width.unsigned_abs(), height: height.unsigned_abs() };
        Ok(Placement { origin: (0, 0), units, pixels })
    }

    fn unseen(&self, error: XCapError) -> DesktopError {
        self.why_not(error.to_string())
    }

    fn refused(&self, error: &InputError) -> DesktopError {
        self.why_not(error.to_string())
    }

    /// Whether the display said no or is gone, which the libraries do not tell apart.
    fn why_not(&self, said: String) -> DesktopError {
        if let Some(Err(gone)) = self.x11.as_ref().map(X11Side::check) {
            return gone;
        }
        DesktopError::Refused(said)
    }
}

/// Opens enigo for one kind of desktop. Where X11 and Wayland are both there, as with Xwayland, it would press
/// everything twice, so it is given a name under which the other one is not found.
fn input(system: WindowSystem, display: &str) -> Result<Enigo, NewConError> {
    const NOT_THERE: &str = "none";
    let own = |kind: WindowSystem| if system == kind { display } else { NOT_THERE };
    #[cfg(windows)]
    // Without it places are scaled behind our back. It fails where it was done before, which does no harm.
    let _ = enigo::set_dpi_awareness();
    Enigo::new(&Settings {
        linux_delay: 0,
        x11_display: Some(own(WindowSystem::X11).to_owned()),
        wayland_display: Some(own(WindowSystem::Wayland).to_owned()),
        ..Settings::default()
    })
}

/// macOS gives a program that may not look a picture of the empty desktop, and no error.
#[cfg(target_os = "macos")]
fn check_permission() -> Result<(), Refusal> {
    let access = core_graphics::access::ScreenCaptureAccess;
    if access.preflight() || access.request() { Ok(()) } else { Err(Refusal::MayNotSee) }
}

#[cfg(not(target_os = "macos"))]
fn check_permission() -> Result<(), Refusal> {
    Ok(())
}
