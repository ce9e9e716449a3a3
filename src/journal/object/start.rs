//! The start of the journal's object: from its rows, or as a new journal.
//!
//! **What was published stays in force.** An object without rows is new, was renamed, or has lost
//! them. It begins a journal, and adopts what KV shows of earlier ones. An object that was restored
//! to an earlier state finds more in KV than in its rows, and adopts that.

use crate::journal::JournalId;
use crate::journal::block::Block;
use crate::journal::object::JournalObject;
use crate::journal::object::entries::Before;
use crate::journal::object::rows;
use crate::journal::object::service::{JournalService, ServiceError};
use crate::platform::journal_object::{ObjectRuntime, StorageError};
use crate::platform::kv::KvOperations;
use crate::platform::kv_key::{KvKey, KvPrefix};
use crate::policy::time::Time;
use crate::policy::timing::{JOURNAL_LOOKS_EVERY, JOURNAL_LOOKS_FOR, KV_LIST_LIMIT};

/// An object that has started.
pub(super) struct Started {
    pub object: JournalObject,
    at: Time,
    /// Journals that KV lists, and does not show yet.
    unshown: Vec<KvKey>,
    /// The last time at which the object began to look in KV for what concerns it.
    looked_at: Option<Time>,
    /// Whether it has seen what KV shows.
    pub has_looked: bool,
    /// The time at which the next receipts expire, as far as this start knows.
    pub receipts_end: Option<Time>,
    /// Whether this start has read when the oldest receipts expire.
    pub knows_receipts: bool,
    /// The time before which no publication is tried: the last one failed.
    pub rests_until: Option<Time>,
    /// The alarm that is set, as far as this start knows.
    pub alarm: Option<Time>,
}

/// What was before the journal.
struct Earlier {
    records: Before,
    /// The journals that KV shows.
    published: Vec<Block>,
    /// Those that KV lists, and does not show.
    unshown: Vec<KvKey>,
    /// Whether this object published a journal before. It has no rows now: it has lost them.
    has_published: bool,
}

impl<R: ObjectRuntime> JournalService<R> {
    /// Restores the journal, or begins one.
    pub(super) async fn start(&self) -> Result<(), ServiceError> {
        if self.started.borrow().is_some() {
            return Ok(());
        }
        let (object, unshown) = match self.restored()? {
            Some(object) => (object, Vec::new()),
            None => {
                let earlier = self.earlier().await?;
                // Another request may have begun the journal meanwhile, and its memory may be gone again:
                // the rows say.
                if self.started.borrow().is_some() {
                    return Ok(());
                }
                match self.restored()? {
                    Some(object) => (object, earlier.unshown),
                    None => (self.begin(&earlier)?, earlier.unshown),
                }
            }
        };
        let started = Started {
            object,
            at: self.runtime.now(),
            unshown,
            looked_at: None,
            has_looked: false,
            receipts_end: None,
            knows_receipts: false,
            rests_until: None,
            alarm: None,
        };
        self.started.replace(Some(started));
        Ok(())
    }

    fn restored(&self) -> Result<Option<JournalObject>, StorageError> {
        let rows = self.runtime.rows(rows::OF_START)?;
        Ok(JournalObject::restored(rows, self.runtime.terms(), self.runtime.now()))
    }

    /// Reads what was before the journal: records by tag, and journals that were published.
    async fn earlier(&self) -> Result<Earlier, ServiceError> {
        let kv = self.runtime.kv();
        let prefix = KvPrefix::records();
        let records = self.timed(KV_LIST_LIMIT, kv.list(&prefix, None, 1)).await?.keys;
        let records = if records.is_empty() { Before::NoRecords } else { Before::Records };
        let (mut ids, id) = (self.listed().await?, self.runtime.id());
        let is_listed = ids.contains(&id);
        ids.retain(|listed| *listed != id);
        ids.push(id.clone());
        let keys: Vec<KvKey> = ids.iter().map(|id| KvKey::journal(id)).collect();
        let values = self.read(&keys).await?;
        let own = KvKey::journal(&id);
        let has_published = is_listed || values.last().is_some_and(Option::is_some);
        let (mut published, mut unshown) = (Vec::new(), Vec::new());
        for (key, value) in keys.into_iter().zip(values) {
            match value {
                Some(text) => published.extend(Block::of_text(&text)),
                // The object's own journal is read at each look anyway.
                None if key == own => (),
                None => unshown.push(key),
            }
        }
        Ok(Earlier { records, published, unshown, has_published })
    }

    fn begin(&self, earlier: &Earlier) -> Result<JournalObject, StorageError> {
        let runtime = &self.runtime;
        let id = JournalId(runtime.random());
        let (mut object, mut changes) =
            JournalObject::born(id, earlier.records, runtime.terms(), runtime.now());
        earlier.published.iter().for_each(|block| changes.extend(object.inherits(block)));
        changes.extend(earlier.has_published.then(|| object.begins_in_doubt(runtime.now())));
        runtime.write(changes)?;
        Ok(object)
    }

    pub(super) fn is_look_due(&self) -> Result<bool, ServiceError> {
        let (started, now) = (self.started()?, self.runtime.now());
        Ok(started.looked_at.is_none_or(|looked_at| {
            now.since(started.at) < JOURNAL_LOOKS_FOR && now.since(looked_at) >= JOURNAL_LOOKS_EVERY
        }))
    }

    /// Looks in KV for the mark of a purge without the journal, and for journals that have more than
    /// this one: its own as it was published, and earlier ones that KV did not show.
    pub(super) async fn look(&self) -> Result<(), ServiceError> {
        let mut keys = vec![KvKey::mark(), KvKey::journal(&self.runtime.id())];
        {
            let mut started = self.started()?;
            started.looked_at = Some(self.runtime.now());
            keys.extend(started.unshown.iter().cloned());
        }
        let values = self.read(&keys).await?;
        let now = self.runtime.now();
        let mut started = self.started()?;
        let mut changes = Vec::new();
        let shown = keys.iter().zip(values).filter_map(|(key, value)| Some((key, value?)));
        let mut values = shown.peekable();
        if let Some((_, mark)) = values.next_if(|(key, _)| **key == KvKey::mark()) {
            changes.extend(started.object.marked(&mark, now));
        }
        for (key, text) in values {
            let block = Block::of_text(&text);
            changes
                .extend(block.map(|block| started.object.found(&block, now)).into_iter().flatten());
            started.unshown.retain(|unshown| unshown != key);
        }
        started.has_looked = true;
        drop(started);
        self.write_or_start_anew(changes)
    }
}
