use std::time::Duration;

use edge_isr::policy::fence::{Provenance, PurgeMode::Soft, PurgeRecord, Purged};
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use edge_isr::purge::memory::PurgeMemory;

const SKEW: Duration = Duration::from_secs(5);
const WINDOW: Duration = Duration::from_secs(10);

fn tag() -> Tag {
    Tag::origin("a").unwrap()
}

fn record(at: i64, id: &str) -> PurgeRecord {
    PurgeRecord { at: Time(at), id: id.to_owned(), replaced: vec![] }
}

/// What the memory says of a response fetched at `fetched_at` that knows `known`.
fn purged(memory: &PurgeMemory, fetched_at: i64, known: &[String]) -> Purged {
    let provenance =
        Provenance { fetched_at: Time(fetched_at), known: known.to_vec(), journal: None };
    provenance.purged(memory.records(&[tag()]), SKEW)
}

#[test]
fn a_tag_is_read_again_past_the_window_and_not_before() {
    let mut memory = PurgeMemory::default();
    let tags = [tag()];
    assert_eq!(memory.unread(&tags, WINDOW, Time(0)).len(), 1);
    memory.read(&tag(), vec![], Time(0));
    assert_eq!(memory.unread(&tags, WINDOW, Time(9_999)).len(), 0);
    assert_eq!(memory.unread(&tags, WINDOW, Time(10_000)).len(), 1);
}

#[test]
fn known_is_what_was_learned_before_the_request_and_not_when_it_was_looked_up() {
    let mut memory = PurgeMemory::default();
    memory.read(&tag(), vec![(Soft, record(1_000, "before"))], Time(1_000));
    let learn_count = memory.learn_count();
    memory.read(&tag(), vec![(Soft, record(1_500, "after"))], Time(1_500));
    assert_eq!(memory.known(&[tag()], learn_count, Time(1_200), SKEW), ["before"]);
    assert_eq!(purged(&memory, 1_200, &["before".to_owned()]), Purged::Soft);
}

#[test]
fn records_too_old_to_matter_are_not_listed_as_known() {
    let mut memory = PurgeMemory::default();
    memory.read(&tag(), vec![(Soft, record(1_000, "old"))], Time(1_000));
    assert!(memory.known(&[tag()], memory.learn_count(), Time(6_001), SKEW).is_empty());
}

#[test]
fn own_purges_outdate_at_once_and_vouch_only_when_kv_has_them() {
    let mut memory = PurgeMemory::default();
    memory.noted(&tag(), Soft, record(1_000, "own"), Time(1_000));
    assert_eq!(purged(&memory, 900, &[]), Purged::Soft);
    assert!(memory.known(&[tag()], memory.learn_count(), Time(1_001), SKEW).is_empty());
    memory.confirmed(&tag(), Soft, record(1_050, "written"), Time(1_100));
    let known = memory.known(&[tag()], memory.learn_count(), Time(1_101), SKEW);
    assert_eq!(known, ["written"]);
    assert_eq!(purged(&memory, 900, &[]), Purged::Soft);
    assert_eq!(purged(&memory, 1_101, &known), Purged::No);
}

#[test]
fn a_purge_that_came_after_the_stamp_is_not_done_with_it() {
    let mut memory = PurgeMemory::default();
    memory.noted(&tag(), Soft, record(1_000, "first"), Time(1_000));
    memory.noted(&tag(), Soft, record(1_060, "second"), Time(1_060));
    memory.confirmed(&tag(), Soft, record(1_050, "written"), Time(1_100));
    let known = memory.known(&[tag()], memory.learn_count(), Time(1_101), SKEW);
    assert_eq!(purged(&memory, 1_101, &known), Purged::Soft);
}

