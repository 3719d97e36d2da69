//! Whether a user may write to a file or folder: its mode, and the access control list where it has one.
//!
//! The kernel answers only for the user who asks, and Handspike need not run as one who may become another. So this reads
//! what the kernel would look at, in the kernel's order (acl(5), "access check algorithm"). A mount leads past the folders
//! above it, which therefore don't count.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

use rustix::{fs::getxattr, io::Errno};

/// The extended attribute that holds a file's access control list.
const ATTRIBUTE: &str = "system.posix_acl_access";

/// The layout of the attribute, and what entries begin with, as in `linux/posix_acl_xattr.h`.
const VERSION: u32 = 2;
const HEADER: usize = 4;
const ENTRY: usize = 8;
const USER: u16 = 0x02;
const GROUP_OBJECT: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;

const WRITE: u16 = 0o2;
const SEARCH: u16 = 0o1;

/// A user with one group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// An access control list beyond what a mode says.
#[derive(Debug)]
struct List(Vec<Entry>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u16,
    permissions: u16,
    id: u32,
}

/// Whether a user may change a file, or make files in a folder.
pub(crate) fn may_write(path: &Path, who: Who) -> io::Result<bool> {
    let about = fs::metadata(path)?;
    let wanted = if about.is_dir() { WRITE | SEARCH } else { WRITE };
    let of_mode = |shift: u32| u16::try_from(about.mode() >> shift & 0o7).unwrap_or(0);
    if about.uid() == who.user {
        return Ok(of_mode(6) & wanted == wanted);
    }
    let groups = match list_of(path)? {
        Some(list) => list.granted(who, about.gid()),
        None => (about.gid() == who.group).then(|| vec![of_mode(3)]),
    };
    Ok(groups.unwrap_or_else(|| vec![of_mode(0)]).into_iter().any(|granted| granted & wanted == wanted))
}

fn list_of(path: &Path) -> io::Result<Option<List>> {
    let mut buffer = vec![0; 64 << 10];
    match getxattr(path, ATTRIBUTE, &mut buffer) {
        Ok(length) => Ok(List::parse(&buffer[..length])),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl List {
    /// None where the attribute is laid out in another way than this knows.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (version, entries) = bytes.split_first_chunk::<HEADER>()?;
        if u32::from_le_bytes(*version) != VERSION || entries.len() % ENTRY != 0 {
            return None;
        }
        let entry = |bytes: &[u8]| {
            let &[t0, t1, p0, p1, i0, i1, i2, i3] = bytes else { return None };
            let (tag, permissions) = (u16::from_le_bytes([t0, t1]), u16::from_le_bytes([p0, p1]));
            Some(Entry { tag, permissions, id: u32::from_le_bytes([i0, i1, i2, i3]) })
        };
        entries.chunks_exact(ENTRY).map(entry).collect::<Option<Vec<_>>>().map(Self)
    }

    /// What the entries about a user, or else those about the user's group, grant; none where there are neither.
    fn granted(&self, who: Who, owning_group: u32) -> Option<Vec<u16>> {
        let Self(entries) = self;
        let mask = entries.iter().find(|entry| entry.tag == MASK).map_or(0o7, |entry| entry.permissions);
        if let Some(own) = entries.iter().find(|entry| entry.tag == USER && entry.id == who.user) {
            return Some(vec![own.permissions & mask]);
        }
        let is_of_group = |entry: &&Entry| match entry.tag {
            GROUP_OBJECT => owning_group == who.group,
            GROUP => entry.id == who.group,
            _ => false,
        };
        let granted: Vec<u16> = entries.iter().filter(is_of_group).map(|entry| entry.permissions & mask).collect();
        (!granted.is_empty()).then_some(granted)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rustix::fs::{XattrFlags, setxattr};

    use super::*;

    /// Neither the owner nor the group of anything that a test makes.
    const SANDBOX: Who = Who { user: 54_321, group: 54_322 };
    const USER_OBJECT: u16 = 0x01;
    const OTHER: u16 = 0x20;
    const NOBODY: u32 = u32::MAX;

    fn bytes(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entry = |(tag, permissions, id): &(u16, u16, u32)| {
            [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        [VERSION.to_le_bytes().to_vec(), entries.iter().flat_map(entry).collect()].concat()
    }

    /// The list of a folder of mode 0755, with more entries.
    fn listed(more: &[(u16, u16, u32)], mask: u16) -> Vec<u8> {
        let mut entries = vec![(USER_OBJECT, 7, NOBODY), (GROUP_OBJECT, 5, NOBODY), (OTHER, 5, NOBODY)];
        entries.extend(more);
        entries.push((MASK, mask, NOBODY));
        entries.sort_unstable();
        bytes(&entries)
    }

    #[test]
    fn the_mode_decides_where_there_is_no_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let about = folder.path().metadata().expect("there");
        let (owner, of_group) = (Who { user: about.uid(), ..SANDBOX }, Who { group: about.gid(), ..SANDBOX });
        for (mode, who, may) in [
            (0o755, owner, true),
            (0o555, owner, false),
            (0o077, owner, false),
            (0o775, of_group, true),
            (0o757, of_group, false),
            (0o757, SANDBOX, true),
            (0o775, SANDBOX, false),
            // Nothing can be made in a folder that can't be entered.
            (0o756, SANDBOX, false),
        ] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("ours");
            assert_eq!(may_write(folder.path(), who).expect("readable"), may, "{mode:o} {who:?}");
        }
    }

    #[test]
    fn a_list_grants_and_takes_what_the_mode_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for (entry, mask, may) in [
            ((USER, 7, SANDBOX.user), 7, true),
            ((USER, 5, SANDBOX.user), 7, false),
            ((USER, 7, SANDBOX.user), 5, false),
            ((GROUP, 7, SANDBOX.group), 7, true),
            ((USER, 7, SANDBOX.user + 9), 7, false),
        ] {
            setxattr(folder.path(), ATTRIBUTE, &listed(&[entry], mask), XattrFlags::empty())
                .expect("the folder for temporary files is on a file system with access control lists");
            assert_eq!(may_write(folder.path(), SANDBOX).expect("readable"), may, "{entry:?} {mask}");
        }
    }

    #[test]
    fn an_attribute_of_another_layout_is_no_list() {
        assert!(List::parse(&[]).is_none());
        assert!(List::parse(&[3, 0, 0, 0]).is_none());
        assert!(List::parse(&[2, 0, 0, 0, 1]).is_none());
        assert!(List::parse(&bytes(&[])).is_some_and(|list| list.0.is_empty()));
    }
}
