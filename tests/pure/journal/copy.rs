use std::time::Duration;

use edge_isr::journal::Known;
use edge_isr::journal::block::Block;
use edge_isr::journal::copy::{Due, JournalCopy, Learned, due};
use edge_isr::journal::object::entries::{Before, Entries};
use edge_isr::journal::object::room::Room;
use edge_isr::journal::{Head, JournalId, Number, TagDigest};
use edge_isr::policy::fence::Effect;
use edge_isr::policy::fence::{PurgeMode, Purged};
use edge_isr::policy::time::Time;

use rstest::rstest;

use super::{SKEW, append};

const ID: JournalId = JournalId(7);
const OTHER: JournalId = JournalId(8);

/// A journal that was born at 1,000.
fn journal(id: JournalId) -> Entries {
    Entries::born(id, Before::Records, Room::default(), Time(1_000)).0
}

fn whole(entries: &Entries, asked_at: i64) -> JournalCopy {
    JournalCopy::whole(entries.after(entries.head().id, Number(0)), Time(asked_at)).unwrap()
}

fn since(entries: &Entries, copy: &JournalCopy) -> Block {
    let Known { journal, number } = copy.known();
    entries.after(journal, number)
}

/// Whether the copy is one block, so that none is written for the other isolates.
fn is_one_block(copy: &JournalCopy) -> bool {
    std::ptr::eq(copy.to_block().as_bytes(), copy.to_block().as_bytes())
}

fn effect(copy: &JournalCopy, tag: u64, known: Option<Known>, fetched_at: i64) -> Purged {
    copy.effect([TagDigest(tag)], known, Time(fetched_at), SKEW).purged
}

#[test]
fn an_entry_outdates_a_response_that_does_not_know_it() {
    let mut entries = journal(ID);
    let (number, _) = entries.append(&append(1, PurgeMode::Hard, &[5]), Time(2_000));
    let copy = whole(&entries, 2_001);
    let known = |number| Some(Known { journal: ID, number });
    assert_eq!(number, Number(2_000));
    assert_eq!(effect(&copy, 5, None, 1_500), Purged::Hard);
    assert_eq!(effect(&copy, 6, None, 1_500), Purged::No, "another tag");
    assert_eq!(effect(&copy, 5, known(Number(1_999)), 2_005), Purged::Hard, "within the skew");
    assert_eq!(effect(&copy, 5, known(Number(1_999)), 2_006), Purged::No, "past the skew");
    assert_eq!(effect(&copy, 5, known(number), 1_500), Purged::No, "it knows the entry");
    let elsewhere = Some(Known { journal: OTHER, number });
    assert_eq!(effect(&copy, 5, elsewhere, 1_500), Purged::Hard, "a number of another journal");
}

#[test]
fn entries_are_taken_without_a_gap_alone() {
    let mut entries = journal(ID);
    let mut copy = whole(&entries, 1_000);
    entries.append(&append(1, PurgeMode::Soft, &[1]), Time(2_000));
    let missed = copy.clone();
    assert_eq!(copy.learn(since(&entries, &copy), Time(2_001)), Learned::Merged);
    let newer = copy.known().number;
    entries.append(&append(2, PurgeMode::Soft, &[2]), Time(3_000));
    let mut behind = missed.clone();
    assert_eq!(behind.learn(entries.after(ID, newer), Time(3_001)), Learned::Gap);
    assert_eq!(behind.known(), missed.known());
    assert_eq!(behind.learn(since(&entries, &behind), Time(3_001)), Learned::Merged);
    assert_eq!(
        (effect(&behind, 1, None, 1), effect(&behind, 2, None, 1)),
        (Purged::Soft, Purged::Soft)
    );
}

#[test]
fn an_older_copy_takes_nothing_back() {
    let mut entries = journal(ID);
    let older = entries.after(ID, Number(0));
    entries.append(&append(1, PurgeMode::Soft, &[1]), Time(2_000));
    let mut copy = whole(&entries, 2_001);
    let known = copy.known();
    // It came late, or the object was restored to an earlier state: the copy has all it has.
    assert_eq!(copy.learn(older, Time(9_000)), Learned::Merged);
    assert_eq!((effect(&copy, 1, None, 1), copy.asked_at()), (Purged::Soft, Time(9_000)));
    assert_eq!(copy.known(), known);
}

#[test]
fn an_older_block_takes_back_no_purge_of_its_tags() {
    let mut entries = journal(ID);
    let mut copy = whole(&entries, 1_000);
    entries.append(&append(1, PurgeMode::Soft, &[1]), Time(2_000));
    let older = entries.all();
    entries.append(&append(2, PurgeMode::Soft, &[1]), Time(3_000));
    entries.append(&append(3, PurgeMode::Hard, &[1]), Time(4_000));
    for block in [since(&entries, &copy), older] {
        assert_eq!(copy.learn(block, Time(5_000)), Learned::Merged);
    }
    assert_eq!(copy.to_block(), entries.all());
}

