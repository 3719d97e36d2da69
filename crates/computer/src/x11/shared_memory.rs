//! Memory that the X server writes pictures into.
//!
//! It is an anonymous file whose descriptor travels over the socket. The older way, System V segments, goes by
//! user ids, and the server may well run as another user.

use std::ops::Deref;
use std::os::fd::OwnedFd;

use memmap2::{Mmap, MmapOptions};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use x11rb::connection::Connection as _;
use x11rb::protocol::shm::{ConnectionExt as _, Seg};

use super::display::Display;
use crate::DesktopError;

/// A piece of memory that both sides have mapped.
pub(super) struct SharedMemory {
    pub(super) segment: Seg,
    bytes: Mmap,
}

impl SharedMemory {
    /// Makes one of `length` bytes and hands it to the server.
    pub(super) fn attach(display: &Display, length: usize) -> Result<Self, DesktopError> {
        let file = anonymous_file(length)?;
        let bytes = map(&file, length)?;
        let segment = display.connection.generate_id()?;
        display.connection.shm_attach_fd(segment, file, false)?.check()?;
        Ok(Self { segment, bytes })
    }

    /// Takes it back from the server.
    pub(super) fn detach(self, display: &Display) -> Result<(), DesktopError> {
        display.connection.shm_detach(self.segment)?;
        Ok(())
    }
}

impl Deref for SharedMemory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

fn anonymous_file(length: usize) -> Result<OwnedFd, DesktopError> {
    let file = memfd_create("screen", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&file, length as u64)?;
    // A peer that shortened the file would have us killed by SIGBUS at the next read.
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file)
}

#[allow(unsafe_code, reason = "mapping a file that another process writes to has no safe form")]
fn map(file: &OwnedFd, length: usize) -> Result<Mmap, DesktopError> {
    // SAFETY: the file is sealed at this length, so every byte of the mapping stays there. The server writes
    // only between a request and its reply, and the bytes are looked at only after the reply; a server that
    // broke this would spoil its own picture, since no byte here is trusted to have any particular value.
    unsafe { MmapOptions::new().len(length).map(file) }.map_err(DesktopError::System)
}
