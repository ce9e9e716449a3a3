//! Sites before, without and after the journal.

use super::{OTHER_CENTRE, change, purge_rows, world};
use crate::world::journal::SimJournal;
use crate::world::origin::Page;
use crate::world::{At, World};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A site that purged by records before its journal began.
fn site_with_records() -> (World, std::rc::Rc<SimJournal>) {
    let (mut with, journal) = world(&[]);
    with.journal = None;
    with.purge("soft", &["other"]);
    with.journal = Some(journal.clone());
    (with, journal)
}

#[test]
fn a_journal_that_finds_records_writes_them_too_for_a_day() {
    let (world, _) = site_with_records();
    world.get("/a");
    world.wait(1_000);
    world.purge("hard", &["t"]);
    assert_eq!(world.kv.keys("p/h/"), ["p/h/t"]);
    world.wait(DAY + 60_000);
    world.get("/a");
    world.wait(1_000);
    world.purge("hard", &["u"]);
    assert_eq!(world.kv.keys("p/h/"), ["p/h/t"]);
}

#[test]
fn for_a_day_a_purge_of_a_version_without_the_journal_is_seen() {
    let (mut world, journal) = site_with_records();
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    change(&world);
    // The other version runs beside this one.
    world.journal = None;
    world.purge("hard", &["t"]);
    world.journal = Some(journal);
    world.wait(30_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_version_without_the_journal_sees_what_was_published() {
    let (mut world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(1_000);
    change(&world);
    world.purge("hard", &["t"]);
    world.wait(310_000);
    assert_eq!(purge_rows(&journal), 1);
    world.journal = None;
    let isolate = At { centre: 1, isolate: 5 };
    assert_eq!(world.get_at(isolate, "/a").text, "new");
    assert_eq!(world.kv.keys("p/"), [""; 0]);
    world.wait(1_000);
    let seen = world.get_at(isolate, "/a");
    assert!(
        seen.cache().starts_with("hit") && !seen.cache().contains("detail"),
        "{}",
        seen.cache()
    );
}

#[test]
fn a_purge_without_the_journal_is_seen_when_the_binding_is_back() {
    let (mut world, journal) = world(&[]);
    world.get_at(OTHER_CENTRE, "/a");
    world.wait(310_000);
    change(&world);
    world.journal = None;
    assert_eq!(world.purge("hard", &["t"]).status, 200);
    assert_eq!(world.kv.keys("m"), ["m"]);
    world.wait(1_000);
    world.journal = Some(journal.clone());
    journal.evict();
    // The first answer sets the object looking for the mark. A deploy has isolates of its own.
    world.get_at(At { centre: 0, isolate: 9 }, "/b");
    world.wait(31_000);
    world.get_at(OTHER_CENTRE, "/b");
    world.wait(1_000);
    assert_eq!(world.get_at(OTHER_CENTRE, "/a").text, "new");
}

#[test]
fn a_site_without_a_journal_leaves_no_mark() {
    let world = World::new(1);
    world.purge("soft", &["t"]);
    assert_eq!([world.kv.keys("j"), world.kv.keys("m")], [[""; 0]; 2]);
}

#[test]
fn a_purge_whose_mark_cannot_be_written_is_not_durable() {
    let (mut world, _) = world(&[]);
    world.get("/a");
    world.wait(310_000);
    world.journal = None;
    world.kv.hang(crate::world::kv::Operation::Write, "m");
    assert_eq!(world.purge("soft", &["t"]).status, 503);
}

#[test]
fn a_mark_that_kv_refuses_is_written_again_after_a_pause() {
    let (mut world, _) = world(&[]);
    world.get("/a");
    world.wait(310_000);
    world.journal = None;
    // KV takes a write of a key each second, and the mark was just written.
    world.kv.paced.set(true);
    let took = ["t", "u"].map(|tag| {
        let start = world.executor.now();
        let answer = world.purge("soft", &[tag]);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.at.since(start).as_millis()
    });
    assert!(took[0] < 5 && (1_000..3_500).contains(&took[1]), "{took:?} ms");
}

#[test]
fn purges_at_once_share_a_mark() {
    let (mut world, _) = world(&[]);
    world.get("/a");
    world.wait(310_000);
    world.journal = None;
    world.kv.paced.set(true);
    let purge = |number| {
        let body = serde_json::json!({ "tags": [format!("t{number}")], "mode": "hard" });
        world.start_control(At::default(), &body.to_string())
    };
    let start = world.executor.now();
    let purges: Vec<_> = (0..40).map(purge).collect();
    for purge in purges {
        let answer = world.finish(purge);
        assert_eq!(answer.status, 200, "{}", answer.text);
        let took = answer.at.since(start).as_millis();
        assert!(took < 2_500, "{took} ms: more than the mark under way and one after it");
    }
}

#[test]
fn another_environment_on_the_same_kv_has_a_journal_of_its_own() {
    let (mut world, journal) = world(&[]);
    world.get("/a");
    world.wait(310_000);
    let other = SimJournal::named(&world, "other-object");
    world.journal = Some(other.clone());
    world.origin.set("/b", Page::new("b").fresh(600, 600).tags("b"));
    world.get_at(OTHER_CENTRE, "/b");
    world.wait(1_000);
    world.purge("soft", &["b"]);
    world.wait(310_000);
    assert_eq!((purge_rows(&journal), purge_rows(&other)), (0, 1));
    assert_eq!(world.kv.keys("j"), ["j", "j/object", "j/other-object"]);
    assert_eq!(world.kv.values.borrow()["j"].value, "object other-object");
}
