//! Pure. An isolate's copy of the journal, and the judgement of stored responses by it.
//!
//! The copy is complete up to one number, without a gap. Entries that would leave a gap are not
//! taken: a response would then claim to know entries that its isolate has not seen.

use std::cmp::Ordering;
use std::time::Duration;

use crate::journal::block::Block;
use crate::journal::{Head, Kept, Known, Number, TagDigest};
use crate::policy::fence::{Effect, PurgeMode, Purged};
use crate::policy::time::Time;

/// The most entries that are kept beside the block. More of them are merged into it.
const RECENT_MOST: usize = 4096;

/// An entry of a tag and mode.
type Item = (TagDigest, PurgeMode, Kept);

/// A copy of the journal.
#[derive(Clone, Debug)]
pub struct JournalCopy {
    base: Block,
    /// What came after the block, sorted by digest and then by mode.
    recent: Vec<Item>,
    head: Head,
    asked_at: Time,
}

/// The result of learning entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// The copy is complete at least up to the number of the entries.
    Merged,
    /// The entries belong to another journal, and were asked for before this copy.
    Ignored,
    /// Entries are missing in between, or belong to another journal: ask for all of them.
    Gap,
}

/// What a lookup does about the age of the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The copy is young: judge by it.
    No,
    /// Judge by the copy, and refresh it in the background.
    InBackground,
    /// The copy is too old to judge by: wait for a newer one.
    Now,
}

/// Decides by the age of the copy. `asked_at` is the time at which the request for it began; `None`
/// if there is no copy. `bound` is `PURGE_SEEN_WITHIN`. `delay` puts the background refresh off.
pub fn due(asked_at: Option<Time>, bound: Duration, delay: Duration, now: Time) -> Due {
    match asked_at.map(|asked_at| now.since(asked_at)) {
        Some(age) if age < bound && age < bound / 2 + delay => Due::No,
        Some(age) if age < bound => Due::InBackground,
        _ => Due::Now,
    }
}

impl JournalCopy {
    /// Makes a copy of all entries. `asked_at` is the time before they were asked for. `None`: the
    /// block holds only a part of the entries.
    pub fn whole(block: Block, asked_at: Time) -> Option<JournalCopy> {
        let is_whole = block.after() == Number(0);
        let (head, recent) = (block.head(), Vec::new());
        is_whole.then_some(JournalCopy { base: block, recent, head, asked_at })
    }

    /// Returns what a response will know that is requested now.
    pub fn known(&self) -> Known {
        Known { journal: self.head.id, number: self.head.last }
    }

    /// Returns the state of the journal as of this copy.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Returns the time at which the request for the copy began: its age counts from there.
    pub fn asked_at(&self) -> Time {
        self.asked_at
    }

    /// Notes that the journal had no newer entry at `asked_at`.
    pub fn confirm(&mut self, asked_at: Time) {
        self.asked_at = self.asked_at.max(asked_at);
    }

    /// Adds entries that were asked for at `asked_at`.
    pub fn learn(&mut self, block: Block, asked_at: Time) -> Learned {
        if block.head().id != self.head.id {
            return self.take_over(block, asked_at);
        }
        // broken: own-entry-alone.gap
        if block.after() > self.head.last {
            return Learned::Gap;
        }
        // The entries may come late, or from an object that was restored to an earlier state: the
        // copy then has later ones, and keeps them.
        // broken: older-copy-taken
        self.head = self.head.later(block.head());
        self.asked_at = self.asked_at.max(asked_at);
        if block.after() == Number(0) {
            // Its bytes are taken over as they are: unpacking them would take a cold isolate's time.
            self.recent = self.missing_from(&block);
            self.base = block;
        } else {
            self.recent = merged(self.recent.drain(..), block.iter());
        }
        if self.recent.len() > RECENT_MOST {
            self.compact();
        }
        Learned::Merged
    }

    /// Takes over another journal, if that was asked for later. The object has lost its storage.
    fn take_over(&mut self, block: Block, asked_at: Time) -> Learned {
        if asked_at < self.asked_at {
            return Learned::Ignored;
        }
        match JournalCopy::whole(block, asked_at) {
            Some(copy) => *self = copy,
            None => return Learned::Gap,
        }
        Learned::Merged
    }

    /// Writes the whole copy as one block, for the other isolates of the data centre.
    pub fn to_block(&self) -> Block {
        if self.recent.is_empty() && self.base.head() == self.head {
            return self.base.clone();
        }
        let block = self.base.with(self.head, &self.recent);
        if self.base.head().dropped == self.head.dropped {
            return block;
        }
        let kept: Vec<Item> = block.iter().filter(|item| self.is_kept(item)).collect();
        let kept = kept.iter().map(|(digest, mode, kept)| (*digest, *mode, kept));
        Block::write(self.head, Number(0), kept)
    }

