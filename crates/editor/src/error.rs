//! Why a command was refused or failed, in words that a model can act on.
//!
//! The message names the cause and what was received; the remedy, where there is one, is a line of its own.
//! Errors of the operating system are sources, so their text is joined on once, in [`EditError::in_words`].

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use handspike_types::{escaped, quoted};
use rustix::io::Errno;

use crate::{closest::Closest, picture::PictureError};

/// A command that was not done. Nothing was changed, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    #[error("parameter `path` is {}, which is not absolute; did you mean {}?", shown(path), shown(meant))]
    Relative { path: PathBuf, meant: PathBuf },
    #[error("{} does not exist", shown(path))]
    NotFound { path: PathBuf, closest_folder: PathBuf },
    #[error("{} is a symlink to itself, or one of too many in a row", shown(path))]
    LinkLoop { path: PathBuf },
    #[error("{} cannot be there, because {} is a file and not a folder", shown(path), shown(file))]
    BelowFile { path: PathBuf, file: PathBuf },
    #[error(
        "the path of {length} bytes that begins with {} is too long: a path has up to 4095 bytes, and each name in it up to 255",
        quoted(start)
    )]
    PathTooLong { start: String, length: usize },
    #[error("{} lies outside of {}, and this editor works nowhere else", shown(path), listed(roots))]
    OutsideRoots { path: PathBuf, roots: Vec<PathBuf> },
    #[error("{} is a picture, which has no lines for `view_range` to choose from", shown(path))]
    RangeOfPicture { path: PathBuf },
    #[error("{} is a picture that cannot be shown", shown(path))]
    Picture { path: PathBuf, source: PictureError },
    #[error("{} is a folder, which can only be viewed", shown(path))]
    IsFolder { path: PathBuf },
    #[error("{} is a folder, which has no lines for `view_range` to choose from", shown(path))]
    RangeOfFolder { path: PathBuf },
    #[error("{} is {kind} and not a file of text", shown(path))]
    Special { path: PathBuf, kind: &'static str },
    #[error("{} is a binary file of {size} bytes", shown(path))]
    Binary { path: PathBuf, size: usize },
    #[error("{} has {size} bytes or more, and the editor takes files of up to {limit}", shown(path))]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("the edit would make {} {size} bytes long, and the editor takes files of up to {limit}", shown(path))]
    WouldBeTooLarge { path: PathBuf, size: u64, limit: u64 },
    #[error("`view_range` is lines {first} to {}, but {} has {}", last_in_words(*last), shown(path), lines_in_words(*count))]
    RangeOutOfFile { path: PathBuf, first: usize, last: Option<usize>, count: usize },
    #[error("`insert_line` is `{line}`, but {} has {}", shown(path), lines_in_words(*count))]
    LineOutOfFile { path: PathBuf, line: usize, count: usize },
    #[error("{} exists already, and `create` does not overwrite", shown(path))]
    Exists { path: PathBuf },
    #[error("{} is a symlink to {}, which does not exist", shown(path), shown(target))]
    DanglingLink { path: PathBuf, target: PathBuf },
    #[error("{} names a folder, not a file to create", shown(path))]
    NamesFolder { path: PathBuf },
    #[error("`old_str` does not occur in {}{}", shown(path), Closest::in_words(closest.as_ref()))]
    NoMatch { path: PathBuf, closest: Option<Closest> },
    #[error("`old_str` occurs more than once in {}, on lines {}", shown(path), lines_listed(lines, *are_all))]
    SeveralMatches { path: PathBuf, lines: Vec<usize>, are_all: bool },
    #[error("there is no edit of {} left to undo", shown(path))]
    NothingToUndo { path: PathBuf },
    #[error(
        "the undo journal's record of the last edit of {} is damaged, so that edit cannot be taken back",
        shown(path)
    )]
    RecordDamaged { path: PathBuf },
    #[error("{} was changed by somebody else since the edit to undo; {}", shown(path), account.trim_end())]
    ChangedSince { path: PathBuf, account: String },
    #[error("{} was changed by somebody else during the edit", shown(path))]
    ChangedMeanwhile { path: PathBuf },
    #[error("could not {action} {}", shown(path))]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl EditError {
    /// Why a path leads nowhere.
    pub(crate) fn unresolved(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => not_found(path),
            io::ErrorKind::NotADirectory => match path.ancestors().skip(1).find(|file| file.exists()) {
                Some(file) if !file.is_dir() => Self::BelowFile { path: path.to_owned(), file: file.to_owned() },
                _ => Self::io("look at", path)(error),
            },
            _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => Self::LinkLoop { path: path.to_owned() },
            _ => Self::io("look at", path)(error),
        }
    }

    /// For `map_err`: an operating system's error, with what was being done to which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// Message, causes and remedy, for the model to read.
    pub(crate) fn in_words(&self) -> String {
        let mut words = self.to_string();
        let mut source = self.source();
        while let Some(cause) = source {
            words.push_str(": ");
            words.push_str(&cause.to_string());
            source = cause.source();
        }
        if let Some(hint) = self.hint() {
            words.push_str("\nhint: ");
            words.push_str(&hint);
        }
        words
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound { closest_folder, .. } => {
                // Whole, since it is to be used.
                format!("`{}` exists; view it to see what it holds", escaped(&closest_folder.to_string_lossy()))
            }
            Self::IsFolder { .. } | Self::NamesFolder { .. } => "name a file in it".into(),
            Self::LinkLoop { .. } | Self::Relative { .. } => return None,
            Self::BelowFile { .. } => "choose a path whose folders are folders".into(),
            Self::PathTooLong { .. } => "check that `path` holds a path and not a text".into(),
            Self::OutsideRoots { .. } => "choose a path below one of these folders".into(),
            Self::Picture { path, source } => source.hint(path),
            Self::RecordDamaged { .. } => {
                "view the file, and make the change with `str_replace` if it is still wanted".into()
            }
            Self::RangeOfPicture { .. } | Self::RangeOfFolder { .. } => "leave `view_range` out".into(),
            Self::Special { .. } | Self::Binary { .. } => "use a shell command that is made for it".into(),
            Self::TooLarge { .. } | Self::WouldBeTooLarge { .. } => {
                "use a shell command, such as `sed` or `grep`, that works line by line".into()
            }
            Self::RangeOutOfFile { count: 0, .. } => "leave `view_range` out".into(),
            Self::RangeOutOfFile { count, .. } => {
                format!("choose lines between 1 and {count}, or -1 as the last for the end of the file")
            }
            Self::LineOutOfFile { count, .. } => {
                format!("0 inserts at the top of the file, {count} at its end")
            }
            Self::Exists { .. } => "change it with `str_replace` or `insert`, or create another path".into(),
            Self::DanglingLink { target, .. } => format!("create `{}` instead", escaped(&target.to_string_lossy())),
            Self::NoMatch { .. } => {
                "`old_str` must be the file's text to the character, spaces and tabs included, without the line numbers of a view"
                    .into()
            }
            Self::SeveralMatches { .. } => "add lines around it to `old_str` until it occurs once".into(),
            Self::NothingToUndo { .. } => return None,
            Self::ChangedSince { .. } => "view the file, and make the change with `str_replace` if it is still wanted".into(),
            Self::ChangedMeanwhile { .. } => "view the file and try again".into(),
            Self::Io { .. } => return None,
        };
        Some(hint)
    }
}

fn not_found(path: &Path) -> EditError {
    match fs::read_link(path) {
        Ok(target) => {
            let target = path.parent().unwrap_or(path).join(target);
            EditError::DanglingLink { path: path.to_owned(), target }
        }
        Err(_) => {
            let closest_folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
            EditError::NotFound { path: path.to_owned(), closest_folder: closest_folder.to_owned() }
        }
    }
}

/// A path in words for a model: a name may hold any character but a slash.
pub(crate) fn shown(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn listed(paths: &[PathBuf]) -> String {
    let listed: Vec<String> = paths.iter().map(|path| shown(path)).collect();
    listed.join(", ")
}

fn lines_in_words(count: usize) -> String {
    match count {
        0 => "no lines".into(),
        1 => "1 line".into(),
        count => format!("{count} lines"),
    }
}

fn last_in_words(last: Option<usize>) -> String {
    last.map_or_else(|| "the end".into(), |last| last.to_string())
}

fn lines_listed(lines: &[usize], are_all: bool) -> String {
    let listed: Vec<String> = lines.iter().map(usize::to_string).collect();
    format!("{}{}", listed.join(", "), if are_all { "" } else { " and more" })
}
