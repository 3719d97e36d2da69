//! The clipboard, through arboard. It offers what was written for as long as this lives.

use arboard::{Clipboard, Error};
use handspike_types::desktop::{MAX_CLIPBOARD, Selection};

use crate::DesktopError;

/// The clipboard, opened when it is first needed.
#[derive(Default)]
pub(super) struct Pasteboard(Option<Clipboard>);

impl Pasteboard {
    pub(super) fn read(&mut self, selection: Selection) -> Result<Option<String>, DesktopError> {
        match text(self.open()?, selection) {
            Ok(text) if text.len() > MAX_CLIPBOARD => Err(DesktopError::ClipboardTooLarge(MAX_CLIPBOARD)),
            Ok(text) => Ok(Some(text)),
            Err(Error::ContentNotAvailable) => Ok(None),
            Err(Error::ClipboardNotSupported) => Err(DesktopError::Unsupported("read what is selected")),
            Err(error) => Err(refused(&error)),
        }
    }

    pub(super) fn write(&mut self, text: String) -> Result<(), DesktopError> {
        self.open()?.set_text(text).map_err(|error| refused(&error))
    }

    fn open(&mut self) -> Result<&mut Clipboard, DesktopError> {
        match &mut self.0 {
            Some(clipboard) => Ok(clipboard),
            none => Ok(none.insert(Clipboard::new().map_err(|error| refused(&error))?)),
        }
    }
}

#[cfg(target_os = "linux")]
fn text(clipboard: &mut Clipboard, selection: Selection) -> Result<String, Error> {
    use arboard::{GetExtLinux as _, LinuxClipboardKind};

    let kind = match selection {
        Selection::Clipboard => LinuxClipboardKind::Clipboard,
        Selection::Primary => LinuxClipboardKind::Primary,
    };
    clipboard.get().clipboard(kind).text()
}

#[cfg(not(target_os = "linux"))]
fn text(clipboard: &mut Clipboard, selection: Selection) -> Result<String, Error> {
    match selection {
        Selection::Clipboard => clipboard.get_text(),
        Selection::Primary => Err(Error::ClipboardNotSupported),
    }
}

fn refused(error: &Error) -> DesktopError {
    DesktopError::Refused(format!("the clipboard: {error}"))
}
