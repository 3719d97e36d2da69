//! Where a file is in a sandbox, as a client says it.

use std::fmt;

use thiserror::Error;

/// The folder of a sandbox that its tools start in, and that relative paths are below.
pub const WORKSPACE: &str = "/workspace";

/// Bytes of the longest path, as in the kernel.
const LONGEST: usize = 4095;

/// An absolute path in a sandbox. What it leads to is the sandbox's business: it has the links that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPath(String);

/// A text that is no path of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidPath {
    /// Nothing, or a folder by its writing.
    #[error("the path names no file")]
    NoFile,
    /// A relative one that leads out of the workspace.
    #[error("the path leads out of {WORKSPACE}; one that begins with `/` may lead anywhere in the sandbox")]
    Outside,
    /// More than the kernel takes.
    #[error("the path has more than {LONGEST} bytes")]
    TooLong,
    /// A character that no path has.
    #[error("the path has a NUL character")]
    Nul,
}

impl SandboxPath {
    /// A path from the root, or one below the workspace.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        if text.contains('\0') {
            return Err(InvalidPath::Nul);
        }
        if matches!(text.rsplit('/').next(), None | Some("" | "." | "..")) {
            return Err(InvalidPath::NoFile);
        }
        let path = if text.starts_with('/') {
            text.to_owned()
        } else if stays_below(text) {
            format!("{WORKSPACE}/{text}")
        } else {
            return Err(InvalidPath::Outside);
        };
        if path.len() > LONGEST { Err(InvalidPath::TooLong) } else { Ok(Self(path)) }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for SandboxPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a relative path never goes above where it starts.
fn stays_below(path: &str) -> bool {
    let mut depth = 0_usize;
    path.split('/').all(|part| {
        let next = match part {
            "" | "." => Some(depth),
            ".." => depth.checked_sub(1),
            _ => Some(depth + 1),
        };
        depth = next.unwrap_or_default();
        next.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_below_the_workspace_and_an_absolute_one_anywhere() {
        for (text, path, name) in [
            ("a", "/workspace/a", "a"),
            ("a/b c.txt", "/workspace/a/b c.txt", "b c.txt"),
            ("a/../b", "/workspace/a/../b", "b"),
            ("./…", "/workspace/./…", "…"),
            ("..a", "/workspace/..a", "..a"),
            ("/etc/hosts", "/etc/hosts", "hosts"),
            ("/workspace/../etc/hosts", "/workspace/../etc/hosts", "hosts"),
        ] {
            let parsed = SandboxPath::parse(text).expect("a path");
            assert_eq!((parsed.as_str(), parsed.file_name()), (path, name));
        }
    }

    #[test]
    fn what_is_no_path_of_a_file_is_refused() {
        for text in ["", "/", "a/", ".", "a/..", "/etc/.", "//"] {
            assert_eq!(SandboxPath::parse(text), Err(InvalidPath::NoFile), "{text}");
        }
        for text in ["../a", "a/../../b", "./../a", "a//../../workspace/b"] {
            assert_eq!(SandboxPath::parse(text), Err(InvalidPath::Outside), "{text}");
        }
        assert_eq!(SandboxPath::parse("a\0b"), Err(InvalidPath::Nul));
        let longest = "a".repeat(LONGEST - "/workspace/".len());
        assert!(SandboxPath::parse(&longest).is_ok());
        assert_eq!(SandboxPath::parse(&format!("{longest}a")), Err(InvalidPath::TooLong));
    }
}
