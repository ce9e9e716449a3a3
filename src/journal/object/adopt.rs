//! Pure. Adoption: the object takes entries over from KV that its rows lack.

use crate::journal::append::Sender;
use crate::journal::block::{Block, EARLIER_MOST};
use crate::journal::object::entries::{Entries, Entry, PER_BLOCK};
use crate::journal::object::rows;
use crate::journal::{Head, JournalId, Kept, Known, Number, TagDigest};
use crate::platform::rows::RowChange;
use crate::policy::fence::{PurgeMode, thin_out};
use crate::policy::time::Time;

/// The journals that KV showed, and to which number this one has their entries.
#[derive(Debug, Default)]
pub struct Adopted(Vec<Known>);

impl Adopted {
    /// The key of its row.
    pub const KEY: &str = "adopted";

    /// Reads what was written.
    pub fn read(text: &str) -> Adopted {
        Adopted(rows::known_of_text(text))
    }

    /// Returns the number up to which the entries of a journal are here.
    pub fn up_to(&self, journal: JournalId) -> Number {
        let adopted = self.0.iter().find(|adopted| adopted.journal == journal);
        adopted.map_or(Number(0), |adopted| adopted.number)
    }

    /// Takes note that the entries of a journal are here. Returns the row to write.
    pub fn note(&mut self, Head { id, last, .. }: Head) -> RowChange {
        self.0.retain(|adopted| adopted.journal != id);
        self.0.push(Known { journal: id, number: last });
        let value = rows::known_to_text(self.0.iter().copied());
        RowChange::Put { key: Adopted::KEY.to_owned(), value }
    }
}

impl Entries {
    /// Adopts the entries of a journal that was published in KV, as far as they are not here.
    /// Returns the rows to write: the object lost its own, or has another name than before.
    pub fn adopt(&mut self, block: &Block) -> Vec<RowChange> {
        let missing = |(digest, mode, kept): &(TagDigest, PurgeMode, Kept)| {
            self.kept.get(&(*digest, *mode)).is_none_or(|entry| entry.kept.number < kept.number)
        };
        let missing: Vec<_> = block.iter().filter(missing).collect();
        let before = self.head;
        let mut changes = Vec::new();
        for (place, chunk) in missing.chunks(PER_BLOCK).enumerate() {
            let kept = chunk.iter().map(|(digest, mode, kept)| (*digest, *mode, kept));
            let chunk = Block::write(block.head(), Number(0), kept);
            let key = rows::adopted_key(place, block.head());
            self.held.add_block(&key);
            changes.push(RowChange::Put { key, value: chunk.to_text() });
            self.take(&chunk, Sender::Token);
        }
        self.head = self.head.later(block.head());
        self.make_room();
        if self.head != before {
            changes.push(rows::head(&self.head));
        }
        changes
    }

    /// Adopts entries after readers had replies. A reader asks for what came after its own number, so
    /// an entry with an earlier number is given a new one.
    pub fn adopt_late(&mut self, block: &Block, now: Time) -> Vec<RowChange> {
        let (mut head, last) = (block.head(), self.head.last);
        let number = self.next(now).max(head.last.next(now));
        let mut items: Vec<_> = block.iter().collect();
        for (digest, mode, kept) in &mut items {
            let ours = self.kept.get(&(*digest, *mode)).map(|entry| entry.kept.number);
            let dropped = match mode {
                PurgeMode::Soft => self.head.dropped.soft,
                PurgeMode::Hard => self.head.dropped.hard,
            };
            if kept.number > last || kept.number <= dropped || ours >= Some(kept.number) {
                continue;
            }
            if *mode == PurgeMode::Soft {
                kept.earlier.push(kept.number.stamp());
                thin_out(&mut kept.earlier, number.stamp(), EARLIER_MOST);
            }
            (kept.number, head.last) = (number, number);
        }
        // An isolate judges a page anew only if its copy has a new number.
        let changed = self.head.later(head);
        if changed != self.head && changed.last == last {
            head.last = number;
        }
        let items = items.iter().map(|(digest, mode, kept)| (*digest, *mode, kept));
        self.adopt(&Block::write(head, Number(0), items))
    }

    /// Takes the entries of a block. Each keeps its number.
    pub(super) fn take(&mut self, block: &Block, sender: Sender) {
        for (digest, mode, kept) in block.iter() {
            self.head.last = self.head.last.max(kept.number);
            self.put((digest, mode), Entry { kept, sender, is_in_row: false });
        }
    }
}