    /// Returns the entries of this copy that are later than those of a whole block.
    fn missing_from(&self, block: &Block) -> Vec<Item> {
        let base = self.base.missing_from(block);
        let base = base.into_iter().filter(|item| self.is_kept(item));
        let recent = self.recent.iter().filter(|item| {
            let (digest, mode, kept) = item;
            !block.of(*digest).any(|(other, there)| other == *mode && there.number >= kept.number)
                && self.is_kept(item)
        });
        merged(base, recent.cloned())
    }

    fn compact(&mut self) {
        self.base = self.to_block();
        self.recent.clear();
    }

    fn is_kept(&self, (_, mode, kept): &Item) -> bool {
        kept.number > self.dropped(*mode)
    }

    fn dropped(&self, mode: PurgeMode) -> Number {
        match mode {
            PurgeMode::Soft => self.head.dropped.soft,
            PurgeMode::Hard => self.head.dropped.hard,
        }
    }

    /// Tells whether the copy holds all purges that may concern a response. If not, read the records
    /// by tag as well.
    pub fn reaches(&self, known: Option<Known>, fetched_at: Time, skew: Duration) -> bool {
        let since = self.head.complete_since;
        self.knows(known, since) || fetched_at > since.stamp() + skew
    }

    /// Judges a response with these tags that was fetched at `fetched_at`.
    pub fn effect(
        &self,
        tags: impl IntoIterator<Item = TagDigest>,
        known: Option<Known>,
        fetched_at: Time,
        skew: Duration,
    ) -> Effect {
        // Nothing was purged since the response was made.
        let last = self.head.last;
        if self.knows(known, last) || fetched_at > last.stamp() + skew {
            return Effect::NONE;
        }
        let mut effect = Effect::NONE;
        let mut judge = |mode: PurgeMode, kept: &Kept| {
            let stamp = kept.number.stamp();
            if self.knows(known, kept.number) || fetched_at > stamp + skew {
                return;
            }
            // A known number tells which purges came later. Without one, clocks alone do, and the skew is
            // ignored (`policy/fence.rs`).
            let outdates = |stamp: &Time| match known.filter(|known| known.journal == self.head.id)
            {
                Some(known) => *stamp > known.number.stamp() && fetched_at <= *stamp + skew,
                None => fetched_at <= *stamp,
            };
            let since = kept.earlier.iter().copied().find(outdates).unwrap_or(stamp);
            let purged = match mode {
                PurgeMode::Soft => Purged::Soft,
                PurgeMode::Hard => Purged::Hard,
            };
            effect = effect.and(Effect { purged, outdated_since: Some(since) });
        };
        for digest in tags {
            // Of two entries of a tag, the later one outdates all that the earlier one does.
            self.recent_of(digest).for_each(|(_, mode, kept)| judge(*mode, kept));
            for (mode, kept) in self.base.of(digest) {
                let is_replaced = self
                    .recent_of(digest)
                    .any(|(_, other, recent)| *other == mode && recent.number >= kept.number);
                if !is_replaced {
                    judge(mode, &kept);
                }
            }
        }
        // A response that a dropped entry might outdate counts as outdated.
        for mode in [PurgeMode::Soft, PurgeMode::Hard] {
            let number = self.dropped(mode);
            if number > Number(0) {
                judge(mode, &Kept { number, earlier: Vec::new() });
            }
        }
        effect
    }

    /// Returns the later of two numbers; one of another journal is none.
    pub fn later(&self, one: Option<Known>, other: Option<Known>) -> Option<Known> {
        // broken: another-journals-number.later
        let ours = |known: &Known| known.journal == self.head.id;
        one.into_iter().chain(other).filter(ours).max_by_key(|known| known.number)
    }

    fn recent_of(&self, digest: TagDigest) -> impl Iterator<Item = &Item> {
        let first = self.recent.partition_point(|(other, ..)| *other < digest);
        let from = self.recent.get(first..).unwrap_or_default();
        from.iter().take_while(move |(other, ..)| *other == digest)
    }

    fn knows(&self, known: Option<Known>, number: Number) -> bool {
        // broken: another-journals-number.knows
        known.is_some_and(|known| known.journal == self.head.id && number <= known.number)
    }
}

/// Merges two sorted lists of entries. Of two entries of a tag and mode the later one stays.
fn merged(one: impl Iterator<Item = Item>, other: impl Iterator<Item = Item>) -> Vec<Item> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    let mut merged = Vec::with_capacity(one.size_hint().0);
    loop {
        let order = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => (a.0, a.1).cmp(&(b.0, b.1)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return merged,
        };
        merged.extend(match order {
            Ordering::Less => one.next(),
            Ordering::Greater => other.next(),
            Ordering::Equal => [one.next(), other.next()]
                .into_iter()
                .flatten()
                .max_by_key(|(_, _, kept)| kept.number),
        });
    }
}
