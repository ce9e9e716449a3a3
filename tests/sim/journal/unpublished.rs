//! Purges that the journal's object lost before they were published.

use super::losses::AfterPurge;
use super::{OTHER_CENTRE, PUBLISHED_KEY, change, published, world};
use crate::world::At;
use crate::world::origin::Page;

/// An isolate that does not see the purge.
const UNAWARE: At = At { centre: 0, isolate: 7 };

/// Another isolate of the data centre that sees the purge.
const BESIDE: At = At { centre: 1, isolate: 7 };

/// A world in which a data centre has seen a purge that was never published. Its page `/q` was fetched
/// before the purge, in this data centre and in another.
fn seen_and_not_published() -> AfterPurge {
    let (world, journal) = world(&[]);
    world.origin.set("/q", Page::new("old").fresh(6_000, 600).tags("t"));
    world.get("/q");
    world.get_at(OTHER_CENTRE, "/q");
    world.get_at(OTHER_CENTRE, "/a");
    world.origin.set("/q", Page::new("new").fresh(6_000, 600).tags("t"));
    world.wait(10_000);
    let rows_before = journal.rows();
    let published_before = world.kv.values.borrow()[PUBLISHED_KEY].clone();
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(31_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
    assert_eq!(published(&world), Some(0));
    AfterPurge { world, journal, rows_before, published_before }
}

#[test]
fn a_page_from_before_a_lost_purge_is_fetched_anew_if_a_data_centre_has_seen_the_purge() {
    for (emptied, purges_first) in [(false, false), (false, true), (true, false), (true, true)] {
        let AfterPurge { world, journal, rows_before, .. } = seen_and_not_published();
        if emptied {
            journal.empty()
        } else {
            journal.restore(rows_before)
        }
        if purges_first {
            // An isolate that has not seen the lost purge: the object's numbers pass the lost one.
            world.purge_at(UNAWARE, "soft", &["other"]);
            world.wait(15_000);
            journal.evict();
        }
        world.get_at(OTHER_CENTRE, "/b");
        world.wait(31_000);
        // Isolates judge the page before the purge is given up.
        for milliseconds in [100_000, 30_000] {
            for at in [OTHER_CENTRE, BESIDE, UNAWARE] {
                world.get_at(at, "/q");
            }
            world.wait(milliseconds);
        }
        for at in [OTHER_CENTRE, BESIDE, UNAWARE] {
            world.get_at(at, "/b");
            world.wait(1_000);
            let seen = world.get_at(at, "/q");
            assert_eq!(seen.text, "new", "{emptied} {purges_first} {} {}", at.centre, seen.cache());
        }
    }
}
