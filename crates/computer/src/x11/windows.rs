//! The windows of programs, as a window manager lists them (EWMH), or without one as the server does.

use handspike_types::desktop;
use x11rb::{
    errors::ReplyError,
    protocol::xproto::{AtomEnum, ConnectionExt as _, GetPropertyReply, InputFocus, MapState, Window},
};

use super::{atoms::Atoms, display::Display};
use crate::DesktopError;

/// Windows that are listed at most.
const MOST: usize = 256;
/// Bytes of a title or of a class that are read at most, in units of four.
const WORDS_OF_TEXT: u32 = 256;
/// What a window that is on every desktop has as its own.
const ALL_DESKTOPS: u32 = u32::MAX;
const ICONIC: u32 = 3;

/// All windows, the topmost first, in pixels of the screen.
pub(super) fn list(display: &Display) -> Result<Vec<desktop::Window>, DesktopError> {
    let atoms = Atoms::new(&display.connection)?.reply()?;
    let looking = Looking { display, atoms };
    let managed = looking.managed()?;
    let is_managed = managed.is_some();
    let mut windows = match managed {
        Some(windows) => windows,
        None => display.connection.query_tree(display.root())?.reply()?.children,
    };
    windows.reverse();
    let focused = looking.focused()?;
    let mut listed = Vec::new();
    for window in windows {
        // A window may close while it is looked at.
        if let Some(Some(window)) = unless_gone(looking.describe(window, is_managed, focused))? {
            listed.push(window);
        }
        if listed.len() == MOST {
            break;
        }
    }
    Ok(listed)
}

struct Looking<'a> {
    display: &'a Display,
    atoms: Atoms,
}

impl Looking<'_> {
    /// The windows by the window manager's list, the lowest first. None without a window manager: a list on the root
    /// window may outlive the one that wrote it, whose own window does not.
    fn managed(&self) -> Result<Option<Vec<Window>>, DesktopError> {
        let (root, check) = (self.display.root(), self.atoms._NET_SUPPORTING_WM_CHECK);
        let manager = unless_gone(self.number(root, check))?.flatten();
        let answers = match manager {
            Some(manager) => unless_gone(self.number(manager, check))?.flatten() == Some(manager),
            None => false,
        };
        if !answers {
            return Ok(None);
        }
        let list = self.property(root, self.atoms._NET_CLIENT_LIST_STACKING, AtomEnum::WINDOW.into(), 1 << 14)?;
        Ok(list.value32().map(Iterator::collect))
    }

    /// The window that has the keyboard.
    fn focused(&self) -> Result<Option<Window>, DesktopError> {
        let active = unless_gone(self.number(self.display.root(), self.atoms._NET_ACTIVE_WINDOW))?.flatten();
        if let Some(active) = active.filter(|active| *active != x11rb::NONE) {
            return Ok(Some(active));
        }
        let mut window = self.display.connection.get_input_focus()?.reply()?.focus;
        if window == u32::from(InputFocus::POINTER_ROOT) || window == self.display.root() {
            let below = self.display.connection.query_pointer(self.display.root())?.reply()?.child;
            return Ok(Some(below).filter(|below| *below != x11rb::NONE));
        }
        // The focus may be on a window inside of the one that is listed.
        while window > u32::from(InputFocus::POINTER_ROOT) {
            let tree = self.display.connection.query_tree(window)?;
            match unless_gone(tree.reply())? {
                Some(tree) if tree.parent != self.display.root() => window = tree.parent,
                Some(_) => return Ok(Some(window)),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// A window; none when it is not one of a program that a person would call a window.
    fn describe(
        &self,
        window: Window,
        is_managed: bool,
        focused: Option<Window>,
    ) -> Result<Option<desktop::Window>, ReplyError> {
        let connection = &self.display.connection;
        let attributes = connection.get_window_attributes(window)?.reply()?;
        let is_visible = attributes.map_state == MapState::VIEWABLE;
        if !is_managed && (attributes.override_redirect || !is_visible) {
            return Ok(None);
        }
        let size = connection.get_geometry(window)?.reply()?;
        let place = connection.translate_coordinates(window, self.display.root(), 0, 0)?.reply()?;
        Ok(Some(desktop::Window {
            title: self.title(window)?,
            class: self.class(window)?,
            x: place.dst_x.into(),
            y: place.dst_y.into(),
            width: size.width.into(),
            height: size.height.into(),
            focused: focused == Some(window),
            hidden: !is_visible || self.is_hidden(window)?,
            pid: self.number(window, self.atoms._NET_WM_PID)?,
        }))
    }

    fn title(&self, window: Window) -> Result<String, ReplyError> {
        let title = self.property(window, self.atoms._NET_WM_NAME, self.atoms.UTF8_STRING, WORDS_OF_TEXT)?;
        if !title.value.is_empty() {
            return Ok(String::from_utf8_lossy(&title.value).into_owned());
        }
        let title = self.property(window, AtomEnum::WM_NAME.into(), AtomEnum::ANY.into(), WORDS_OF_TEXT)?;
        Ok(if title.type_ == u32::from(AtomEnum::STRING) {
            title.value.into_iter().map(char::from).collect()
        } else {
            String::from_utf8_lossy(&title.value).into_owned()
        })
    }

    /// The property holds an instance's name and the class, each with a NUL at its end.
    fn class(&self, window: Window) -> Result<String, ReplyError> {
        let names = self.property(window, AtomEnum::WM_CLASS.into(), AtomEnum::STRING.into(), WORDS_OF_TEXT)?;
        let class = names.value.split(|byte| *byte == 0).nth(1).unwrap_or_default();
        Ok(String::from_utf8_lossy(class).into_owned())
    }

    fn is_hidden(&self, window: Window) -> Result<bool, ReplyError> {
        let atoms = &self.atoms;
        let states = self.property(window, atoms._NET_WM_STATE, AtomEnum::ATOM.into(), 64)?;
        if states.value32().into_iter().flatten().any(|state| state == atoms._NET_WM_STATE_HIDDEN) {
            return Ok(true);
        }
        let state = self.property(window, atoms.WM_STATE, AtomEnum::ANY.into(), 1)?;
        if state.value32().and_then(|mut state| state.next()) == Some(ICONIC) {
            return Ok(true);
        }
        let own = self.number(window, atoms._NET_WM_DESKTOP)?.filter(|desktop| *desktop != ALL_DESKTOPS);
        let current = self.number(self.display.root(), atoms._NET_CURRENT_DESKTOP)?;
        Ok(own.zip(current).is_some_and(|(own, current)| own != current))
    }

    fn number(&self, window: Window, property: u32) -> Result<Option<u32>, ReplyError> {
        let value = self.property(window, property, AtomEnum::ANY.into(), 1)?;
        Ok(value.value32().and_then(|mut numbers| numbers.next()))
    }

    fn property(&self, window: Window, property: u32, kind: u32, words: u32) -> Result<GetPropertyReply, ReplyError> {
        self.display.connection.get_property(false, window, property, kind, 0, words)?.reply()
    }
}

/// The server's complaint about a window that is gone is an answer, a lost connection is not.
fn unless_gone<T>(result: Result<T, ReplyError>) -> Result<Option<T>, DesktopError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
