//! The newest part of a conversation, as far as there is room for it.

use std::ops::Range;

use handspike_types::Message;
use thiserror::Error;

use super::{
    cut::{Cut, Measured, Place, Speaker, choose},
    summary::{Summary, transcript},
    tokens::tokens_of_message,
};

/// How many entries are passed over in search of the message that a turn began with.
const SEARCH: usize = 1000;

/// How many messages a turn begins with, at most, that are kept for the steps behind them.
const OPENING: usize = 4;

/// The most that a summary takes of the room, in percent.
const SUMMARY: u64 = 20;

/// What stands where steps of a turn were left out.
const GAP: &str = "(Earlier steps of this task are left out here to save room.)";

/// An entry of a conversation, as its owner keeps it: a message, or what messages are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<T> {
    /// Its place in the conversation: larger than that of every older entry, and the same in every turn.
    pub number: u64,
    /// Whose words it holds. Results of calls come after the message that asks for them, in one entry or several.
    pub speaker: Speaker,
    /// What it takes.
    pub tokens: u64,
    /// What it says.
    pub said: T,
}

impl Entry<Message> {
    /// A message. Its tokens are estimated here; where they are known, that is a waste.
    #[must_use]
    pub fn new(number: u64, message: Message) -> Self {
        let (speaker, tokens) = (Speaker::of(&message), tokens_of_message(&message));
        Self { number, speaker, tokens, said: message }
    }
}

/// What becomes of what there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It is left out.
    Truncate,
    /// The model sums it up.
    Adaptive,
}

/// Not even the last message fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the prompt is too long: {needed} tokens, and there is room for {room}")]
pub struct TooLong {
    /// What the last messages take.
    pub needed: u64,
    /// What there is for messages.
    pub room: u64,
}

/// What is sent of a conversation: a summary, what the turn began with that was cut into, a [gap](Self::gap), what is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted<T> {
    /// What stands for the oldest part, as a [message](Summary::message).
    pub summary: Option<Summary>,
    /// What the turn began with in whose midst the cut is; empty where it is not in a turn's midst.
    pub opening: Vec<T>,
    /// The newest entries, oldest first. Every call is followed by its results.
    pub kept: Vec<T>,
    /// What all of it takes.
    pub tokens: u64,
    /// The number of the first entry that is kept, where older ones are left out.
    pub cut: Option<u64>,
    /// What can be summed up of those, where that was asked for.
    pub shortened: Option<Shortened<T>>,
    has_gap: bool,
}

/// What was cut from a conversation, for the model to sum up.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortened<T> {
    /// The entries, oldest first, as many as one request can sum up.
    pub part: Vec<T>,
    earlier: Option<Summary>,
    before: u64,
    room: u64,
}

impl<T> Shortened<T> {
    /// The messages of a request whose system prompt is [`SUMMARY_PROMPT`](super::SUMMARY_PROMPT), and which offers no
    /// tools. Takes the part as messages.
    #[must_use]
    pub fn request(&self, part: &[Message]) -> Vec<Message> {
        vec![Message::user(transcript(self.earlier.as_ref(), part))]
    }
}

impl<T> Fitted<T> {
    /// Puts the model's summary before the rest, in place of the one that it continues. It is given back to be stored and
    /// set in the next window. A text without words changes nothing.
    pub fn sum_up(&mut self, text: String) -> Option<&Summary> {
        let shortened = self.shortened.take()?;
        let is_empty = text.trim().is_empty();
        let summary = Summary { before: shortened.before, text }.within(shortened.room).filter(|_| !is_empty)?;
        self.tokens -= self.summary.as_ref().map_or(0, Summary::tokens);
        self.tokens += summary.tokens();
        Some(self.summary.insert(summary))
    }

    /// What is said where steps of a turn were left out, before those that are kept. After a cut a user's message comes
    /// first in any case, this one or another, as providers want it.
    #[must_use]
    pub fn gap(&self) -> Option<Message> {
        self.has_gap.then(gap)
    }
}

