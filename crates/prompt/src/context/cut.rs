//! Where a conversation may be cut, and where it is.
//!
//! A cut must not move with every message: some models refuse a history that was edited, and what a provider has cached of
//! it is worth nothing from the cut on. So once the conversation is longer than there is room, it is cut somewhere
//! between [`LEAST`] and all of the room, at the place that is the roundest number: the first place behind the
//! multiple of the largest power of two. As the conversation grows, that place stays the roundest until there is no room
//! for it any more; the next one is then far behind it. Nothing has to be remembered for this but the entries' numbers.

use handspike_types::Message;

/// How much of the room, in percent, is used at least after a cut, where entries allow it.
const LEAST: u64 = 40;

/// What matters of an entry for a cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) number: u64,
    pub(super) tokens: u64,
    pub(super) speaker: Speaker,
}

/// Whose words an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Speaker {
    System,
    User,
    Assistant,
    /// Results of calls, one or more.
    Tools,
}

impl Speaker {
    /// Who says a message.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        match message {
            Message::System { .. } => Self::System,
            Message::User { .. } => Self::User,
            Message::Assistant { .. } => Self::Assistant,
            Message::Tools { .. } => Self::Tools,
        }
    }

    /// Whether the model is told it, rather than says it or has asked for it.
    pub(super) fn gives_input(self) -> bool {
        match self {
            Self::System | Self::User => true,
            Self::Assistant | Self::Tools => false,
        }
    }
}

/// A place to cut at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// How many of the newest entries are kept.
    pub(super) kept: usize,
    /// The number of the oldest one of them.
    pub(super) number: u64,
    /// What they take.
    pub(super) tokens: u64,
    pub(super) place: Place,
}

/// What the kept entries begin with, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// With a turn.
    Turn,
    /// With a message of the user's within a turn's input.
    Input,
    /// With what the model said in a turn: what it was asked must be put before.
    Step,
}

/// Chooses the place to cut at so that what is kept takes no more than `limit`. The entries are given from the newest
/// backwards; `room` is what there is in all.
pub(super) fn choose(entries: &[Measured], limit: u64, room: u64) -> Option<Cut> {
    let cuts = cuts(entries, limit);
    let least = room * LEAST / 100;
    for place in [Place::Turn, Place::Input, Place::Step] {
        // A turn's start is a place for input, too, but no place within a turn is a start.
        let places: Vec<&Cut> = cuts.iter().filter(|cut| cut.place <= place).collect();
        let roundest = places
            .iter()
            .enumerate()
            .filter(|(_, cut)| cut.tokens >= least)
            .max_by_key(|(index, cut)| roundness(cut.number, places.get(index + 1).map(|older| older.number)));
        if let Some((_, cut)) = roundest {
            return Some(**cut);
        }
    }
    cuts.last().copied()
}

/// All places within a limit, from the newest backwards. A step is never parted from the results of its calls.
fn cuts(entries: &[Measured], limit: u64) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let (mut tokens, mut begins_with_user) = (0u64, false);
    for (index, entry) in entries.iter().enumerate() {
        tokens += entry.tokens;
        if tokens > limit {
            break;
        }
        begins_with_user = match entry.speaker {
            Speaker::User => true,
            Speaker::System => begins_with_user,
            Speaker::Assistant | Speaker::Tools => false,
        };
        let is_start = entries.get(index + 1).is_none_or(|older| !older.speaker.gives_input());
        let place = match (entry.speaker, begins_with_user) {
            (Speaker::Tools, _) => continue,
            (Speaker::System | Speaker::User, true) if is_start => Place::Turn,
            (Speaker::System | Speaker::User, true) => Place::Input,
            (Speaker::System | Speaker::User | Speaker::Assistant, _) => Place::Step,
        };
        cuts.push(Cut { kept: index + 1, number: entry.number, tokens, place });
    }
    cuts
}

/// How round a place is: the largest power of two that has a multiple behind the older place and up to this one.
fn roundness(number: u64, older: Option<u64>) -> u32 {
    let older = older.unwrap_or(number.saturating_sub(1));
    u64::BITS - (number ^ older).leading_zeros()
}
