//! The purge journal in a world of isolates and data centres.

mod losses;
mod migration;
mod publication;
mod purge;
mod receipts;
mod refresh;
mod starts;
mod unpublished;

use std::rc::Rc;

use edge_isr::journal::block::Block;
use edge_isr::journal::object::entries::Entries;
use edge_isr::journal::object::room::Room;

use crate::world::journal::SimJournal;
use crate::world::origin::Page;
use crate::world::{At, World};

/// The key of the published journal.
const PUBLISHED_KEY: &str = "j/object";

const OTHER_ISOLATE: At = At { centre: 0, isolate: 1 };
const OTHER_CENTRE: At = At { centre: 1, isolate: 0 };

/// A world with a journal, and a page with a tag.
fn world(settings: &[(&str, &str)]) -> (World, Rc<SimJournal>) {
    let mut world = World::with(2, settings);
    let journal = SimJournal::new(&world);
    world.journal = Some(journal.clone());
    world.origin.set("/a", Page::new("old").fresh(600, 600).tags("t"));
    (world, journal)
}

fn change(world: &World) {
    world.origin.set("/a", Page::new("new").fresh(600, 600).tags("t"));
}

/// The purges that the object holds.
fn purge_rows(journal: &SimJournal) -> usize {
    journal.rows().keys().filter(|key| key.starts_with("e/")).count()
}

/// The number of entries that KV holds.
fn published(world: &World) -> Option<usize> {
    let values = world.kv.values.borrow();
    Some(Block::of_text(&values.get(PUBLISHED_KEY)?.value)?.iter().count())
}

/// The number of entries that the object holds.
fn entries(journal: &SimJournal) -> usize {
    Entries::restored(journal.rows(), Room::default()).unwrap().all().iter().count()
}
