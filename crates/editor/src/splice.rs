//! One change to a file: at one place some bytes go and others come.
//!
//! Every command of this editor is one splice, which is why an undo needs neither the old file nor a diff:
//! the splice turned round takes the change back, and costs what was edited instead of what was opened.

use std::{mem, ops::Range};

/// Bytes that go and bytes that come in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    /// Where, in bytes from the start of the content.
    pub(crate) at: usize,
    /// What stands there before.
    pub(crate) removed: Vec<u8>,
    /// What stands there afterwards.
    pub(crate) inserted: Vec<u8>,
}

impl Splice {
    /// Puts `text` in the place of `range`.
    pub(crate) fn replacing(content: &[u8], range: Range<usize>, text: &str) -> Self {
        Self { at: range.start, removed: content[range].to_vec(), inserted: text.as_bytes().to_vec() }
    }

    /// Makes a whole content out of nothing.
    pub(crate) fn creating(content: &[u8]) -> Self {
        Self { at: 0, removed: Vec::new(), inserted: content.to_vec() }
    }

    /// The one change that turns `before` into `after`.
    pub(crate) fn between(before: &[u8], after: &[u8]) -> Self {
        let at = before.iter().zip(after).take_while(|(old, new)| old == new).count();
        let (before, after) = (&before[at..], &after[at..]);
        let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(old, new)| old == new).count();
        Self { at, removed: before[..before.len() - tail].to_vec(), inserted: after[..after.len() - tail].to_vec() }
    }

    /// The bytes that go, as a range of the content before.
    pub(crate) fn before(&self) -> Range<usize> {
        self.at..self.at + self.removed.len()
    }

    /// The bytes that came, as a range of the content afterwards.
    pub(crate) fn after(&self) -> Range<usize> {
        self.at..self.at + self.inserted.len()
    }

    /// The change that takes this one back.
    pub(crate) fn reversed(mut self) -> Self {
        mem::swap(&mut self.removed, &mut self.inserted);
        self
    }

    /// Whether a content holds `removed` at its place, without which the change has no meaning.
    pub(crate) fn fits(&self, content: &[u8]) -> bool {
        content.get(self.at..).is_some_and(|rest| rest.starts_with(&self.removed))
    }

    /// Whether a content holds `inserted` at its place, without which the change can't be taken back.
    pub(crate) fn stands_in(&self, content: &[u8]) -> bool {
        content.get(self.at..).is_some_and(|rest| rest.starts_with(&self.inserted))
    }

    /// Changes a content that holds `removed` at its place.
    pub(crate) fn apply(&self, content: &mut Vec<u8>) {
        // Exactly, because a vector that grows by doubling would hold a second copy of a large file's size.
        content.reserve_exact(self.inserted.len().saturating_sub(self.removed.len()));
        content.splice(self.before(), self.inserted.iter().copied());
    }

    /// The bytes that it takes to remember it.
    pub(crate) fn size(&self) -> usize {
        self.removed.len() + self.inserted.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_splice_between_two_contents_leads_from_one_to_the_other_and_back(
            before in proptest::collection::vec(0u8..3, 0..12),
            after in proptest::collection::vec(0u8..3, 0..12),
        ) {
            let splice = Splice::between(&before, &after);
            let mut content = before.clone();
            splice.apply(&mut content);
            prop_assert_eq!(&content, &after);
            splice.reversed().apply(&mut content);
            prop_assert_eq!(content, before);
        }
    }
}
