//! The journal as the commands see it: edits in their order, within a bound.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use crate::error::shown;

use super::{
    entry::{Digest, Edit, Heading, Kept, Standing},
    store::{Found, Number, Store},
};

/// Without a folder the bytes are held in memory, which is dearer.
const MEMORY_LIMIT: u64 = 32 << 20;
/// Beside the bytes: what is held in memory for each entry, and a part of a block on the disk.
const OVERHEAD: u64 = 4096;

/// Edits of all files, the oldest first.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    /// The edit that is being made, or why it could not be written down.
    under_way: Option<io::Result<Entry>>,
    store: Option<Store>,
    limit: u64,
    size: u64,
    forgotten: u64,
    damaged: usize,
    /// Why there is no folder, where there should be one.
    unusable: Option<(PathBuf, io::Error)>,
}

/// An edit of which only the bytes may have to be read.
#[derive(Debug)]
struct Entry {
    heading: Heading,
    standing: Standing,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Memory(Vec<u8>),
    Stored(Number),
}

/// Where an entry is, until the journal is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position(usize);

impl Journal {
    /// A journal that holds `limit` bytes, and always the newest entry. A folder that cannot be used is said to
    /// be so in [`Self::notes`], and the edits of this process are remembered all the same.
    pub(crate) fn open(folder: Option<&Path>, limit: u64) -> Self {
        let (store, found, unusable) = match folder.map(|folder| (folder, Store::open(folder))) {
            None => (None, Found::default(), None),
            Some((_, Ok((store, found)))) => (Some(store), found, None),
            Some((folder, Err(error))) => (None, Found::default(), Some((folder.to_owned(), error))),
        };
        let limit = if store.is_some() { limit } else { limit.min(MEMORY_LIMIT) };
        let entries: VecDeque<Entry> = found
            .entries
            .into_iter()
            .map(|(number, standing, heading)| Entry { heading, standing, bytes: Bytes::Stored(number) })
            .collect();
        let size = entries.iter().map(Entry::size).sum();
        let (forgotten, damaged) = (found.forgotten, found.damaged);
        let mut journal = Self { entries, under_way: None, store, limit, size, forgotten, damaged, unusable };
        journal.make_room(0);
        journal
    }

    /// Writes down an edit that is about to be made. How that went is told by [`Self::confirm`].
    pub(crate) fn prepare(&mut self, edit: &Edit<'_>) {
        let (heading, parts) = (edit.heading(), edit.parts());
        self.make_room(heading.length().unwrap_or_default() + OVERHEAD);
        let bytes = match &mut self.store {
            None => Ok(Bytes::Memory(parts.concat())),
            Some(store) => store.write(&heading, &parts).map(Bytes::Stored),
        };
        self.under_way = Some(bytes.map(|bytes| Entry { heading, standing: Standing::Uncertain, bytes }));
    }

    /// The edit was made. An error says why it cannot be taken back.
    pub(crate) fn confirm(&mut self) -> io::Result<()> {
        let Some(entry) = self.under_way.take() else { return Ok(()) };
        let mut entry = entry?;
        // An entry that could not be marked is doubted, and the file itself resolves the doubt.
        let _ = self.mark(&mut entry, Standing::Done);
        self.size += entry.size();
        self.entries.push_back(entry);
        Ok(())
    }

    /// The edit was not made.
    pub(crate) fn abandon(&mut self) {
        if let Some(Ok(entry)) = self.under_way.take() {
            self.remove(&entry);
        }
    }

    /// The newest edit of a file.
    pub(crate) fn newest(&self, path: &Path) -> Option<Position> {
        self.entries.iter().rposition(|entry| entry.heading.path == path).map(Position)
    }

    /// The file as an edit left it.
    pub(crate) fn after(&self, position: Position) -> Digest {
        self.entries[position.0].heading.after
    }

    /// Whether an edit is known to have happened.
    pub(crate) fn standing(&self, position: Position) -> Standing {
        self.entries[position.0].standing
    }

    /// All of an entry. None when it is not as it was written; then it is gone.
    pub(crate) fn read(&mut self, position: Position) -> Option<Kept> {
        let entry = &self.entries[position.0];
        let bytes = match (&entry.bytes, &self.store) {
            (Bytes::Memory(bytes), _) => Some(bytes.clone()),
            (Bytes::Stored(number), Some(store)) => store.read(*number, entry.standing, &entry.heading).ok(),
            (Bytes::Stored(_), None) => None,
        };
        let kept = bytes.and_then(|bytes| entry.heading.join(bytes));
        if kept.is_none() {
            self.damaged += 1;
            self.forget(position);
        }
        kept
    }

    /// While an edit is being taken back, a crash would leave it uncertain whether it still stands. A mark that
    /// can't be made is no reason to refuse the undo.
    pub(crate) fn set_standing(&mut self, position: Position, standing: Standing) {
        if let Some(mut entry) = self.entries.remove(position.0) {
            let _ = self.mark(&mut entry, standing);
            self.entries.insert(position.0, entry);
        }
    }

    /// Forgets an edit, which has been taken back or never happened.
    pub(crate) fn forget(&mut self, position: Position) {
        if let Some(entry) = self.entries.remove(position.0) {
            self.size -= entry.size();
            self.remove(&entry);
        }
    }

    /// A save is about to fill this file.
    pub(crate) fn note_temporary(&self, path: &Path) {
        if let Some(store) = &self.store {
            store.note_temporary(path);
        }
    }

    /// The save has come to its end.
    pub(crate) fn forget_temporary(&self) {
        if let Some(store) = &self.store {
            store.forget_temporary();
        }
    }

    /// What keeps the journal from having everything, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.forgotten > 0 {
            notes.push(format!(
                "edits of any file that were forgotten, the oldest first, to keep the undo journal within {} bytes: {}",
                self.limit, self.forgotten
            ));
        }
        if self.damaged > 0 {
            notes.push(format!("entries of the undo journal that were damaged and dropped: {}", self.damaged));
        }
        if let Some((folder, error)) = &self.unusable {
            notes.push(format!(
                "the undo journal in {} cannot be used ({error}), so only edits since the editor's start are known",
                shown(folder)
            ));
        }
        notes
    }

    fn make_room(&mut self, size: u64) {
        let before = self.forgotten;
        while self.size.saturating_add(size) > self.limit
            && let Some(entry) = self.entries.pop_front()
        {
            self.size -= entry.size();
            self.forgotten = self.forgotten.saturating_add(1);
            self.remove(&entry);
        }
        if let Some(store) = self.store.as_ref().filter(|_| self.forgotten > before) {
            store.note_forgotten(self.forgotten);
        }
    }

    fn mark(&self, entry: &mut Entry, standing: Standing) -> io::Result<()> {
        if let (Bytes::Stored(number), Some(store)) = (&entry.bytes, &self.store) {
            store.mark(*number, entry.standing, standing)?;
        }
        entry.standing = standing;
        Ok(())
    }

    fn remove(&self, entry: &Entry) {
        if let (Bytes::Stored(number), Some(store)) = (&entry.bytes, &self.store) {
            store.remove(*number, entry.standing);
        }
    }
}

impl Entry {
    fn size(&self) -> u64 {
        self.heading.length().unwrap_or_default().saturating_add(OVERHEAD)
    }
}