#[test]
fn own_purges_are_kept_whatever_kv_says() {
    let mut memory = PurgeMemory::default();
    memory.noted(&tag(), Soft, record(1_000, "own"), Time(1_000));
    memory.read(&tag(), vec![], Time(2_000));
    memory.read(&tag(), vec![(Soft, record(1, "older"))], Time(3_000));
    assert_eq!(purged(&memory, 900, &[]), Purged::Soft);
}

#[test]
fn a_later_purge_with_an_earlier_stamp_is_not_merged_away() {
    let mut memory = PurgeMemory::default();
    memory.read(&tag(), vec![(Soft, record(3_000, "fast clock"))], Time(2_000));
    let known = memory.known(&[tag()], memory.learn_count(), Time(2_100), SKEW);
    memory.read(&tag(), vec![(Soft, record(2_500, "slow clock"))], Time(2_600));
    assert_eq!(purged(&memory, 2_100, &known), Purged::Soft);
}

#[test]
fn a_burst_of_purges_is_remembered_in_bounds_and_still_outdates() {
    let mut memory = PurgeMemory::default();
    let learn_count = memory.learn_count();
    for number in 0..1000 {
        memory.read(
            &tag(),
            vec![(Soft, record(1_000 + number, &format!("{number}")))],
            Time(1_000),
        );
    }
    assert_eq!(memory.records(&[tag()]).count(), 16);
    let known = memory.known(&[tag()], learn_count, Time(1_500), SKEW);
    assert_eq!(purged(&memory, 1_500, &known), Purged::Soft);
}

#[test]
fn a_burst_within_a_millisecond_is_remembered_in_bounds_too() {
    let mut memory = PurgeMemory::default();
    for number in 0..1000 {
        let record = record(1_000, &format!("{number}"));
        memory.read(&tag(), vec![(Soft, record)], Time(1_000));
    }
    assert_eq!(memory.records(&[tag()]).count(), 16);
    assert_eq!(purged(&memory, 1_000, &[]), Purged::Soft);
}

#[test]
fn the_earliest_of_a_burst_is_remembered_as_a_stamp() {
    let mut memory = PurgeMemory::default();
    for number in 0..1000 {
        let record = record(1_000 + number, &format!("{number}"));
        memory.read(&tag(), vec![(Soft, record)], Time(1_000));
    }
    let provenance = Provenance { fetched_at: Time(900), known: vec![], journal: None };
    let tags = [tag()];
    let records = memory.records(&tags).map(|(_, record)| record);
    assert_eq!(provenance.outdated_since(records, SKEW), Some(Time(1_000)));
}

#[test]
fn many_tags_are_forgotten_but_not_own_purges() {
    let mut memory = PurgeMemory::default();
    memory.noted(&tag(), Soft, record(1_000, "own"), Time(1_000));
    for number in 0..50_000 {
        let other = Tag::origin(&format!("t{number}")).unwrap();
        memory.read(&other, vec![], Time(1_000 + number));
    }
    assert_eq!(purged(&memory, 900, &[]), Purged::Soft);
    let early = [Tag::origin("t1").unwrap()];
    assert_eq!(memory.unread(&early, Duration::from_secs(1000), Time(51_000)).len(), 1);
}

/// As many of this isolate's own purges as tags are remembered, at these times in turn.
fn own_purges(at: impl Fn(usize) -> Time) -> (PurgeMemory, Vec<Tag>) {
    let mut memory = PurgeMemory::default();
    let tags: Vec<Tag> =
        (0..20_000).map(|number| Tag::origin(&format!("t{number}")).unwrap()).collect();
    for (number, tag) in tags.iter().enumerate() {
        memory.noted(tag, Soft, record(at(number).0, "own"), at(number));
    }
    (memory, tags)
}

#[test]
fn of_too_many_own_purges_the_later_half_is_kept() {
    let (mut memory, tags) = own_purges(|number| Time(number as i64 / 10_000));
    memory.noted(&tag(), Soft, record(2, "own"), Time(2));
    assert_eq!(memory.records(&tags[..10_000]).count(), 0);
    assert_eq!(memory.records(&tags[10_000..]).count(), 10_000);
}

