//! Pure. What a stored response changes in the graph, by what the graph holds of its page.

use std::time::Duration;

use http::StatusCode;

use crate::graph::RELATION_LIFE;
use crate::policy::key::CacheKey;
use crate::policy::stored::{Stored, StoredResponse};
use crate::policy::tag::Tag;
use crate::policy::time::Time;

/// Longer than it takes until KV shows a write everywhere, and than a store that has begun.
const SETTLES: Duration = Duration::from_secs(3 * 60);

/// What was found right is looked at again after so long: another data centre that saw a version
/// between may have changed it, and not come back.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Former tags remembered for a page. It bounds a page whose tags change at each rendering.
const FORMER_MOST: usize = 100;

/// What the graph needs after a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub todo: Todo,
    /// Tags of earlier versions, whose relations may still be there.
    pub former: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Nothing that could be done now.
    Nothing,
    /// Nothing: all is right, as it was seen at `first` too.
    Right {
        first: Time,
    },
    /// Nothing, nor need it be looked at: it was found right before.
    Known(Time),
    Change(Change),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub add: Vec<Tag>,
    pub remove: Vec<Tag>,
    /// Tags whose relations stay as they are, or are removed another time.
    pub keep: Vec<Tag>,
    /// The tags that `u/<page>` was found to name.
    pub named: Vec<Tag>,
}

impl Plan {
    pub const NOTHING: Plan = Plan { todo: Todo::Nothing, former: Vec::new() };

    /// Notes in a response that is about to be stored how the graph was found.
    pub fn note(&self, stored: &mut StoredResponse, now: Time) {
        stored.graph.former_tags = self.former.clone();
        match self.todo {
            Todo::Known(at) => stored.graph.confirmed_at = Some(at),
            Todo::Right { first } if now >= first + SETTLES => {
                stored.graph.confirmed_at = Some(now);
                stored.graph.former_tags.clear();
            }
            Todo::Right { first } => stored.graph.checked_at = Some(first),
            Todo::Nothing | Todo::Change(_) => {}
        }
    }

    /// Removes the relations of all former tags, also of those that KV does not show.
    pub fn of_all_former(mut self) -> Plan {
        if matches!(self.todo, Todo::Right { .. }) && !self.former.is_empty() {
            self.todo = Todo::Change(Change::default());
        }
        if let Todo::Change(change) = &mut self.todo {
            let unseen = not_in(&self.former, &change.remove);
            change.remove.extend(unseen);
        }
        self
    }
}

/// The tags of a response that relate its page. A page that is gone is on no list.
pub fn tags_in_graph(stored: &StoredResponse) -> &[Tag] {
    match stored.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => &[],
        _ => &stored.tags,
    }
}

/// Whether a page is not put on any list yet: a made-up query must not cost a write.
pub fn waits_for_its_second_store(prior: Option<&StoredResponse>, key: &CacheKey) -> bool {
    prior.is_none() && key.query().is_some()
}

/// When the graph was found to hold `tags` for good, where that still counts: it is not read then.
pub fn confirmed_at(prior: &StoredResponse, tags: &[Tag], now: Time) -> Option<Time> {
    let at = prior.graph.confirmed_at?;
    let counts = are_same(tags_in_graph(prior), tags) && now.since(at) < KNOWN_FOR;
    counts.then_some(at)
}

/// Tags that the page has lost; the latest first.
pub fn former_tags(prior: &StoredResponse, tags: &[Tag]) -> Vec<Tag> {
    let mut former = not_in(tags_in_graph(prior), tags);
    let older = not_in(&not_in(&prior.graph.former_tags, tags), &former);
    former.extend(older);
    former.truncate(FORMER_MOST);
    former
}

