//! Where a store is: a SQLite file with a folder of blobs beside it, or a PostgreSQL database and a folder.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

/// A place to open a store at.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, made where it is missing. Beside it stand, under its name and an ending, the write-ahead log (`-wal`,
    /// `-shm`), the lock (`.lock`) and the blobs (`.blobs`).
    Sqlite {
        /// The database.
        file: PathBuf,
    },
    /// A database that exists, perhaps empty.
    Postgres {
        /// `postgres://user:password@host/database`, with libpq's parameters.
        url: String,
        /// The folder of blobs, the same for every server of the database.
        blobs: PathBuf,
    },
}

/// The text names no place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidLocation {
    /// A scheme that is neither of ours.
    #[error(
        "no store is kept at `{0}:`\nhint: give the path of a file, which SQLite then keeps, or a `postgres://` address"
    )]
    Scheme(String),
    /// No path at all.
    #[error("the store's path is empty\nhint: give the path of a file, or a `postgres://` address")]
    Empty,
}

impl Location {
    /// A SQLite file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { file: path.into() }
    }

    /// Reads a path, `sqlite:PATH`, or a `postgres://` address; a PostgreSQL store keeps its blobs in `blobs`.
    pub fn parse(text: &str, blobs: &Path) -> Result<Self, InvalidLocation> {
        let scheme = text.split_once(':').map(|(scheme, rest)| (scheme, rest.strip_prefix("//").unwrap_or(rest)));
        let path = match scheme {
            Some(("postgres" | "postgresql", _)) => {
                return Ok(Self::Postgres { url: text.to_owned(), blobs: blobs.to_owned() });
            }
            Some(("sqlite", path)) => path,
            // A path may have a colon in it, but hardly one before its first slash and two slashes behind it.
            Some((scheme, _)) if text[scheme.len()..].starts_with("://") => {
                return Err(InvalidLocation::Scheme(scheme.to_owned()));
            }
            Some(_) | None => text,
        };
        if path.is_empty() {
            return Err(InvalidLocation::Empty);
        }
        Ok(Self::file(path))
    }

    /// The folder that blobs are in.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        match self {
            Self::Sqlite { file } => beside(file, ".blobs"),
            Self::Postgres { blobs, .. } => blobs.clone(),
        }
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    /// As [`Location::parse`], with the blobs of a PostgreSQL store in `handspike.blobs` of the working folder.
    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        Self::parse(text, Path::new("handspike.blobs"))
    }
}

/// An address may hold a password, so it is not shown.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { file } => f.debug_struct("Sqlite").field("file", file).finish(),
            Self::Postgres { blobs, .. } => f.debug_struct("Postgres").field("blobs", blobs).finish_non_exhaustive(),
        }
    }
}

/// `FILE` and an ending.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The address of a SQLite file whose folder exists. Every byte that means something in an address is escaped.
pub(crate) fn sqlite_url(file: &Path) -> io::Result<String> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = file.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let path = fs::canonicalize(folder)?.join(name);
    let path = path.to_str().ok_or_else(|| io::Error::other("the path is not UTF-8"))?;
    let mut url = String::from("sqlite://");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_or_an_address() {
        let blobs = Path::new("/blobs");
        for (text, file) in [
            ("data/handspike.db", "data/handspike.db"),
            ("sqlite:a.db", "a.db"),
            ("sqlite:///a.db", "/a.db"),
            ("./a:b", "./a:b"),
        ] {
            assert_eq!(Location::parse(text, blobs), Ok(Location::file(file)), "{text}");
        }
        for url in ["postgres://u:p@h/d", "postgresql:///d?host=/run"] {
            let place = Location::Postgres { url: url.to_owned(), blobs: blobs.to_owned() };
            assert_eq!(Location::parse(url, blobs), Ok(place), "{url}");
        }
        assert_eq!(Location::parse("mysql://h/d", blobs), Err(InvalidLocation::Scheme("mysql".to_owned())));
        assert_eq!(Location::parse("sqlite:", blobs), Err(InvalidLocation::Empty));
    }

    #[test]
    fn a_password_is_not_shown() {
        let place = Location::parse("postgres://u:hunter2@h/d", Path::new("b")).expect("an address");
        assert!(!format!("{place:?}").contains("hunter2"));
    }

    #[test]
    fn an_address_holds_any_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = sqlite_url(&folder.path().join("100 %?#ü.db")).expect("an address");
        assert!(url.ends_with("/100%20%25%3F%23%C3%BC.db"), "{url}");
    }
}
