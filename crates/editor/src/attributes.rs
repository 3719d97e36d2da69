//! What a file is beside its bytes: owner, mode and extended attributes.
//!
//! A file that takes another's place must have them all, or the edit would have changed them.

use std::{
    ffi::CStr,
    fs::{File, Metadata, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, fchown},
};

use rustix::{
    fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr},
    io::Errno,
};

/// The kernel's own bound for a list of names and for a value.
const XATTR_LIMIT: usize = 64 << 10;

/// The bits of a mode that are not the file's kind.
const MODE: u32 = 0o7777;

/// Gives a new file the owner, attributes and mode of another.
pub(crate) fn carry_over(from: &File, metadata: &Metadata, to: &File) -> io::Result<()> {
    let fresh = to.metadata()?;
    if (fresh.uid(), fresh.gid()) != (metadata.uid(), metadata.gid()) {
        fchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
    }
    carry_over_extended(from, to)?;
    // Last, because a change of owner clears the set-user-id bit and an access list sets the group's bits.
    to.set_permissions(Permissions::from_mode(metadata.mode() & MODE))
}

/// Gives a file the mode again that it had before it was written: the kernel takes the set-user-id and set-group-id bits
/// off at a write. Nothing is done where it took none, also because only the owner may change a mode.
pub(crate) fn restore_mode(metadata: &Metadata, to: &File) -> io::Result<()> {
    if to.metadata()?.mode() & MODE == metadata.mode() & MODE {
        return Ok(());
    }
    to.set_permissions(Permissions::from_mode(metadata.mode() & MODE))
}

fn carry_over_extended(from: &File, to: &File) -> io::Result<()> {
    let (wanted, present) = (names(from)?, names(to)?);
    // A folder with a default access list gives one to every new file.
    for name in split(&present).filter(|name| split(&wanted).all(|wanted| wanted != *name)) {
        fremovexattr(to, name)?;
    }
    for name in split(&wanted) {
        let value = value(from, name)?;
        // Labels that the system gave both files alike need not be set, which only it may do.
        if split(&present).any(|present| present == name) && self::value(to, name)? == value {
            continue;
        }
        fsetxattr(to, name, &value, XattrFlags::empty())?;
    }
    Ok(())
}

fn names(file: &File) -> io::Result<Vec<u8>> {
    let mut names = vec![0; XATTR_LIMIT];
    match flistxattr(file, &mut names[..]) {
        Ok(length) => names.truncate(length),
        Err(Errno::NOTSUP) => names.clear(),
        Err(error) => return Err(error.into()),
    }
    Ok(names)
}

fn split(names: &[u8]) -> impl Iterator<Item = &CStr> {
    names.split_inclusive(|byte| *byte == 0).filter_map(|name| CStr::from_bytes_with_nul(name).ok())
}

fn value(file: &File, name: &CStr) -> io::Result<Vec<u8>> {
    let mut value = vec![0; XATTR_LIMIT];
    let length = fgetxattr(file, name, &mut value[..])?;
    value.truncate(length);
    Ok(value)
}
