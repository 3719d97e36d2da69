//! The seam: calls with an end, what is held down, and the picture that the next one is compared with.

use std::{
    fmt,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use enigo::Direction;
use handspike_types::{
    Settle,
    computer::{Button, Point, ScrollDirection},
    desktop::{Selection, Window},
};
use xcap::image::RgbaImage;
use xkeysym::Keysym;

use super::{
    platform::Platform,
    screen,
    strokes::{self, Pressed, Stroke},
    typing::{self, Piece},
    watch::{Watched, until_still},
    window_system::WindowSystem,
    worker::Worker,
};
use crate::{
    Chord, ComputerConfig, ConnectError, Delivery, Desktop, DesktopError, Extent, Frame, Settled, X11Desktop,
    wait::{Woken, wait},
};

/// How long a person may take to allow what the system asks them about when a desktop is opened.
const CONSENT: Duration = Duration::from_secs(60);
/// How long a desktop may take to let go of what is held.
const LET_GO: Duration = Duration::from_secs(1);
/// A picture that is no older, and since which nothing was done, serves again.
const FRESH: Duration = Duration::from_millis(5);
/// How many clicks the wheel is turned by between two looks at the cancel descriptor.
const CLICKS_BETWEEN_LOOKS: u32 = 16;

/// The desktop that this process runs on.
///
/// X11 is tested, under Xvfb; Wayland has been tried by hand, on a Sway without a screen. What is here for macOS and Windows
/// has not even been compiled: it follows the documentation and the sources of the libraries.
///
/// - All places are physical pixels of the primary monitor, or of the first one where none is primary. Other monitors are
///   neither seen nor reached; a pointer that is on one counts as being at the nearest edge.
/// - macOS and Wayland count in units of their own where a monitor is scaled, and a place is exact to such a unit.
/// - Wayland tells nobody where the pointer is: it is put into the middle of the screen at first, tracked from there, and
///   put back before each click. The compositor has to take input from programs, as those built on wlroots do, and to
///   run Xwayland. Each picture may go through the desktop's portal, which may ask its user.
/// - macOS wants this program allowed under Accessibility and Screen Recording. A character in a chord is the key that
///   has it on a keyboard of the United States.
/// - What somebody else left pressed is let go of on X11 only, and the end of the display is noticed at once there only.
pub struct HostDesktop {
    worker: Worker<Platform>,
    /// What is done on X11 where the libraries fall short: enigo loses characters, xcap misses titles and needs a window
    /// manager, and arboard never comes back from a display that ended.
    x11: Option<X11Desktop>,
    /// What is down through enigo, in the order of pressing.
    held: Vec<Held>,
    /// Something could not be let go of.
    owes_release: bool,
    cancel: Option<OwnedFd>,
    reply_limit: Duration,
    /// What the screen looked like when it was last watched in this call.
    last_look: Option<Look>,
    /// The size of the screen in this call.
    size: Option<Extent>,
}

/// One look at the screen.
struct Look {
    picture: RgbaImage,
    taken: Instant,
    /// Nothing was done since.
    is_current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Button(Button),
    Key(Pressed),
}

impl HostDesktop {
    /// Opens the desktop of this process: the display that `DISPLAY` or `WAYLAND_DISPLAY` names, or the screen of macOS
    /// and Windows. The system may ask its user for permission, which is waited for.
    pub fn connect(config: &ComputerConfig) -> Result<Self, ConnectError> {
        let refused = |display: &str, source| ConnectError::Open { display: display.to_owned(), source };
        let (system, display) = WindowSystem::of_this_process().map_err(|error| ConnectError::Unnamed(error.into()))?;
        let name = display.clone();
        let worker = Worker::start(CONSENT, move || Platform::open(system, &name))?;
        let worker = worker.map_err(|error| refused(&display, error.into()))?;
        let x11 = match system {
            WindowSystem::X11 => Some(X11Desktop::connect(&display, config)?),
            WindowSystem::Wayland | WindowSystem::Native => None,
        };
        Ok(Self {
            worker,
            x11,
            held: Vec::new(),
            owes_release: false,
            cancel: None,
            reply_limit: config.reply_limit,
            last_look: None,
            size: None,
        })
    }

    /// Treats X11 like every other platform: keys, clipboard and windows go through the libraries. For tests, which can't
    /// have the other platforms; on X11 it is the lesser way.
    #[doc(hidden)]
    #[must_use]
    pub fn without_x11(mut self) -> Self {
        self.x11 = None;
        self
    }

    /// Has the platform do something, for as long as this call lasts.
    fn ask<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Platform) -> Result<T, DesktopError> + Send + 'static,
    ) -> Result<T, DesktopError> {
        let cancel = self.cancel.as_ref().map(AsFd::as_fd);
        self.worker.run(cancel, self.reply_limit, work)?
    }

    fn check_cancelled(&self) -> Result<(), DesktopError> {
        self.wait(Duration::ZERO)
    }

    fn wait(&self, time: Duration) -> Result<(), DesktopError> {
        match wait(None, self.cancel.as_ref().map(AsFd::as_fd), time)? {
            Woken::TimedOut | Woken::Ready => Ok(()),
            Woken::Cancelled => Err(DesktopError::Cancelled),
        }
    }

    /// Looks at the screen, and says whether it is another than at the last look, if there was one in this call.
    fn look(&mut self) -> Result<bool, DesktopError> {
        let picture = self.ask(Platform::picture)?;
        self.size = Some(screen::extent(&picture));
        let has_changed = self.last_look.as_ref().is_some_and(|known| known.picture != picture);
        self.last_look = Some(Look { picture, taken: Instant::now(), is_current: true });
        Ok(has_changed)
    }

    /// Sees to it that changes from here on are noticed, before something is done that may bring them about.
    fn before_acting(&mut self) -> Result<(), DesktopError> {
        if self.last_look.is_none() {
            self.look()?;
        }
        if let Some(look) = &mut self.last_look {
            look.is_current = false;
        }
        self.check_cancelled()
    }

    fn press_and_keep(&mut self, what: Held) -> Result<(), DesktopError> {
        // Remembered first: should it fail half-way, one release too many does no harm.
        if !self.held.contains(&what) {
            self.held.push(what);
        }
        self.ask(move |platform| what.tell(platform, Direction::Press))
    }

    /// Lets go of some of what is held, the last pressed first.
    fn let_go_of(&mut self, limit: Option<Duration>, which: impl Fn(Held) -> bool) -> Result<(), DesktopError> {
        while let Some(what) = self.held.iter().rev().copied().find(|held| which(*held)) {
            let tell = move |platform: &mut Platform| what.tell(platform, Direction::Release);
            match limit {
                Some(limit) => self.worker.run(None, limit, tell)??,
                None => self.ask(tell)?,
            }
            self.held.retain(|held| *held != what);
        }
        Ok(())
    }

    fn let_go(&mut self) -> Result<(), DesktopError> {
        let here = self.let_go_of(Some(LET_GO), |_| true);
        let there = self.x11.as_mut().map_or(Ok(()), Desktop::release_held);
        here.and(there)
    }
}