impl Fitted<Message> {
    /// All of it, oldest first.
    #[must_use]
    pub fn into_messages(self) -> Vec<Message> {
        let mut messages: Vec<Message> = self.summary.iter().map(Summary::message).collect();
        let gap = self.gap();
        messages.extend(self.opening);
        messages.extend(gap);
        messages.extend(self.kept);
        messages
    }
}

/// Takes entries from the newest backwards, until it has what there is room for.
///
/// Feed it as long as it [wants more](Self::wants_older), page by page, and then ask for what [fits](Self::fit).
#[derive(Debug)]
pub struct Window<T> {
    room: u64,
    overflow: Overflow,
    summary: Option<Summary>,
    /// From the newest backwards, as is `measured`.
    entries: Vec<Entry<T>>,
    measured: Vec<Measured>,
    used: u64,
    /// Where it is cut, once there is no room for all; within, none where no place is near enough.
    cut: Option<Option<Cut>>,
}

/// What a turn began with, put before the steps of it that are kept.
#[derive(Clone, Debug)]
struct Opening {
    entries: Range<usize>,
    tokens: u64,
}

impl<T: Clone> Window<T> {
    /// A window with room for so many tokens: the budget, or else what the model takes, less its system prompt, its tools
    /// and its answer.
    #[must_use]
    pub fn new(room: u64, overflow: Overflow) -> Self {
        let (summary, entries, measured) = (None, Vec::new(), Vec::new());
        Self { room, overflow, summary, entries, measured, used: 0, cut: None }
    }

    /// Sets the conversation's newest summary, before any entry is added that it stands for.
    pub fn set_summary(&mut self, summary: Summary) {
        if let Some(summary) = summary.within(self.summary_room()) {
            self.used += summary.tokens();
            self.summary = Some(summary);
        }
    }

    /// Adds the entry before all those that it has.
    pub fn add_older(&mut self, entry: Entry<T>) {
        if self.summary.as_ref().is_some_and(|summary| entry.number < summary.before) {
            return;
        }
        self.used += entry.tokens;
        self.measured.push(Measured { number: entry.number, tokens: entry.tokens, speaker: entry.speaker });
        self.entries.push(entry);
        if self.used > self.room && self.cut.is_none() {
            self.cut = Some(choose(&self.measured, self.room - self.reserve(), self.room));
        }
    }

    /// Whether entries before those that it has are of use.
    #[must_use]
    pub fn wants_older(&self) -> bool {
        let oldest = self.entries.last().map(|entry| entry.number);
        let is_summed_up = |summary: &Summary| oldest.is_some_and(|oldest| oldest <= summary.before);
        match self.cut {
            _ if self.summary.as_ref().is_some_and(is_summed_up) => false,
            None => true,
            Some(None) => false,
            Some(Some(cut)) => self.lacks_opening(cut) || self.lacks_part(cut),
        }
    }

    /// What is sent. Entries that it wanted and did not get are taken for not being there.
    pub fn fit(mut self) -> Result<Fitted<T>, TooLong> {
        if self.cut.is_none() {
            let kept = self.entries.len();
            return Ok(self.keep(kept, None, None));
        }
        for reserve in [self.reserve(), 0] {
            if reserve == 0 {
                // The last step needs the room that the past would have.
                self.summary = None;
                self.overflow = Overflow::Truncate;
            }
            if let Some((cut, opening)) = self.cut_within(self.room - reserve) {
                return Ok(self.keep(cut.kept, Some(cut), opening));
            }
        }
        let last = self.measured.iter().position(|entry| entry.speaker != Speaker::Tools).map_or(0, |index| index + 1);
        let needed = self.measured[..last].iter().map(|entry| entry.tokens).sum();
        Err(TooLong { needed, room: self.room })
    }

    /// The place to cut at so that what is kept, with what its turn began with, is within the limit.
    fn cut_within(&self, limit: u64) -> Option<(Cut, Option<Opening>)> {
        let mut needed = 0;
        // With less room the place may be in another turn, which began with something else.
        for _ in 0..3 {
            let cut = choose(&self.measured, limit.checked_sub(needed)?, self.room)?;
            let opening = self.opening(cut);
            needed = opening.as_ref().map_or(0, |opening| opening.tokens);
            if cut.tokens + needed <= limit {
                return Some((cut, opening));
            }
            if needed > limit / 2 {
                break;
            }
        }
        // What the turn was asked is too long itself: then at least the latest steps of it.
        let gap = Opening { entries: 0..0, tokens: gap_tokens() };
        let cut = choose(&self.measured, limit.checked_sub(gap.tokens)?, self.room)?;
        Some((cut, (cut.place == Place::Step).then_some(gap)))
    }

