//! The clients' key: given, or made at the first start and kept beside the database for its owner only.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use handspike_store::Location;
use handspike_web::ApiKey;

use super::announce::Announcer;
use crate::exit::Failure;

/// The key, and where it comes from.
#[derive(Debug)]
pub(super) struct ClientKey {
    pub(super) key: ApiKey,
    source: Source,
}

#[derive(Debug, PartialEq, Eq)]
enum Source {
    Given,
    Made(PathBuf),
    Kept(PathBuf),
}

/// The key that was given, or the one that is kept; a new one where there is none yet.
pub(super) fn of(given: Option<ApiKey>, location: &Location) -> Result<ClientKey, Failure> {
    if let Some(key) = given {
        return Ok(ClientKey { key, source: Source::Given });
    }
    let path = path_beside(location);
    kept(&path).map_err(|error| {
        Failure::usage(format!(
            "the key in `{}` cannot be used: {error}\nhint: remove the file, and a new key is made; or give a key with HANDSPIKE_API_KEY",
            path.display()
        ))
    })
}

impl ClientKey {
    /// Where it is, for whoever starts the server. A new one is told, unless into a log.
    pub(super) fn words(&self, announcer: Announcer) -> String {
        match &self.source {
            Source::Given => "as given".to_owned(),
            Source::Kept(path) => format!("in {}", path.display()),
            Source::Made(path) if announcer.is_for_a_person() => {
                format!("{} (new, and kept in {})", self.key.reveal(), path.display())
            }
            Source::Made(path) => format!("new, in {}", path.display()),
        }
    }
}

/// The file of the key: the database's name, or that of its blobs, and an ending.
fn path_beside(location: &Location) -> PathBuf {
    let mut name = match location {
        Location::Sqlite { file } => file.clone(),
        Location::Postgres { blobs, .. } => blobs.clone(),
    }
    .into_os_string();
    name.push(".api-key");
    PathBuf::from(name)
}

fn kept(path: &Path) -> io::Result<ClientKey> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

fn read(path: &Path, file: File) -> io::Result<ClientKey> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::other(
            "other users can read or change it (chmod 600 mends that, but they may know the key)",
        ));
    }
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text)?;
    let key = text.trim().parse().map_err(io::Error::other)?;
    Ok(ClientKey { key, source: Source::Kept(path.to_owned()) })
}

/// Makes a key. It appears under its name when it is whole, and where another server was faster, its key is the one.
fn make(path: &Path) -> io::Result<ClientKey> {
    let key = ApiKey::generate().map_err(io::Error::other)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{}", key.reveal())?;
    file.sync_all()?;
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Ok(()) => Ok(ClientKey { key, source: Source::Made(path.to_owned()) }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path, File::open(path)?),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::file(folder.path().join("a.db"));
        let path = folder.path().join("a.db.api-key");
        let first = of(None, &location).expect("a key");
        assert_eq!(first.source, Source::Made(path.clone()));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        let again = of(None, &location).expect("a key");
        assert_eq!(again.source, Source::Kept(path));
        assert_eq!(again.key.reveal(), first.key.reveal());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn a_new_key_is_told_to_a_person_and_not_to_a_log() {
        use crate::config::LogFormat;
        let folder = tempfile::tempdir().expect("a folder");
        let key = of(None, &Location::file(folder.path().join("a.db"))).expect("a key");
        assert!(key.words(Announcer::of(LogFormat::Text)).contains(key.key.reveal()));
        assert!(!key.words(Announcer::of(LogFormat::Json)).contains(key.key.reveal()));
        let given = of(Some("0123456789abcdef".parse().expect("a key")), &Location::file("/nowhere/a.db"));
        assert_eq!(given.expect("a key").words(Announcer::of(LogFormat::Text)), "as given");
    }

    #[test]
    fn a_key_that_others_could_know_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Postgres { url: "postgres://h/d".to_owned(), blobs: folder.path().join("blobs") };
        let path = folder.path().join("blobs.api-key");
        for (text, mode, words) in
            [("0123456789abcdef\n", 0o644, "other users"), ("short", 0o600, "at least 16"), ("", 0o600, "at least 16")]
        {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let text = format!("{:?}", of(None, &location).expect_err("no key"));
            assert!(text.contains(words) && text.contains("hint: remove the file"), "{text}");
        }
    }
}
