//! The scenario file: what a scripted run is told, where it runs, and what it plays.
//!
//! A scenario is YAML that people write and read, so each mistake is an error that names the file, the line and the
//! column and shows the place. Nothing here runs anything or looks at the host beyond the file itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use handspike_models::scripted::Script;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_saphyr::{Location, Spanned};
use thiserror::Error;

/// A scenario file's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What people call it.
    pub name: String,
    /// The user's input, not empty.
    pub prompt: String,
    /// The sandbox's image; none means the default one.
    pub image: Option<String>,
    /// Bind mounts as written: `host:container`, with `:rw` where the sandbox may write. A relative host path starts
    /// at `folder`.
    pub mounts: Vec<String>,
    /// Where the file first asks for something that only a container can give; none where it does not.
    pub wants_container: Option<KeyInFile>,
    /// What the model says and expects.
    pub script: Script,
    /// The folder that the file is in.
    pub folder: PathBuf,
}

/// A key of a scenario file, and where its value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct KeyInFile {
    pub key: &'static str,
    pub line: u64,
    pub column: u64,
}

/// Why a scenario can't be used.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file can't be read.
    #[error("the scenario `{}` cannot be read\nhint: --scenario takes the path of a scenario file", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file says something that is no scenario.
    #[error("the scenario `{}` has a mistake: {mistake}\nhint: the README's part on scenario files shows their form", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What it is, with line, column and an excerpt of the file.
        mistake: String,
    },
}

/// More than any scenario that a person writes.
const LARGEST: u64 = 4 << 20;

/// Reads a regular file of bounded size; a FIFO could hold the program for ever.
fn read_bounded(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.len() > LARGEST {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    fs::read_to_string(path)
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    #[serde(deserialize_with = "not_blank")]
    name: String,
    #[serde(deserialize_with = "not_blank")]
    prompt: String,
    #[serde(default)]
    image: Option<Spanned<String>>,
    #[serde(default)]
    mounts: Option<Spanned<Vec<String>>>,
    script: Script,
}

impl Scenario {
    /// Reads a scenario file.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = read_bounded(path).map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
        let file: ScenarioFile = serde_saphyr::from_str(&text)
            .map_err(|error| ScenarioError::Invalid { path: path.to_owned(), mistake: in_words(&error, path) })?;
        let ScenarioFile { name, prompt, image, mounts, script } = file;
        let place_of = |key, at: Location| KeyInFile { key, line: at.line(), column: at.column() };
        let image_at = image.as_ref().map(|image| place_of("image", image.referenced));
        let mounts_at = mounts.as_ref().map(|mounts| place_of("mounts", mounts.referenced));
        Ok(Self {
            name,
            prompt,
            image: image.map(|image| image.value),
            mounts: mounts.map(|mounts| mounts.value).unwrap_or_default(),
            wants_container: image_at.or(mounts_at),
            script,
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
        })
    }
}

/// The error on a line that begins with its place, such as `line 3 column 5: ..`, and an excerpt of the file.
fn in_words(error: &serde_saphyr::Error, path: &Path) -> String {
    let path = path.to_string_lossy();
    let text = error.render_with_options(serde_saphyr::render_options! { source_name: Some(&path) });
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(D::Error::custom("this text must not be empty")) } else { Ok(text) }
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
