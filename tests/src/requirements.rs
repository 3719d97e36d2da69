//! What a test needs of the machine. Where something is missing the test says so, loudly, and is skipped; in CI (the
//! variable `CI` is set) it fails, for there a skipped test would pass unnoticed.

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::{Docker, program};

/// The engine, where it answers and everything that starts sandboxes on it is built.
pub fn require_docker() -> Option<Docker> {
    require(find_docker())
}

/// The program, where it is built. For tests that need no engine.
pub fn require_handspike() -> Option<()> {
    require(find_handspike())
}

/// What was found; a skipped test otherwise, or a failed one in CI.
///
/// # Panics
/// When something is missing in CI.
pub fn require<T>(found: Result<T, String>) -> Option<T> {
    let missing = match found {
        Ok(found) => return Some(found),
        Err(missing) => missing,
    };
    assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{missing}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Written past the test harness, which shows what a passing test prints to nobody.
    let _ = writeln!(io::stderr(), "\nSKIPPED {test}: {missing}\n");
    None
}

fn find_handspike() -> Result<(), String> {
    let program = program::path();
    for file in [program.clone(), program.with_file_name("handspike-guest")] {
        if !file.is_file() {
            return Err(format!("`{}` is not built\nhint: make build", file.display()));
        }
    }
    Ok(())
}

fn find_docker() -> Result<Docker, String> {
    find_handspike()?;
    let engine = Command::new("docker").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match engine {
        Err(error) => return Err(format!("Docker's client cannot be run: {error}\nhint: make engine")),
        Ok(status) if !status.success() => return Err("no Docker Engine answers\nhint: make engine".to_owned()),
        Ok(_) => {}
    }
    let docker = Docker::new();
    match ["base", "desktop"].into_iter().find(|image| docker.image(&format!("handspike/{image}")).is_none()) {
        Some(image) => Err(format!("the image `{image}` is not built\nhint: make images")),
        None => Ok(docker),
    }
}

/// A file of the machine that a test needs, and the package that brings it.
pub(crate) fn file(path: &str, package: &str) -> Result<(), String> {
    match Path::new(path).exists() {
        true => Ok(()),
        false => Err(format!("there is no `{path}` here\nhint: apt-get install {package}")),
    }
}
