//! One edit: what finds it, what takes it back, and whether it happened.

use std::path::{Path, PathBuf};

use crate::splice::Splice;

/// Contents up to this size are kept beside the change, only to show what somebody else changed since.
const CONTENT_LIMIT: usize = 64 << 10;

/// A BLAKE3: an edit hashes its whole file, and this takes a fraction of what the copying does.
pub(crate) type Digest = [u8; 32];

/// The hash of a file's content.
pub(crate) fn digest(content: &[u8]) -> Digest {
    blake3::hash(content).into()
}

/// An edit that is about to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit<'a> {
    /// The file, symlinks resolved.
    pub(crate) path: &'a Path,
    /// What is done to it; none when it is created.
    pub(crate) splice: Option<&'a Splice>,
    /// The content that it will have.
    pub(crate) content: &'a [u8],
}

/// What is known of an edit without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) path: PathBuf,
    /// The file as the edit leaves it.
    pub(crate) after: Digest,
    pub(crate) shape: Shape,
    /// Bytes of the content that are kept; none when it is not.
    pub(crate) kept: Option<u64>,
    /// Of the bytes that follow: removed, inserted, kept.
    pub(crate) bytes: Digest,
}

/// The size of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Created,
    Spliced { at: u64, removed: u64, inserted: u64 },
}

/// Whether an edit is known to have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Done,
    /// The process ended, or may yet end, before it could tell.
    Uncertain,
}

/// All of an entry, read back.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) step: Step,
    /// The content as the edit left it, where it was small enough to keep.
    pub(crate) content: Option<Vec<u8>>,
}

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Created,
    Spliced(Splice),
}

impl Edit<'_> {
    /// The bytes to keep, in their order.
    pub(crate) fn parts(&self) -> [&[u8]; 3] {
        let (removed, inserted) = self.splice.map_or((&[][..], &[][..]), |splice| (&splice.removed, &splice.inserted));
        [removed, inserted, self.kept().unwrap_or_default()]
    }

    pub(crate) fn heading(&self) -> Heading {
        let mut bytes = blake3::Hasher::new();
        for part in self.parts() {
            bytes.update(part);
        }
        let shape = self.splice.map_or(Shape::Created, |splice| Shape::Spliced {
            at: splice.at as u64,
            removed: splice.removed.len() as u64,
            inserted: splice.inserted.len() as u64,
        });
        Heading {
            path: self.path.to_owned(),
            after: digest(self.content),
            shape,
            kept: self.kept().map(|kept| kept.len() as u64),
            bytes: bytes.finalize().into(),
        }
    }

    fn kept(&self) -> Option<&[u8]> {
        (self.content.len() <= CONTENT_LIMIT).then_some(self.content)
    }
}

impl Heading {
    /// How many bytes follow; none when the numbers can't be true.
    pub(crate) fn length(&self) -> Option<u64> {
        let spliced = match self.shape {
            Shape::Created => 0,
            Shape::Spliced { removed, inserted, .. } => removed.checked_add(inserted)?,
        };
        spliced.checked_add(self.kept.unwrap_or_default())
    }

    /// Puts heading and bytes together; none when they do not belong to each other.
    pub(crate) fn join(&self, mut bytes: Vec<u8>) -> Option<Kept> {
        if self.length() != Some(bytes.len() as u64) || digest(&bytes) != self.bytes {
            return None;
        }
        let (step, kept) = match self.shape {
            Shape::Created => (Step::Created, bytes),
            Shape::Spliced { at, removed, inserted } => {
                let mut tail = bytes.split_off(usize::try_from(removed).ok()?);
                let kept = tail.split_off(usize::try_from(inserted).ok()?);
                let splice = Splice { at: usize::try_from(at).ok()?, removed: bytes, inserted: tail };
                (Step::Spliced(splice), kept)
            }
        };
        Some(Kept { step, content: self.kept.map(|_| kept) })
    }
}

impl Kept {
    /// Whether the edit would turn `content` into what it should have left, which shows that it has not
    /// happened, or that it has been taken back already.
    pub(crate) fn leads_to(&self, after: &Digest, content: &[u8]) -> bool {
        let Step::Spliced(splice) = &self.step else { return false };
        if !splice.fits(content) {
            return false;
        }
        let mut content = content.to_vec();
        splice.apply(&mut content);
        digest(&content) == *after
    }
}