    /// What the turn began with that a place is in the midst of.
    fn opening(&self, cut: Cut) -> Option<Opening> {
        if cut.place != Place::Step {
            return None;
        }
        let older = &self.measured[cut.kept..];
        let newest = older.iter().take(SEARCH).position(|entry| entry.speaker.gives_input());
        let entries = newest.map_or(0..0, |newest| {
            let count = older[newest..].iter().take(OPENING).take_while(|entry| entry.speaker.gives_input()).count();
            cut.kept + newest..cut.kept + newest + count
        });
        let tokens = self.measured[entries.clone()].iter().map(|entry| entry.tokens).sum::<u64>();
        Some(Opening { entries, tokens: tokens + gap_tokens() })
    }

    fn lacks_opening(&self, cut: Cut) -> bool {
        let Some(opening) = self.opening(cut) else { return false };
        let older = self.measured.len() - cut.kept;
        match opening.entries.len() {
            0 => older < SEARCH,
            // It may go on before the entries that there are.
            found => found < OPENING && opening.entries.end == self.measured.len(),
        }
    }

    /// Whether there is more to sum up, and room for it in one request.
    fn lacks_part(&self, cut: Cut) -> bool {
        let part: u64 = self.measured[cut.kept..].iter().map(|entry| entry.tokens).sum();
        self.overflow == Overflow::Adaptive && part < self.part_room()
    }

    /// Tokens that a summary may take.
    fn summary_room(&self) -> u64 {
        self.room * SUMMARY / 100
    }

    /// Tokens of what is summed up at once.
    fn part_room(&self) -> u64 {
        self.room - 2 * self.summary_room()
    }

    /// Room that is not for entries once there is a cut.
    fn reserve(&self) -> u64 {
        match self.overflow {
            Overflow::Truncate => self.summary.as_ref().map_or(0, Summary::tokens),
            Overflow::Adaptive => self.summary_room(),
        }
    }

    /// The newest entries, with what stands before them.
    fn keep(mut self, kept: usize, cut: Option<Cut>, opening: Option<Opening>) -> Fitted<T> {
        let shortened = cut.filter(|_| self.overflow == Overflow::Adaptive).map(|cut| self.shortened(cut));
        let has_gap = opening.is_some();
        let (before, needed) = opening.map_or((0..0, 0), |opening| (opening.entries, opening.tokens));
        let opening = self.entries[before].iter().rev().map(|entry| entry.said.clone()).collect();
        let tokens = self.measured[..kept].iter().map(|entry| entry.tokens).sum::<u64>()
            + self.summary.as_ref().map_or(0, Summary::tokens)
            + needed;
        self.entries.truncate(kept);
        let kept = self.entries.into_iter().rev().map(|entry| entry.said).collect();
        let cut = cut.map(|cut| cut.number);
        Fitted { summary: self.summary, opening, kept, tokens, cut, shortened, has_gap }
    }

    /// What was cut, as far as one request of the model can sum it up; the oldest of it is left out before the newest.
    fn shortened(&self, cut: Cut) -> Shortened<T> {
        let mut left = self.part_room();
        let part = self.entries[cut.kept..].iter().take_while(|entry| {
            let fits = entry.tokens <= left;
            left = left.saturating_sub(entry.tokens);
            fits
        });
        let mut part: Vec<T> = part.map(|entry| entry.said.clone()).collect();
        part.reverse();
        Shortened { part, earlier: self.summary.clone(), before: cut.number, room: self.summary_room() }
    }
}

/// The message that stands where steps of a turn were left out.
fn gap() -> Message {
    Message::user(GAP)
}

fn gap_tokens() -> u64 {
    tokens_of_message(&gap())
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