#[test]
fn a_block_that_lacks_nothing_is_taken_over_as_it_is() {
    let mut entries = journal(ID);
    let mut copy = whole(&entries, 1_000);
    entries.append(&append(1, PurgeMode::Soft, &[1]), Time(2_000));
    entries.append(&append(2, PurgeMode::Hard, &[2]), Time(3_000));
    let all = entries.all();
    for block in [since(&entries, &copy), all.clone()] {
        assert_eq!(copy.learn(block, Time(4_000)), Learned::Merged);
    }
    assert!(std::ptr::eq(copy.to_block().as_bytes(), all.as_bytes()));
}

#[test]
fn a_copy_is_as_old_as_its_request() {
    let entries = journal(ID);
    let mut copy = whole(&entries, 2_000);
    assert_eq!(copy.learn(since(&entries, &copy), Time(1_500)), Learned::Merged);
    assert_eq!(copy.asked_at(), Time(2_000), "a late answer makes it no older");
    assert_eq!(copy.learn(since(&entries, &copy), Time(3_000)), Learned::Merged);
    assert_eq!(copy.asked_at(), Time(3_000));
}

#[test]
fn another_journal_is_taken_over_as_a_whole_and_if_it_was_asked_for_later() {
    let mut copy = whole(&journal(ID), 2_000);
    let mut entries = journal(OTHER);
    entries.append(&append(1, PurgeMode::Hard, &[1]), Time(2_500));
    let part = entries.after(OTHER, entries.head().complete_since);
    assert_eq!(copy.learn(part, Time(3_000)), Learned::Gap);
    let all = || entries.after(OTHER, Number(0));
    assert_eq!(copy.learn(all(), Time(1_999)), Learned::Ignored);
    assert_eq!(copy.known().journal, ID);
    assert_eq!(copy.learn(all(), Time(3_000)), Learned::Merged);
    assert_eq!((copy.known().journal, effect(&copy, 1, None, 1)), (OTHER, Purged::Hard));
}

#[test]
fn a_stale_window_counts_from_the_first_purge_that_outdates() {
    let mut entries = journal(ID);
    for (request, now) in [(1, 2_000), (2, 3_000), (3, 4_000)] {
        entries.append(&append(request, PurgeMode::Soft, &[1]), Time(now));
    }
    let copy = whole(&entries, 5_000);
    let since =
        |fetched_at| copy.effect([TagDigest(1)], None, Time(fetched_at), SKEW).outdated_since;
    assert_eq!(since(1_500), Some(Time(2_000)));
    assert_eq!(since(2_500), Some(Time(3_000)));
    assert_eq!(since(3_500), Some(Time(4_000)));
    assert_eq!(since(4_006), None);
    // Its number tells more than a clock: it did not know the second purge.
    let known = |number| Some(Known { journal: ID, number: Number(number) });
    let since = |number, fetched_at| {
        copy.effect([TagDigest(1)], known(number), Time(fetched_at), SKEW).outdated_since
    };
    assert_eq!(since(2_000, 3_004), Some(Time(3_000)));
    assert_eq!(since(3_000, 2_999), Some(Time(4_000)));
    assert_eq!(since(2_000, 3_006), Some(Time(4_000)));
}

#[test]
fn a_copy_of_many_entries_is_the_same_after_it_was_merged() {
    let mut entries = journal(ID);
    let mut copy = whole(&entries, 1_000);
    for number in 0..5_000u64 {
        let mode = if number % 3 == 0 { PurgeMode::Hard } else { PurgeMode::Soft };
        entries.append(&append(number.into(), mode, &[number % 4_500]), Time(2_000));
        assert_eq!(copy.learn(since(&entries, &copy), Time(2_000)), Learned::Merged);
    }
    let fresh = whole(&entries, 2_000);
    let of = |copy: &JournalCopy, tag| copy.effect([TagDigest(tag)], None, Time(1), SKEW);
    assert!((0..4_501).all(|tag| of(&copy, tag) == of(&fresh, tag)));
    assert_eq!(copy.to_block(), fresh.to_block());
}

#[rstest]
#[case(4_096, false)]
#[case(4_097, true)]
fn many_recent_entries_become_part_of_the_block(#[case] tags: u64, #[case] expected: bool) {
    let mut entries = journal(ID);
    let mut copy = whole(&entries, 1_000);
    let tags: Vec<u64> = (0..tags).collect();
    entries.append(&append(1, PurgeMode::Soft, &tags), Time(2_000));
    assert_eq!(copy.learn(since(&entries, &copy), Time(2_000)), Learned::Merged);
    assert_eq!(is_one_block(&copy), expected);
}

