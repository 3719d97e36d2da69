//! What the editor did, so that it can be taken back.
//!
//! An entry holds the way back from one edit and the hash of the file as that edit left it: a hash says for
//! 32 bytes whether somebody else has written since. For small files the content is kept too, only to show
//! what they changed. The journal is bounded; when it is full, the oldest contents go first, then the oldest
//! entries. Entries are plain data in the order of the edits, so writing each to a file as it is recorded,
//! and reading them back at a start, is all that a journal on disk has to add.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::splice::Splice;

/// Larger files are told apart by their hash alone.
const CONTENT_LIMIT: usize = 256 << 10;

/// One edit that can be taken back.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The file, symlinks resolved.
    pub(crate) path: PathBuf,
    /// How to take the edit back.
    pub(crate) way_back: WayBack,
    hash: [u8; 32],
    content: Option<Vec<u8>>,
}

/// What an undo has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WayBack {
    /// Apply a change.
    Splice(Splice),
    /// Remove the file, which the edit created.
    Remove,
}

/// Edits of all files, the oldest first.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    limit: usize,
}

impl Entry {
    /// An edit that left `path` with `content`.
    pub(crate) fn new(path: PathBuf, way_back: WayBack, content: &[u8]) -> Self {
        let kept = (content.len() <= CONTENT_LIMIT).then(|| content.to_vec());
        Self { path, way_back, hash: Sha256::digest(content).into(), content: kept }
    }

    /// Whether the edit left the file like this.
    pub(crate) fn left(&self, content: &[u8]) -> bool {
        <[u8; 32]>::from(Sha256::digest(content)) == self.hash
    }

    /// The content as the edit left it, where it is still known.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    fn size(&self) -> usize {
        let way_back = match &self.way_back {
            WayBack::Splice(splice) => splice.size(),
            WayBack::Remove => 0,
        };
        size_of::<Self>() + self.path.as_os_str().len() + way_back + self.content.as_ref().map_or(0, Vec::len)
    }
}

impl Journal {
    /// An empty journal that holds `limit` bytes, and always the newest entry.
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), limit }
    }

    /// Remembers an edit that has been written.
    pub(crate) fn record(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        let mut size: usize = self.entries.iter().map(Entry::size).sum();
        let newest = self.entries.len() - 1;
        for entry in self.entries.iter_mut().take(newest) {
            if size <= self.limit {
                return;
            }
            size -= entry.content.take().map_or(0, |content| content.len());
        }
        while size > self.limit && self.entries.len() > 1 {
            size -= self.entries.pop_front().map_or(0, |entry| entry.size());
        }
    }

    /// The newest edit of a file.
    pub(crate) fn newest(&self, path: &Path) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.path == path)
    }

    /// Forgets the newest edit of a file, which has been taken back.
    pub(crate) fn forget_newest(&mut self, path: &Path) {
        if let Some(index) = self.entries.iter().rposition(|entry| entry.path == path) {
            self.entries.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, content: &str) -> Entry {
        Entry::new(path.into(), WayBack::Remove, content.as_bytes())
    }

    #[test]
    fn a_full_journal_drops_old_contents_before_old_entries() {
        let mut journal = Journal::new(3000);
        journal.record(entry("/a", &"a".repeat(1200)));
        journal.record(entry("/b", &"b".repeat(1200)));
        journal.record(entry("/c", &"c".repeat(1200)));
        assert!(journal.newest(Path::new("/a")).is_some_and(|entry| entry.content().is_none()));
        assert!(journal.newest(Path::new("/b")).is_some_and(|entry| entry.content().is_some()));
        for _ in 0..100 {
            journal.record(entry("/d", ""));
        }
        assert!(journal.newest(Path::new("/a")).is_none());
    }

    #[test]
    fn the_newest_entry_is_kept_whatever_its_size() {
        let mut journal = Journal::new(10);
        journal.record(entry("/a", "a"));
        journal.record(entry("/b", &"b".repeat(500)));
        assert!(journal.newest(Path::new("/a")).is_none());
        assert!(journal.newest(Path::new("/b")).is_some_and(|entry| entry.left("b".repeat(500).as_bytes())));
    }
}
