use std::os::unix::{fs::symlink, net::UnixListener};

use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Pieces as a host sends them, with the end or without.
fn pieces(parts: &[&[u8]], is_whole: bool) -> Vec<u8> {
    let mut sent = Vec::new();
    for part in parts {
        sent.extend(u32::try_from(part.len()).expect("short").to_be_bytes());
        sent.extend(*part);
    }
    if is_whole {
        sent.extend([0; 4]);
    }
    sent
}

fn write_parts(path: &Path, parts: &[&[u8]]) -> Result<(u64, bool), FileRefusal> {
    write_from(&mut &*pieces(parts, true), path, 100)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_written_with_the_folders_above_it_and_read_again() {
    let folder = folder();
    let path = folder.path().join("a/b/c");
    assert_eq!(write_parts(&path, &[b"one ", b"two"]), Ok((7, true)));
    assert_eq!(write_parts(&path, &[]), Ok((0, false)));
    assert_eq!(write_parts(&path, &[b"three"]), Ok((5, false)));
    let (mut file, size, (seconds, _)) = open(&path, 5).expect("a file");
    let mut read = String::new();
    file.read_to_string(&mut read).expect("text");
    assert_eq!((read.as_str(), size), ("three", 5));
    assert!(seconds > 1_700_000_000);
    assert_eq!(names(&folder.path().join("a/b")), ["c"]);
}

#[test]
fn what_is_cut_off_or_too_large_leaves_the_old_file_and_nothing_else() {
    let folder = folder();
    let path = folder.path().join("a");
    fs::write(&path, "old").expect("written");
    let whole = pieces(&[&[7; 60], &[8; 40]], true);
    for length in 0..whole.len() {
        assert_eq!(write_from(&mut &whole[..length], &path, 100), Err(FileRefusal::Cut), "{length} bytes");
    }
    assert_eq!(write_from(&mut &*whole, &path, 99), Err(FileRefusal::TooLarge));
    let too_long = write_from(&mut &(LONGEST_PIECE + 1).to_be_bytes()[..], &path, u64::MAX);
    assert!(matches!(too_long, Err(FileRefusal::System(_))), "{too_long:?}");
    assert_eq!(fs::read_to_string(&path).expect("there"), "old");
    assert_eq!(names(folder.path()), ["a"]);
    assert_eq!(write_from(&mut &*whole, &path, 100), Ok((100, false)));
}

#[test]
fn a_file_keeps_its_mode_and_a_link_leads_to_what_is_written() {
    let folder = folder();
    let (path, link) = (folder.path().join("a"), folder.path().join("link"));
    fs::write(&path, "old").expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("ours");
    symlink("a", &link).expect("a link");
    assert_eq!(write_parts(&link, &[b"new"]), Ok((3, false)));
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(fs::read_to_string(&path).expect("there"), "new");
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o640);
}

#[test]
fn what_is_no_file_is_told_apart() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "text").expect("written");
    fs::create_dir(at("folder")).expect("made");
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("made");
    let _socket = UnixListener::bind(at("socket")).expect("bound");
    symlink("loop", at("loop")).expect("a link");
    for (name, reading, writing) in [
        ("none", FileRefusal::NotFound, None),
        ("folder", FileRefusal::IsFolder, Some(FileRefusal::IsFolder)),
        ("pipe", FileRefusal::NotRegular, Some(FileRefusal::NotRegular)),
        ("socket", FileRefusal::NotRegular, Some(FileRefusal::NotRegular)),
        ("file/below", FileRefusal::NotFound, Some(FileRefusal::NotInFolder)),
    ] {
        assert_eq!(open(&at(name), 100).err(), Some(reading), "{name}");
        assert_eq!(write_parts(&at(name), &[b"new"]).err(), writing, "{name}");
    }
    assert_eq!(open(&at("file"), 3).err(), Some(FileRefusal::TooLarge));
    assert_eq!(open(Path::new("/dev/null"), 100).err(), Some(FileRefusal::NotRegular));
    assert!(matches!(open(&at("loop"), 100), Err(FileRefusal::System(_))));
    assert!(matches!(write_parts(&at("loop"), &[b"new"]), Err(FileRefusal::System(_))));
}
