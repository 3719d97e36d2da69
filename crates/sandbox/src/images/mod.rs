//! The images that Handspike brings: `base` and `desktop`. They are built from inputs that stand in this program, and
//! tagged by a hash of these, so an image of the right tag is up to date. No registry is involved: the root file
//! system is made from Debian packages, unless an image to start from is given.

mod build;
mod built_in;
mod inputs;
mod store;

pub use build::{BuildError, BuildOptions};
pub use built_in::BuiltIn;
pub use store::Images;
