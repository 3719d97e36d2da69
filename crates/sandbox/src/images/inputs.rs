//! What goes into the images: the folder `sandbox/` of the project, embedded.

use std::io;

use bytes::Bytes;
use include_dir::{Dir, File, include_dir};
use sha2::{Digest as _, Sha256};

use super::BuiltIn;
use crate::guest_binary::short_hash;

static SANDBOX: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sandbox");

/// The script that makes the base's root file system.
pub(super) fn bootstrap_script() -> &'static [u8] {
    SANDBOX.get_file("base/bootstrap.sh").map_or(&[], File::contents)
}

/// Twelve hexadecimal digits that change with anything that goes into the image or those that it is built on.
pub(super) fn hash(image: BuiltIn) -> String {
    let mut hash = Sha256::new();
    for step in image.with_parents() {
        for file in files(step) {
            let path = file.path().to_string_lossy();
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path.as_bytes());
            hash.update((file.contents().len() as u64).to_le_bytes());
            hash.update(file.contents());
        }
    }
    short_hash(hash.finalize())
}

/// The image's folder as a build context.
pub(super) fn context(image: BuiltIn) -> io::Result<Bytes> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files(image) {
        let name = file.path().strip_prefix(image.name()).map_err(io::Error::other)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(file.contents().len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, file.contents())?;
    }
    Ok(archive.into_inner()?.into())
}

fn files(image: BuiltIn) -> Vec<&'static File<'static>> {
    let mut files = Vec::new();
    if let Some(folder) = SANDBOX.get_dir(image.name()) {
        collect(folder, &mut files);
    }
    files.sort_by_key(|file| file.path());
    files
}

fn collect(folder: &'static Dir<'static>, files: &mut Vec<&'static File<'static>>) {
    files.extend(folder.files());
    for inner in folder.dirs() {
        collect(inner, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_has_a_dockerfile_in_its_context() {
        for image in BuiltIn::ALL {
            let context = context(image).expect("packs");
            let mut archive = tar::Archive::new(&*context);
            let mut entries = archive.entries().expect("entries");
            assert!(entries.any(|entry| entry.expect("entry").path().expect("path").as_os_str() == "Dockerfile"));
        }
        assert!(!bootstrap_script().is_empty());
    }

    #[test]
    fn the_images_have_hashes_of_their_own() {
        assert_eq!(hash(BuiltIn::Base).len(), 12);
        assert_ne!(hash(BuiltIn::Base), hash(BuiltIn::Desktop));
    }
}