impl Desktop for HostDesktop {
    fn begin(&mut self, cancel: BorrowedFd<'_>) -> Result<(), DesktopError> {
        self.cancel = Some(cancel.try_clone_to_owned().map_err(DesktopError::System)?);
        (self.last_look, self.size) = (None, None);
        if let Some(x11) = &mut self.x11 {
            x11.begin(cancel)?;
        }
        self.check_cancelled()?;
        if self.owes_release { self.release_held() } else { Ok(()) }
    }

    fn end(&mut self) {
        self.cancel = None;
        self.last_look = None;
        if let Some(x11) = &mut self.x11 {
            x11.end();
        }
    }

    fn release_held(&mut self) -> Result<(), DesktopError> {
        let released = self.let_go();
        self.owes_release = released.is_err();
        released
    }

    fn size(&mut self) -> Result<Extent, DesktopError> {
        if let Some(size) = self.size {
            return Ok(size);
        }
        self.look()?;
        self.size()
    }

    fn capture(&mut self) -> Result<Frame, DesktopError> {
        let fresh = self.last_look.as_ref().filter(|look| look.is_current && look.taken.elapsed() < FRESH);
        let mut frame = match fresh {
            Some(look) => screen::frame(&look.picture),
            None => self.ask(|platform| Ok(screen::frame(&platform.picture()?)))?,
        };
        self.size = Some(frame.size);
        self.ask(Platform::pointer_image)?.draw(&mut frame);
        Ok(frame)
    }

    fn pointer(&mut self) -> Result<Point, DesktopError> {
        self.ask(Platform::pointer)
    }

    fn move_pointer(&mut self, to: Point) -> Result<(), DesktopError> {
        self.before_acting()?;
        self.ask(move |platform| platform.move_pointer(to))
    }

    fn press(&mut self, button: Button) -> Result<(), DesktopError> {
        self.before_acting()?;
        self.press_and_keep(Held::Button(button))
    }

    fn release(&mut self, button: Button) -> Result<(), DesktopError> {
        self.before_acting()?;
        self.ask(move |platform| platform.button(button, Direction::Release))?;
        self.held.retain(|held| *held != Held::Button(button));
        Ok(())
    }