/// Notes in what is about to replace `current` the tags of `current`, if that is not the `prior` that the
/// graph was compared with: another isolate stored it meanwhile, and relates its tags to the page.
pub fn noted_in_place_of(
    mut stored: Stored,
    current: &Stored,
    prior: Option<&StoredResponse>,
) -> Stored {
    if let (Stored::Response(stored), Stored::Response(current)) = (&mut stored, current)
        && prior.is_none_or(|prior| prior != &**current)
    {
        let mut former = former_tags(current, tags_in_graph(stored));
        former.extend(not_in(&stored.graph.former_tags, &former));
        former.truncate(FORMER_MOST);
        stored.graph.former_tags = former;
        (stored.graph.confirmed_at, stored.graph.checked_at) = (None, None);
    }
    stored
}

/// A page's tags beside those that `u/<page>` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff<'t> {
    tags: &'t [Tag],
    named: Vec<Tag>,
    /// When `u/<page>` was written.
    written_at: Time,
    /// Tags that `u/<page>` names rightly, and those that the page had and it does not name: whether
    /// their relations are there has to be read. What `u/<page>` says of them may be another data
    /// centre's, written over this one's own.
    pub unsure: Vec<Tag>,
}

/// What was read of the relations that were unsure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Related {
    pub there: Vec<Tag>,
    pub gone: Vec<Tag>,
}

impl<'t> Diff<'t> {
    /// Compares `tags` with the `named` ones. Read the relations of [`Diff::unsure`] next.
    pub fn of(tags: &'t [Tag], named: Vec<Tag>, former: &[Tag], written_at: Time) -> Diff<'t> {
        let mut unsure = not_in(tags, &not_in(tags, &named));
        unsure.extend(not_in(former, &named));
        Diff { tags, named, written_at, unsure }
    }

    /// What is to be done. `first`: when the graph was first found right, if it was.
    pub fn todo(self, related: Related, first: Option<Time>, now: Time) -> Todo {
        let Diff { tags, named, written_at, .. } = self;
        let (mut add, mut remove) = (not_in(tags, &named), not_in(&named, tags));
        let kept = not_in(tags, &add);
        add.extend(related.gone.into_iter().filter(|tag| tags.contains(tag)));
        remove.extend(related.there.into_iter().filter(|tag| !tags.contains(tag)));
        if !tags.is_empty() && now.since(written_at) >= RELATION_LIFE / 2 {
            add = tags.to_vec();
        }
        if add.is_empty() && remove.is_empty() {
            return Todo::Right { first: first.unwrap_or(now) };
        }
        // broken: own-graph-writes-for-granted
        Todo::Change(Change { keep: not_in(&kept, &add), add, remove, named })
    }
}

/// What of a change may be written now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithinBudget {
    All(Change),
    /// The rest is found missing at the next store.
    Part(Change),
    Nothing,
}

impl Change {
    /// As much of the change as `left` writes allow. The last write is for `u/<page>`.
    pub fn within(self, left: usize) -> WithinBudget {
        let Some(relations) = left.checked_sub(1).filter(|most| *most > 0) else {
            return WithinBudget::Nothing;
        };
        let Change { mut add, mut remove, mut keep, named } = self;
        if add.len() + remove.len() <= relations {
            return WithinBudget::All(Change { add, remove, keep, named });
        }
        keep.extend(remove.split_off(remove.len().min(relations)));
        add.truncate(relations - remove.len());
        WithinBudget::Part(Change { add, remove, keep, named })
    }

    /// How many writes it takes: one a relation, and one of `u/<page>` before and after.
    pub fn writes(&self) -> u32 {
        let entries = usize::from(!self.add.is_empty()) + usize::from(!self.remove.is_empty());
        (self.add.len() + self.remove.len() + entries) as u32
    }
}

/// The tags that are not among the others.
pub fn not_in(tags: &[Tag], others: &[Tag]) -> Vec<Tag> {
    tags.iter().filter(|tag| !others.contains(tag)).cloned().collect()
}

fn are_same(tags: &[Tag], others: &[Tag]) -> bool {
    not_in(tags, others).is_empty() && not_in(others, tags).is_empty()
}