#[test]
fn a_block_tells_the_state_of_the_journal_without_a_new_entry() {
    let mut copy = whole(&journal(ID), 2_000);
    let head = Head { last: Number(3_000), ..copy.head() };
    let news = Block::write(head, copy.known().number, std::iter::empty());
    assert_eq!(copy.learn(news, Time(3_001)), Learned::Merged);
    assert_eq!(copy.to_block().head(), head);
}

/// A journal that has room for two entries.
fn small_journal() -> Entries {
    let room = Room { most: 2, visitors_most: 1, ..Room::default() };
    Entries::born(ID, Before::Records, room, Time(1_000)).0
}

#[test]
fn a_dropped_entry_is_in_no_later_block() {
    let mut entries = small_journal();
    entries.append(&append(1, PurgeMode::Soft, &[1]), Time(2_000));
    entries.append(&append(2, PurgeMode::Soft, &[2]), Time(3_000));
    let copy = whole(&entries, 3_000);
    entries.append(&append(3, PurgeMode::Soft, &[3]), Time(4_000));
    for block in [since(&entries, &copy), entries.all()] {
        let mut copy = copy.clone();
        assert_eq!(copy.learn(block, Time(5_000)), Learned::Merged);
        assert_eq!(copy.to_block(), entries.all());
    }
}

#[test]
fn a_dropped_entry_makes_no_page_fresher() {
    let mut entries = small_journal();
    for (request, tag, now) in [(1, 1, 2_000), (2, 2, 3_000), (3, 3, 4_000)] {
        entries.append(&append(request, PurgeMode::Soft, &[tag]), Time(now));
    }
    let copy = whole(&entries, 5_000);
    let judged = |tag: u64, fetched_at| copy.effect([TagDigest(tag)], None, Time(fetched_at), SKEW);
    assert_eq!(judged(1, 1_500).purged, Purged::Soft, "the entry was dropped");
    let expected = Effect { purged: Purged::Soft, outdated_since: Some(Time(2_000)) };
    assert_eq!(judged(9, 1_500), expected, "it may have been of any tag");
    assert_eq!(judged(9, 2_006).purged, Purged::No);
}

#[test]
fn no_tag_is_looked_up_if_nothing_was_purged_since() {
    let mut entries = journal(ID);
    entries.append(&append(1, PurgeMode::Hard, &[5]), Time(2_000));
    let copy = whole(&entries, 3_000);
    let tags = || std::iter::from_fn(|| -> Option<TagDigest> { panic!("a tag was looked up") });
    assert_eq!(copy.effect(tags(), Some(copy.known()), Time(1), SKEW), Effect::NONE);
    assert_eq!(copy.effect(tags(), None, Time(2_006), SKEW), Effect::NONE);
}

#[test]
fn a_response_from_before_the_journal_is_not_in_its_reach() {
    let copy = whole(&journal(ID), 2_000);
    let born = copy.known();
    let skew = Duration::from_millis(5);
    assert!(!copy.reaches(None, Time(1_005), skew));
    assert!(copy.reaches(None, Time(1_006), skew));
    assert!(copy.reaches(Some(born), Time(1), skew));
    assert!(!copy.reaches(Some(Known { journal: OTHER, ..born }), Time(1), skew));
}

#[rstest]
#[case::young(Some(14_999), 0, Due::No)]
#[case::half_the_bound(Some(15_000), 0, Due::InBackground)]
#[case::delayed(Some(19_999), 5_000, Due::No)]
#[case::past_the_delay(Some(20_000), 5_000, Due::InBackground)]
#[case::delayed_past_the_bound(Some(30_000), 20_000, Due::Now)]
#[case::below_the_bound(Some(29_999), 0, Due::InBackground)]
#[case::at_the_bound(Some(30_000), 0, Due::Now)]
#[case::of_a_clock_that_is_ahead(Some(-1_000), 0, Due::No)]
#[case::no_copy(None, 0, Due::Now)]
fn a_copy_is_refreshed_by_its_age(
    #[case] age: Option<i64>,
    #[case] delay: u64,
    #[case] expected: Due,
) {
    let asked_at = age.map(|age| Time(-age));
    let delay = Duration::from_millis(delay);
    assert_eq!(due(asked_at, Duration::from_secs(30), delay, Time(0)), expected);
}

#[test]
fn an_earlier_purge_that_comes_late_hides_no_later_one() {
    let mut entries = journal(ID);
    let mut copy = whole(&entries, 1_000);
    let before = copy.known().number;
    let (own, _) = entries.append(&append(1, PurgeMode::Hard, &[5]), Time(2_000));
    let late = entries.after(ID, before);
    entries.append(&append(2, PurgeMode::Hard, &[5]), Time(3_000));
    assert_eq!(copy.learn(entries.all(), Time(3_001)), Learned::Merged);
    assert_eq!(copy.learn(late, Time(2_000)), Learned::Merged);
    // It was asked for between the two purges.
    assert_eq!(effect(&copy, 5, Some(Known { journal: ID, number: own }), 2_500), Purged::Hard);
}