    fn scroll(&mut self, direction: ScrollDirection, clicks: u32) -> Result<(), DesktopError> {
        let mut left = clicks;
        while left > 0 {
            self.before_acting()?;
            let now = left.min(CLICKS_BETWEEN_LOOKS);
            self.ask(move |platform| platform.scroll(direction, now as i32))?;
            left -= now;
        }
        Ok(())
    }

    fn press_keys(&mut self, chord: &Chord) -> Result<(), DesktopError> {
        self.before_acting()?;
        if let Some(x11) = &mut self.x11 {
            return x11.press_keys(chord);
        }
        for key in keys_of(chord)? {
            if !self.held.contains(&Held::Key(key)) {
                self.press_and_keep(Held::Key(key))?;
            }
        }
        self.check_cancelled()
    }

    fn release_keys(&mut self) -> Result<(), DesktopError> {
        match &mut self.x11 {
            Some(x11) => x11.release_keys(),
            None => self.let_go_of(None, |held| matches!(held, Held::Key(_))),
        }
    }

    fn type_text(&mut self, text: &str) -> Result<Delivery, DesktopError> {
        self.before_acting()?;
        if let Some(x11) = &mut self.x11 {
            return x11.type_text(text);
        }
        for piece in typing::pieces(text)? {
            self.check_cancelled()?;
            match piece {
                Piece::Characters(characters) => self.ask(move |platform| platform.text(&characters))?,
                Piece::Key(keysym) => {
                    let key = stroke(keysym)?.key;
                    self.ask(move |platform| platform.key(key, Direction::Click))?;
                }
            }
        }
        // These platforms hand programs the characters themselves, which nothing changes later.
        Ok(Delivery::Sound)
    }

    fn pause(&mut self, time: Duration) -> Result<(), DesktopError> {
        self.before_acting()?;
        self.let_pass(time)
    }

    fn settle(&mut self, patience: Settle) -> Result<Settled, DesktopError> {
        until_still(self, patience)
    }

    fn read_clipboard(&mut self, selection: Selection) -> Result<Option<String>, DesktopError> {
        match &mut self.x11 {
            Some(x11) => x11.read_clipboard(selection),
            None => self.ask(move |platform| platform.read_clipboard(selection)),
        }
    }

    fn write_clipboard(&mut self, text: &str) -> Result<(), DesktopError> {
        if let Some(x11) = &mut self.x11 {
            return x11.write_clipboard(text);
        }
        let text = text.to_owned();
        self.ask(move |platform| platform.write_clipboard(text))
    }

    fn windows(&mut self) -> Result<Vec<Window>, DesktopError> {
        let Some(x11) = &mut self.x11 else { return self.ask(Platform::windows) };
        let windows = x11.windows()?;
        let (left, top) = self.ask(|platform| platform.origin())?;
        let seen_from_there = |window: Window| Window { x: window.x - left, y: window.y - top, ..window };
        Ok(windows.into_iter().map(seen_from_there).collect())
    }
}

impl Watched for HostDesktop {
    fn has_changed(&mut self) -> Result<bool, DesktopError> {
        self.look()
    }

    fn let_pass(&mut self, time: Duration) -> Result<(), DesktopError> {
        match &mut self.x11 {
            // It notices the end of the display meanwhile.
            Some(x11) => x11.pause(time),
            None => self.wait(time),
        }
    }
}

impl Held {
    fn tell(self, platform: &mut Platform, direction: Direction) -> Result<(), DesktopError> {
        match self {
            Self::Button(button) => platform.button(button, direction),
            Self::Key(key) => platform.key(key, direction),
        }
    }
}

impl Drop for HostDesktop {
    fn drop(&mut self) {
        // A desktop that is gone or frozen cannot be told, and nobody is left to try again.
        let _ = self.let_go();
    }
}

impl fmt::Debug for HostDesktop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HostDesktop").field("held", &self.held).finish_non_exhaustive()
    }
}

/// All keys of a chord, with shift where one needs it, or the first that there is none for.
fn keys_of(chord: &Chord) -> Result<Vec<Pressed>, DesktopError> {
    let mut keys = Vec::new();
    for keysym in chord.keys() {
        let stroke = stroke(*keysym)?;
        keys.extend(stroke.shifted.then_some(Pressed::Named(enigo::Key::Shift)));
        keys.push(stroke.key);
    }
    Ok(keys)
}

fn stroke(keysym: Keysym) -> Result<Stroke, DesktopError> {
    strokes::stroke(keysym).ok_or_else(|| {
        let name = keysym.name().map(|name| name.trim_start_matches("XK_").to_owned());
        DesktopError::NoSpareKey(name.unwrap_or_else(|| format!("{:#x}", keysym.raw())))
    })
}
