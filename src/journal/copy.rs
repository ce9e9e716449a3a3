//! Pure. An isolate's copy of the journal, and the judgement of stored responses by it.
//!
//! The copy is complete up to one number, without a gap. Entries that would leave a gap are not
//! taken: a response that knows the number would know entries that nobody has seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::block::Block;
use crate::journal::{Head, JournalId, Kept, Number, TagDigest};
use crate::policy::fence::{PurgeMode, Purged};
use crate::policy::time::Time;

/// The most entries that are kept beside the block. More of them are merged into it.
const RECENT_MOST: usize = 4096;

/// A copy of the journal.
#[derive(Clone, Debug)]
pub struct JournalCopy {
    base: Block,
    /// What came after the block.
    recent: BTreeMap<(TagDigest, PurgeMode), Kept>,
    head: Head,
    asked_at: Time,
}

/// The number up to which a stored response knows the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The journal of the number.
    pub journal: JournalId,
    /// The number.
    pub number: Number,
}

/// The result of learning entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// The copy is complete up to the number of the entries.
    Merged,
    /// The copy was complete up to a later number already.
    Older,
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
/// if there is no copy. `bound` is `PURGE_SEEN_WITHIN`.
pub fn due(asked_at: Option<Time>, bound: Duration, now: Time) -> Due {
    match asked_at.map(|asked_at| now.since(asked_at)) {
        Some(age) if age < bound / 2 => Due::No,
        Some(age) if age < bound => Due::InBackground,
        _ => Due::Now,
    }
}

/// The effect of the journal on a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The strongest effect.
    pub purged: Purged,
    /// The time since which the response is outdated, if it is.
    pub outdated_since: Option<Time>,
}

impl JournalCopy {
    /// Makes a copy of all entries. `asked_at` is the time before they were asked for. `None`: the
    /// block holds a part of the entries alone.
    pub fn whole(block: Block, asked_at: Time) -> Option<JournalCopy> {
        let is_whole = block.after() == Number(0);
        let (head, recent) = (block.head(), BTreeMap::new());
        is_whole.then_some(JournalCopy { base: block, recent, head, asked_at })
    }

    /// Returns what a response knows that is requested now.
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

    /// Adds entries that were asked for at `asked_at`.
    pub fn learn(&mut self, block: Block, asked_at: Time) -> Learned {
        if block.head().id != self.head.id {
            return self.take_over(block, asked_at);
        }
        if block.after() > self.head.last {
            return Learned::Gap;
        }
        if block.head().last < self.head.last {
            return Learned::Older;
        }
        self.head = block.head();
        self.asked_at = self.asked_at.max(asked_at);
        for (digest, mode, kept) in block.iter() {
            self.recent.insert((digest, mode), kept);
        }
        if self.recent.len() > RECENT_MOST {
            self.compact();
        }
        Learned::Merged
    }

    /// Takes over another journal, if that was asked for later. The object has lost its storage.
    fn take_over(&mut self, block: Block, asked_at: Time) -> Learned {
        if asked_at < self.asked_at {
            return Learned::Older;
        }
        match JournalCopy::whole(block, asked_at) {
            Some(copy) => *self = copy,
            None => return Learned::Gap,
        }
        Learned::Merged
    }

    /// Writes the whole copy as one block, for the other isolates of the data centre.
    pub fn to_block(&self) -> Block {
        let mut merged = BTreeMap::new();
        for (digest, mode, kept) in self.base.iter() {
            merged.insert((digest, mode), kept);
        }
        merged.extend(self.recent.iter().map(|(key, kept)| (*key, kept.clone())));
        merged.retain(|(_, mode), kept| kept.number > self.dropped(*mode));
        let kept = merged.iter().map(|((digest, mode), kept)| (*digest, *mode, kept));
        Block::write(self.head, Number(0), kept)
    }

    fn compact(&mut self) {
        self.base = self.to_block();
        self.recent.clear();
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
        let mut effect = Effect { purged: Purged::No, outdated_since: None };
        let mut judge = |mode: PurgeMode, kept: &Kept| {
            let stamp = kept.number.stamp();
            if self.knows(known, kept.number) || fetched_at > stamp + skew {
                return;
            }
            let earlier = kept.earlier.iter().copied().find(|stamp| fetched_at <= *stamp);
            let since = earlier.unwrap_or(stamp);
            effect.outdated_since = Some(effect.outdated_since.map_or(since, |at| at.min(since)));
            effect.purged = effect.purged.max(match mode {
                PurgeMode::Soft => Purged::Soft,
                PurgeMode::Hard => Purged::Hard,
            });
        };
        for digest in tags {
            for mode in [PurgeMode::Soft, PurgeMode::Hard] {
                if let Some(kept) = self.recent.get(&(digest, mode)) {
                    judge(mode, kept);
                }
            }
            for (mode, kept) in self.base.of(digest) {
                if !self.recent.contains_key(&(digest, mode)) {
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

    fn knows(&self, known: Option<Known>, number: Number) -> bool {
        known.is_some_and(|known| known.journal == self.head.id && number <= known.number)
    }
}
