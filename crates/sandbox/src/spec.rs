//! What a sandbox is to be like: image, screen, mounts, network and limits.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use handspike_core::WORKSPACE;
use thiserror::Error;
use uuid::Uuid;

use crate::{
    guest_binary::{HOME, USER_ID},
    permission::{Who, may_write},
};

/// A sandbox to be made. The default is the locked-down one.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    /// The image's reference, as the engine knows it.
    pub image: String,
    /// The desktop's size.
    pub screen: Screen,
    /// The number of the desktop's X display.
    pub display: u32,
    /// Folders and files of the host that are to be seen inside.
    pub mounts: Vec<Mount>,
    /// What can be reached from inside.
    pub network: Network,
    /// Memory in bytes, swap included.
    pub memory: u64,
    /// Processors, fractions allowed.
    pub cpus: f64,
    /// Processes and threads.
    pub processes: u32,
    /// Shared memory in bytes, for browsers.
    pub shared_memory: u64,
    /// How long the sandbox lives on with nobody connected.
    pub time_to_live: Duration,
    /// Whether it outlives its session.
    pub keep: bool,
    /// The server whose it is; none where it is the process's that makes it.
    pub server: Option<ServerClaim>,
}

/// A server's claim on a sandbox, which outlives the server's own processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClaim {
    /// The id of the server's store: whatever opens that again is the same server.
    pub store: Uuid,
    /// How long the sandbox is kept after it has stopped, for the server to start it again.
    pub kept_for: Duration,
}

impl SandboxSpec {
    /// The default sandbox from an image.
    #[must_use]
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            screen: Screen { width: 1024, height: 768 },
            display: 0,
            mounts: Vec::new(),
            network: Network::None,
            memory: 2 << 30,
            cpus: 2.0,
            processes: 512,
            shared_memory: 512 << 20,
            time_to_live: Duration::from_secs(60 * 60),
            keep: false,
            server: None,
        }
    }
}

/// A screen's size in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// What can be reached from inside a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing but the sandbox itself.
    None,
    /// Whatever the engine's bridge leads to, usually the Internet.
    Bridge,
}

impl Network {
    pub(crate) fn mode(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bridge => "bridge",
        }
    }
}

/// A mount or network that can't be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecError {
    /// Not of the form.
    #[error(
        "mount `{0}` is not of the form HOST:CONTAINER[:ro|:rw]\nhint: for example --mount ./src:/workspace/src:rw"
    )]
    MountForm(String),
    /// Nothing to mount.
    #[error(
        "mount `{mount}`: there is no `{path}` here\nhint: the part before the first colon is a folder or file of this machine"
    )]
    MountSource {
        /// The mount as given.
        mount: String,
        /// The path that was looked for.
        path: String,
    },
    /// A place in the sandbox that can't be mounted over.
    #[error(
        "mount `{mount}`: `{target}` is no place to mount to: {reason}\nhint: choose a folder of its own, for example /workspace/src"
    )]
    MountTarget {
        /// The mount as given.
        mount: String,
        /// Its second part.
        target: String,
        /// Why not.
        reason: &'static str,
    },
    /// An unknown network.
    #[error("network `{0}` is unknown\nhint: use none or bridge")]
    Network(String),
}

impl FromStr for Network {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text {
            "none" => Ok(Self::None),
            "bridge" => Ok(Self::Bridge),
            other => Err(SpecError::Network(other.to_owned())),
        }
    }
}

/// A part of the host's files, seen inside a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Absolute path on the host, links resolved.
    pub host: PathBuf,
    /// Absolute path in the sandbox.
    pub container: PathBuf,
    /// Whether the sandbox may write there.
    pub writable: bool,
}

impl Mount {
    /// Reads `HOST:CONTAINER[:ro|:rw]`; a relative host path is taken from `base`. Read-only unless said.
    pub fn parse(text: &str, base: &Path) -> Result<Self, SpecError> {
        let parts: Vec<&str> = text.split(':').collect();
        let (host, container, writable) = match parts[..] {
            [host, container] | [host, container, "ro"] => (host, container, false),
            [host, container, "rw"] => (host, container, true),
            _ => return Err(SpecError::MountForm(text.to_owned())),
        };
        if host.is_empty() || container.is_empty() {
            return Err(SpecError::MountForm(text.to_owned()));
        }
        let host = base.join(host);
        let host = host
            .canonicalize()
            .map_err(|_| SpecError::MountSource { mount: text.to_owned(), path: host.display().to_string() })?;
        let refuse = |reason| SpecError::MountTarget { mount: text.to_owned(), target: container.to_owned(), reason };
        let container = Path::new(container);
        if !container.is_absolute() {
            return Err(refuse("it is not absolute"));
        }
        if container.components().any(|part| part.as_os_str() == "..") {
            return Err(refuse("it holds `..`"));
        }
        if container == Path::new("/") || container.starts_with("/.handspike") {
            return Err(refuse("the sandbox needs it for itself"));
        }
        if ["/proc", "/sys", "/dev"].iter().any(|system| container.starts_with(system)) {
            return Err(refuse("it belongs to the sandbox's system"));
        }
        if host.is_file() && [WORKSPACE, HOME].iter().any(|folder| Path::new(folder) == container) {
            return Err(refuse("it is a folder, and what is to be mounted is a file"));
        }
        Ok(Self { host, container: container.to_owned(), writable })
    }

    /// Whether the sandbox's user has the permission to write here.
    pub fn takes_writing(&self) -> io::Result<bool> {
        let id = u32::try_from(USER_ID).unwrap_or(u32::MAX);
        may_write(&self.host, Who { user: id, group: id })
    }

    pub(crate) fn bind(&self) -> String {
        let mode = if self.writable { "rw" } else { "ro" };
        format!("{}:{}:{mode}", self.host.display(), self.container.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_only_unless_said() {
        let parse = |text| Mount::parse(text, Path::new("/")).expect("a mount");
        assert!(!parse("/etc:/seed").writable);
        assert!(!parse("/etc:/seed:ro").writable);
        assert!(parse("/etc:/seed:rw").writable);
        assert_eq!(parse("etc:/seed").host, Path::new("/etc"));
    }

    #[test]
    fn a_mount_names_what_is_wrong_with_it() {
        let error = |text| Mount::parse(text, Path::new("/")).expect_err("no mount").to_string();
        assert!(error("/etc").contains("HOST:CONTAINER"));
        assert!(error("/etc:/a:rx").contains("HOST:CONTAINER"));
        assert!(error("/no/such/folder:/a").contains("/no/such/folder"));
        assert!(error("/etc:a").contains("not absolute"));
        assert!(error("/etc:/a/../..").contains("`..`"));
        assert!(error("/etc:/proc/self").contains("system"));
        assert!(error("/etc/passwd:/workspace").contains("a folder"));
        assert!(error("/etc:/.handspike/run").contains("for itself"));
    }
}
