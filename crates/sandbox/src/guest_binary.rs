//! Finding the guest binary that goes into every sandbox, and packing it for the way there.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use handspike_core::WORKSPACE;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};
use thiserror::Error;

/// Where things stand inside a sandbox. `/.handspike` belongs to root, so the guest can't be replaced from inside.
pub(crate) const GUEST_PATH: &str = "/.handspike/bin/handspike-guest";
pub(crate) const HOME: &str = "/home/agent";

/// The unprivileged user that everything in a sandbox runs as.
pub(crate) const USER_ID: u64 = 1000;

/// The guest's bytes: one static x86-64 executable.
#[derive(Clone)]
pub struct GuestBinary {
    bytes: Bytes,
    hash: String,
}

/// There is no guest binary to be put into sandboxes.
#[derive(Debug, Error)]
pub enum GuestMissing {
    /// It can't be read.
    #[error(
        "the guest binary is not at `{path}`\nhint: build it with `make build`, or set HANDSPIKE_GUEST to its path"
    )]
    Unreadable {
        /// Where it was looked for.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Something else is in its place.
    #[error(
        "`{path}` is no guest binary: it is no ELF executable for x86-64\nhint: build one with `make build`, or set HANDSPIKE_GUEST to its path"
    )]
    NotExecutable {
        /// Where it was looked for.
        path: String,
    },
}

impl GuestBinary {
    /// Reads the binary that `HANDSPIKE_GUEST` names, or the one beside this program.
    pub fn find() -> Result<Self, GuestMissing> {
        Self::at(&env::var_os("HANDSPIKE_GUEST").map_or_else(beside_this_program, PathBuf::from))
    }

    /// Reads the binary at a path.
    pub fn at(path: &Path) -> Result<Self, GuestMissing> {
        match fs::read(path) {
            Ok(bytes) if is_executable(&bytes) => Ok(Self::new(bytes.into())),
            Ok(_) => Err(GuestMissing::NotExecutable { path: path.display().to_string() }),
            Err(source) => Err(GuestMissing::Unreadable { path: path.display().to_string(), source }),
        }
    }

    fn new(bytes: Bytes) -> Self {
        let hash = short_hash(Sha256::digest(&bytes));
        Self { bytes, hash }
    }

    /// Twelve hexadecimal digits that tell one guest from another.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// A tar archive with the guest and the folders that a sandbox needs.
    pub(crate) fn archive(&self) -> io::Result<Bytes> {
        let mut archive = Archive(Builder::new(Vec::with_capacity(self.bytes.len() + 8192)));
        archive.folder("/.handspike", 0o755, 0)?;
        archive.folder("/.handspike/bin", 0o755, 0)?;
        archive.file(GUEST_PATH, 0o755, &self.bytes)?;
        archive.folder("/.handspike/run", 0o700, USER_ID)?;
        archive.folder(WORKSPACE, 0o755, USER_ID)?;
        archive.folder(HOME, 0o755, USER_ID)?;
        Ok(archive.0.into_inner()?.into())
    }
}

/// Whether a file begins as an executable of 64-bit ELF for x86-64 does, with its least significant bytes first.
fn is_executable(bytes: &[u8]) -> bool {
    const MACHINE: std::ops::Range<usize> = 18..20;
    const X86_64: [u8; 2] = 62u16.to_le_bytes();
    bytes.starts_with(b"\x7fELF\x02\x01") && bytes.get(MACHINE) == Some(&X86_64)
}

/// The first six bytes of a hash, in hexadecimal digits.
pub(crate) fn short_hash(hash: impl AsRef<[u8]>) -> String {
    hash.as_ref().iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn beside_this_program() -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name("handspike-guest")
}

struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn folder(&mut self, path: &str, mode: u32, owner: u64) -> io::Result<()> {
        let mut header = header(EntryType::Directory, mode, owner, 0);
        self.0.append_data(&mut header, path.trim_start_matches('/'), io::empty())
    }

    fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
        let mut header = header(EntryType::Regular, mode, 0, bytes.len() as u64);
        self.0.append_data(&mut header, path.trim_start_matches('/'), bytes)
    }
}

fn header(kind: EntryType, mode: u32, owner: u64, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_size(size);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_executable_is_named() {
        let file = env::temp_dir().join(format!("handspike-no-guest-{}", std::process::id()));
        let mut foreign = fs::read("/proc/self/exe").expect("this test's own program");
        assert_eq!(is_executable(&foreign), cfg!(target_arch = "x86_64"));
        foreign[18] = 183;
        for content in [&b""[..], b"a text", b"\x7fELF\x02\x01", &foreign] {
            fs::write(&file, content).expect("written");
            let told = GuestBinary::at(&file).err().expect("a refusal").to_string();
            assert!(told.starts_with(&format!("`{}` is no guest binary", file.display())), "{told}");
        }
        fs::remove_file(&file).expect("removed");
    }

    #[test]
    fn the_archive_holds_the_guest_and_its_folders() {
        let archive = GuestBinary::new(Bytes::from_static(b"guest")).archive().expect("packs");
        let mut archive = tar::Archive::new(&*archive);
        let entries = archive.entries().expect("entries");
        let entries: Vec<String> =
            entries.map(|entry| entry.expect("entry").path().expect("path").display().to_string()).collect();
        assert_eq!(
            entries,
            [
                ".handspike",
                ".handspike/bin",
                ".handspike/bin/handspike-guest",
                ".handspike/run",
                "workspace",
                "home/agent"
            ]
        );
    }
}
