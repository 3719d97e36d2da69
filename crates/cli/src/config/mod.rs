//! The configuration of a server: by file, by environment and by flags, each of which goes before the ones named first.
//!
//! What can be configured stands in one table ([`keys::Key`]), from which the flags and their `--help` are made. A file, the
//! environment and the command line each give a [`Layer`] of texts by key ([`mod@file`], [`environment`], [`flags`]);
//! [`Settings`] reads the texts, all of them and each in one place, so that a value is right or wrong wherever it
//! comes from, and every mistake is told with its place. [`show()`] writes what is in force.

mod environment;
mod file;
mod flags;
mod keys;
mod layer;
mod settings;
mod show;

pub(crate) use flags::{Flags, StoreFlags};
pub(crate) use layer::{Layer, Layers};
pub(crate) use settings::{LogFormat, SandboxKind, SandboxSettings, Settings, StoreSettings, without_password};
pub(crate) use show::show;

use std::path::PathBuf;

use crate::exit::Failure;

/// The variable that names a configuration file where no flag does.
pub(crate) const FILE_VARIABLE: &str = "HANDSPIKE_CONFIG";

/// Reads all layers. The second value is what a person should know, though it stops nothing.
pub(crate) fn layers(file: Option<PathBuf>, flags: Layer) -> Result<(Layers, Vec<String>), Failure> {
    let (environment, mut notes) = environment::read(std::env::vars_os());
    let named = file.or_else(|| std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from));
    let file = match named {
        Some(path) => {
            let layer = file::read(&path).map_err(|error| Failure::usage(error.to_string()))?;
            notes.extend(file::too_open(&path, &layer));
            layer
        }
        None => Layer::default(),
    };
    Ok((Layers::new([file, environment, flags]), notes))
}
