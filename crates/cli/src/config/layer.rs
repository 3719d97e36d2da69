//! Texts by key, as one source gives them, and several sources on each other.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::keys::Key;

/// What one source says.
pub(crate) type Layer = BTreeMap<Key, Given>;

/// A value as it was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// One text, or those of a list.
    pub(crate) texts: Vec<String>,
    /// Who said it.
    pub(crate) place: Place,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file.
    File {
        /// Which.
        file: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The character of that line, from 1.
        column: usize,
    },
    /// In an environment variable.
    Variable(&'static str),
    /// On the command line.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "`{}` line {line} column {column}", file.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

impl Place {
    /// What a relative path starts at: a file's own folder, or the working folder.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::File { file, .. } => file.parent().unwrap_or(Path::new("")),
            Self::Variable(_) | Self::Flag(_) => Path::new(""),
        }
    }
}

/// What is said in all, the last source first to be believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    said: Layer,
}

impl Layers {
    /// Lays each layer on those before it. A list is replaced, not lengthened.
    pub(crate) fn new(layers: impl IntoIterator<Item = Layer>) -> Self {
        Self { said: layers.into_iter().flatten().collect() }
    }

    /// What is said about a key, if anything is.
    pub(crate) fn get(&self, key: Key) -> Option<&Given> {
        self.said.get(&key)
    }
}
