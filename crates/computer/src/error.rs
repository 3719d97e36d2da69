//! What can go wrong with a display, in words that a model can act on.

use std::{error::Error, io, time::Duration};

use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};

use handspike_types::quoted;

use crate::{KeyError, OutsidePicture};

/// What a platform's own library said.
pub type PlatformError = Box<dyn Error + Send + Sync>;

/// Why a display could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers there, or the answer was no.
    #[error("cannot open the display `{display}`")]
    Open {
        /// The display's name, such as `:1`.
        display: String,
        /// What stood in the way.
        #[source]
        source: PlatformError,
    },
    /// Nothing says which display it would be.
    #[error("there is no display")]
    Unnamed(#[source] PlatformError),
    /// The server is too old or was built without something that is needed.
    #[error("the X server has no `{extension}` extension")]
    MissingExtension {
        /// The extension's name.
        extension: &'static str,
    },
    /// The screen is not one of three bytes of colour in a four-byte pixel.
    #[error(
        "a screen of depth {depth} with {bits_per_pixel} bits per pixel cannot be captured\nhint: start the X server with `-screen 0 1024x768x24`"
    )]
    PixelFormat {
        /// Significant bits of a pixel.
        depth: u8,
        /// Stored bits of a pixel.
        bits_per_pixel: u8,
    },
    /// The display was opened but did not let itself be set up.
    #[error("cannot set up the display")]
    SetUp(#[from] DesktopError),
}

/// Why an action was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DesktopError {
    /// The caller ended the call.
    #[error("cancelled before it was done; held keys and buttons were released")]
    Cancelled,
    /// The display is there but says nothing.
    #[error("the display did not answer within {0:?}")]
    Unanswered(Duration),
    /// The connection is gone and stays gone.
    #[error("the connection to the display is lost")]
    Lost(#[source] PlatformError),
    /// The display answered a request with an error.
    #[error("the display refused a request: {0}")]
    Refused(String),
    /// This kind of desktop has no such thing, or does not let programs at it.
    #[error("this desktop offers no way to {0}")]
    Unsupported(&'static str),
    /// A coordinate or a region is not in the picture.
    #[error(transparent)]
    Outside(#[from] OutsidePicture),
    /// The screen became smaller between two looks at it.
    #[error("the screen was resized meanwhile\nhint: take a screenshot, and use its coordinates")]
    Resized,
    /// A key's name is not known.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A text holds a control character that no key stands for.
    #[error("parameter `text` holds `{}` at position {position}, which cannot be typed; nothing was typed\nhint: use the action `key`, for example `ctrl+c`", .character.escape_default())]
    Untypable {
        /// The character.
        character: char,
        /// Its index in the text, counted in characters from 0.
        position: usize,
    },
    /// The layout lacks a symbol and leaves no key to put it on.
    #[error("the keyboard layout has no key left that {} could be typed with", quoted(.0))]
    NoSpareKey(String),
    /// The program with the keyboard focus is stopped or busy with something else. The counts are of characters, a line
    /// end of two being one.
    #[error(
        "the program that is typed at does not read its keys: it is known to have read {read} of the {sent} characters that were sent, and has read no more for {waited:?}; the rest of the {total} characters was not typed\nhint: take a screenshot to see how far it got; what was sent arrives when the program goes on"
    )]
    NotRead {
        /// How long it was waited for.
        waited: Duration,
        /// Characters that it has read at least.
        read: usize,
        /// Characters that were typed.
        sent: usize,
        /// Characters of the text.
        total: usize,
    },
    /// The same, before a chord that needs a key which is still to be looked up.
    #[error(
        "the program that was typed at before has not read its keys for {0:?}; nothing was pressed\nhint: take a screenshot to see how far it got"
    )]
    EarlierNotRead(Duration),
    /// The program that was asked for its text is busy with something else, or gone.
    #[error("the program that holds the clipboard did not answer within {0:?}")]
    ClipboardSilent(Duration),
    /// There is more text than is read.
    #[error("the clipboard holds more than {0} bytes of text")]
    ClipboardTooLarge(usize),
    /// The keyboard map as the server describes it contradicts itself.
    #[error("the display's keyboard map makes no sense")]
    Keyboard,
    /// A picture could not be put into its file format.
    #[error("the picture could not be encoded")]
    Encode(#[source] PlatformError),
    /// The operating system refused memory or a wait.
    #[error("the operating system refused: {0}")]
    System(io::Error),
}

impl DesktopError {
    /// Whether nothing was done because of what was asked for.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Outside(_)
            | Self::Key(_)
            | Self::Untypable { .. }
            | Self::Unsupported(_)
            | Self::Resized
            | Self::ClipboardSilent(_)
            | Self::ClipboardTooLarge(_) => true,
            Self::Cancelled
            | Self::Unanswered(_)
            | Self::Lost(_)
            | Self::Refused(_)
            | Self::NoSpareKey(_)
            | Self::NotRead { .. }
            | Self::EarlierNotRead(_)
            | Self::Keyboard
            | Self::Encode(_)
            | Self::System(_) => false,
        }
    }
}

/// How a wait for the display ended without it. Travels through x11rb inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WaitEnd {
    #[error("cancelled")]
    Cancelled,
    #[error("no answer within {0:?}")]
    Unanswered(Duration),
}

impl From<ConnectionError> for DesktopError {
    fn from(error: ConnectionError) -> Self {
        let end = match &error {
            ConnectionError::IoError(io) => io.get_ref().and_then(|inner| inner.downcast_ref::<WaitEnd>()),
            _ => None,
        };
        match end {
            Some(WaitEnd::Cancelled) => Self::Cancelled,
            Some(WaitEnd::Unanswered(limit)) => Self::Unanswered(*limit),
            None => Self::Lost(error.into()),
        }
    }
}

impl From<ReplyError> for DesktopError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => {
                Self::Refused(format!("{:?} to {}", error.error_kind, error.request_name.unwrap_or("a request")))
            }
        }
    }
}

impl From<ReplyOrIdError> for DesktopError {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::ConnectionError(error) => error.into(),
            ReplyOrIdError::X11Error(error) => ReplyError::X11Error(error).into(),
            ReplyOrIdError::IdsExhausted => Self::Refused("it has no identifiers left".into()),
        }
    }
}

impl From<png::EncodingError> for DesktopError {
    fn from(error: png::EncodingError) -> Self {
        Self::Encode(error.into())
    }
}

impl From<rustix::io::Errno> for DesktopError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::System(error.into())
    }
}
