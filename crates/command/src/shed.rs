//! What a fork can do without. It begins with all of its parent's memory, and the pages that the parent changes or frees
//! later would stay behind in the fork for as long as it lives.

use std::ptr;

use rustix::{
    fs::{Mode, OFlags, open},
    io::{Errno, read},
};

/// The longest line of `/proc/self/maps` that is understood; in a longer one only the path at its end is cut.
const LINE: usize = 256;

/// Gives the memory of the heap and of other threads' stacks back to the system.
///
/// # Safety
/// The process has one thread, which from then on uses nothing but its stack, static data and system calls.
#[allow(unsafe_code, reason = "frees memory that others may believe to own; the caller is the only one left")]
pub(crate) unsafe fn shed_memory() -> Result<(), Errno> {
    let maps = open(c"/proc/self/maps", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let here = ptr::from_ref(&maps) as usize;
    // The thread's own variables, of which `errno` is one, need not be on its stack.
    let thread = unsafe { libc::__errno_location() } as usize;
    let (mut chunk, mut line, mut length) = ([0; 2048], [0; LINE], 0);
    let mut file_end = 0;
    loop {
        let count = read(&maps, &mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        for byte in &chunk[..count] {
            if *byte != b'\n' {
                if length < LINE {
                    line[length] = *byte;
                    length += 1;
                }
                continue;
            }
            let mapping = Mapping::parse(&line[..length]);
            length = 0;
            let Some(mapping) = mapping else { continue };
            if mapping.is_file {
                file_end = mapping.end;
            }
            // What follows a file is its zeroed static data.
            let is_static = mapping.is_file || mapping.start == file_end;
            let is_needed = [here, thread].iter().any(|place| (mapping.start..mapping.end).contains(place));
            if mapping.is_private && !is_static && !is_needed {
                let size = mapping.end - mapping.start;
                unsafe { libc::madvise(mapping.start as *mut libc::c_void, size, libc::MADV_DONTNEED) };
            }
        }
    }
}

/// A line of `/proc/self/maps`.
#[derive(Debug, PartialEq)]
struct Mapping {
    start: usize,
    end: usize,
    /// Writable, and not shared with other processes.
    is_private: bool,
    /// The content of a file, or the kernel's.
    is_file: bool,
}

impl Mapping {
    /// Reads a line such as `7f00-7f10 rw-p 00000000 00:00 0    [heap]`, without the use of memory.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let mut range = words.next()?.split(|byte| *byte == b'-');
        let (start, end) = (hexadecimal(range.next()?)?, hexadecimal(range.next()?)?);
        let is_private = words.next()?.starts_with(b"rw-p");
        let (inode, name) = (words.nth(2)?, words.next());
        let is_anonymous = inode == b"0" && name.is_none_or(|name| name == b"[heap]");
        Some(Self { start, end, is_private, is_file: !is_anonymous })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |number, digit| {
        let digit = char::from(*digit).to_digit(16)? as usize;
        number.checked_mul(16)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_map_are_told_apart() {
        let parse = |line: &str| Mapping::parse(line.as_bytes());
        let mapping = |is_private, is_file| Some(Mapping { start: 0x1000, end: 0x2f000, is_private, is_file });
        assert_eq!(parse("1000-2f000 rw-p 00000000 00:00 0 "), mapping(true, false));
        assert_eq!(parse("1000-2f000 rw-p 00000000 00:00 0      [heap]"), mapping(true, false));
        assert_eq!(parse("1000-2f000 rw-p 00000000 00:00 0      [stack]"), mapping(true, true));
        assert_eq!(parse("1000-2f000 r-xp 00001000 fe:00 42   /bin/a b"), mapping(false, true));
        assert_eq!(parse("1000-2f000 rw-s 00000000 00:01 7    /SYSV0"), mapping(false, true));
        assert_eq!(parse("no line"), None);
    }
}