#[test]
fn of_too_many_own_purges_of_one_moment_half_is_kept() {
    let (mut memory, tags) = own_purges(|_| Time(0));
    memory.noted(&tag(), Soft, record(2, "own"), Time(2));
    assert_eq!(memory.records(&tags).count(), 10_000);
}

#[test]
fn own_purges_are_kept_for_two_minutes_in_a_crowd_of_tags() {
    let cases = [(119_999, true), (120_000, false)].into_iter();
    for ((now, is_kept), is_here) in cases.flat_map(|case| [(case, false), (case, true)]) {
        let mut memory = PurgeMemory::default();
        if is_here {
            memory.noted_here(&tag(), Soft, record(0, "own"), Time(0));
        } else {
            memory.confirmed(&tag(), Soft, record(0, "own"), Time(0));
        }
        for number in 0..20_000 {
            let other = Tag::origin(&format!("t{number}")).unwrap();
            memory.read(&other, vec![], Time(now));
        }
        assert_eq!(memory.records(&[tag()]).count() == 1, is_kept, "at {now}");
    }
}

#[test]
fn a_record_that_was_learned_by_a_count_came_not_since() {
    let mut memory = PurgeMemory::default();
    memory.read(&tag(), vec![(Soft, record(1, "first"))], Time(1));
    let learn_count = memory.learn_count();
    memory.read(&tag(), vec![(Soft, record(2, "second"))], Time(2));
    let tags = [tag()];
    let since = memory.records_since(&tags, learn_count);
    assert_eq!(since.map(|(_, record)| &*record.id).collect::<Vec<_>>(), ["second"]);
}

#[test]
fn more_purges_than_can_be_kept_are_kept_in_bounds() {
    let mut memory = PurgeMemory::default();
    for number in 0..60_000 {
        let purged = Tag::origin(&format!("t{number}")).unwrap();
        let now = Time(1_000 + number / 1_000);
        memory.noted(&purged, Soft, record(now.0, "own"), now);
    }
    let all: Vec<Tag> =
        (0..60_000).map(|number| Tag::origin(&format!("t{number}")).unwrap()).collect();
    let kept = memory.records(&all).count();
    assert!((10_000..=20_000).contains(&kept), "{kept}");
    assert_eq!(memory.records(&all[59_999..]).count(), 1, "the latest is among them");
}

/// The bytes that a memory holds which has read so many tags.
fn held(tags: impl Iterator<Item = Tag>) -> usize {
    crate::held::held(|| {
        let mut memory = PurgeMemory::default();
        for tag in tags {
            memory.read(&tag, vec![], Time(1_000));
        }
        memory
    })
}

#[test]
fn long_urls_fill_no_more_memory_than_short_ones() {
    let long = "x".repeat(8_000);
    let held = held((0..500).map(|number| Tag::prefix(&format!("/{number}/{long}"))));
    assert!((500 * 64..500 * 512).contains(&held), "{held} bytes for 500 tags of 8 kB");
}

#[test]
fn what_is_remembered_of_tags_is_bounded_in_bytes() {
    let held = held((0..30_000).map(|number| Tag::origin(&format!("{number:090}")).unwrap()));
    assert!(held < 20_000 * 512, "{held}");
}

#[test]
fn a_long_tag_is_remembered_like_any() {
    let long = |last: &str| Tag::origin(&("x".repeat(1_000) + last)).unwrap();
    let mut memory = PurgeMemory::default();
    memory.noted(&long("a"), Soft, record(1_000, "own"), Time(1_000));
    assert_eq!(memory.records(&[long("a")]).count(), 1);
    assert_eq!(memory.records(&[long("b")]).count(), 0);
    memory.read(&long("b"), vec![], Time(1_000));
    assert_eq!(memory.unread(&[long("a"), long("b")], WINDOW, Time(1_001)), [&long("a")]);
}
