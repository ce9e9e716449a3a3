//! Pure. What a stored response changes in the graph, by what the graph holds of its page.

use std::rc::Rc;

use http::StatusCode;

use crate::policy::key::CacheKey;
use crate::policy::stored::{GraphMarks, Stored, StoredResponse};
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::{GRAPH_KNOWN_FOR, GRAPH_SETTLES, RELATION_LIFE};

/// The most former tags remembered for a page. It bounds a page whose tags change at each
/// rendering.
const FORMER_MOST: usize = 100;

/// The work on the graph after a response is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The work to do.
    pub todo: Todo,
    /// Tags of earlier versions, whose relations may still be there.
    pub former: Vec<Tag>,
}

/// The work to do for a page in the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Nothing can be done now.
    Nothing,
    /// The graph holds the right tags, since `first` at the latest.
    Right {
        /// The time at which the graph was first found right.
        first: Time,
    },
    /// The graph need not be read: it was found right at this time.
    Known(Time),
    /// The graph differs: write this change.
    Change(Change),
}

/// The relations of a page to write and to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Tags whose relations are written.
    pub add: Vec<Tag>,
    /// Tags whose relations are deleted.
    pub remove: Vec<Tag>,
    /// Tags whose relations stay as they are, or are removed another time.
    pub keep: Vec<Tag>,
    /// The tags that `u/<page>` was found to name.
    pub named: Vec<Tag>,
}

impl Plan {
    /// A plan that does nothing.
    pub const NOTHING: Plan = Plan { todo: Todo::Nothing, former: Vec::new() };

    /// Writes the state of the graph into a response that is about to be stored.
    pub fn note(&self, stored: &mut StoredResponse, now: Time) {
        stored.graph.former_tags = self.former.clone();
        match self.todo {
            Todo::Known(at) => stored.graph.confirmed_at = Some(at),
            Todo::Right { first } if now >= first + GRAPH_SETTLES => {
                stored.graph.confirmed_at = Some(now);
                stored.graph.former_tags.clear();
            }
            Todo::Right { first } => stored.graph.checked_at = Some(first),
            Todo::Nothing | Todo::Change(_) => {}
        }
    }

    /// Extends the plan: it removes the relations of all former tags, also those that KV does not
    /// show.
    pub fn of_all_former(mut self) -> Plan {
        if matches!(self.todo, Todo::Right { .. } | Todo::Nothing) && !self.former.is_empty() {
            self.todo = Todo::Change(Change::default());
        }
        if let Todo::Change(change) = &mut self.todo {
            let unseen = not_in(&self.former, &change.remove);
            change.remove.extend(unseen);
        }
        self
    }
}

/// Returns the tags that the page should have in the graph. A page that is gone has none.
pub fn tags_in_graph(stored: &StoredResponse) -> &[Tag] {
    match stored.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => &[],
        _ => &stored.tags,
    }
}

/// Tells whether a page stays out of the graph until it is stored again: a made-up query must not
/// cost a write.
pub fn waits_for_its_second_store(prior: Option<&StoredResponse>, key: &CacheKey) -> bool {
    prior.is_none() && key.query().is_some()
}

/// Returns when the graph was confirmed to hold `tags`, if that still counts. Do not read the graph
/// then.
pub fn confirmed_at(prior: &StoredResponse, tags: &[Tag], now: Time) -> Option<Time> {
    let at = prior.graph.confirmed_at?;
    let counts = are_same(tags_in_graph(prior), tags) && now.since(at) < GRAPH_KNOWN_FOR;
    counts.then_some(at)
}

/// Returns the tags that the page has lost, the latest first.
pub fn former_tags(prior: &StoredResponse, tags: &[Tag]) -> Vec<Tag> {
    let mut former = not_in(tags_in_graph(prior), tags);
    let older = not_in(&not_in(&prior.graph.former_tags, tags), &former);
    former.extend(older);
    former.truncate(FORMER_MOST);
    former
}

/// Adds the tags of `current` to the former tags of the response about to replace it. This is
/// needed if `current` is not the `prior` that the graph was compared with. Another isolate has
/// then stored `current` meanwhile, and has written its tags to the graph.
pub fn noted_in_place_of(
    mut stored: Stored,
    current: &Stored,
    prior: Option<&StoredResponse>,
) -> Stored {
    if let (Stored::Response(stored), Stored::Response(current)) = (&mut stored, current)
        && prior.is_none_or(|prior| prior != &**current)
    {
        add_former(stored, current);
    }
    stored
}

/// Returns the response that the graph forgets after a pass marker has `replaced` the content of
/// the slot. Another isolate may have stored it since this one found `prior`: the relations of both
/// go then.
pub fn gone_with(
    replaced: Option<Stored>,
    prior: Option<Rc<StoredResponse>>,
) -> Option<Rc<StoredResponse>> {
    let Some(Stored::Response(mut replaced)) = replaced else { return prior };
    if let Some(prior) = prior.filter(|prior| *prior != replaced) {
        add_former(&mut replaced, &prior);
    }
    Some(replaced)
}

/// Adds the tags of an earlier response, and its former ones, to the former tags of `stored`.
fn add_former(stored: &mut Rc<StoredResponse>, earlier: &StoredResponse) {
    let mut former = former_tags(earlier, tags_in_graph(stored));
    former.extend(not_in(&stored.graph.former_tags, &former));
    former.truncate(FORMER_MOST);
    Rc::make_mut(stored).graph =
        GraphMarks { former_tags: former, confirmed_at: None, checked_at: None };
}

/// The difference between a page's tags and the tags that `u/<page>` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff<'t> {
    tags: &'t [Tag],
    named: Vec<Tag>,
    /// The time at which `u/<page>` was written.
    written_at: Time,
    /// Tags whose relations must be read: those of the page that `u/<page>` names, and former tags
    /// that it does not name. Another data centre may have overwritten `u/<page>`, so it is no
    /// proof.
    pub unsure: Vec<Tag>,
}

/// The unsure tags, sorted by whether their relation exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Related {
    /// Tags whose relation exists.
    pub there: Vec<Tag>,
    /// Tags whose relation does not exist.
    pub gone: Vec<Tag>,
}

impl<'t> Diff<'t> {
    /// Compares `tags` with the `named` ones. Read the relations of [`Diff::unsure`] next.
    pub fn of(tags: &'t [Tag], named: Vec<Tag>, former: &[Tag], written_at: Time) -> Diff<'t> {
        let mut unsure = not_in(tags, &not_in(tags, &named));
        unsure.extend(not_in(former, &named));
        Diff { tags, named, written_at, unsure }
    }

    /// Returns the work to do. `first` is the time at which the graph was first found right, if
    /// any.
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

/// The part of a change that may be written now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithinBudget {
    /// The whole change fits.
    All(Change),
    /// Some writes fit. The next store finds the rest missing, and continues.
    Part(Change),
    /// No write is left.
    Nothing,
}

impl Change {
    /// Returns as much of the change as `left` writes allow. The last write is for `u/<page>`.
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

    /// Returns the number of writes: one for each relation, and one of `u/<page>` before and after.
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
