use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::journal::block::Block;
use edge_isr::journal::copy::{Due, JournalCopy, Learned};
use edge_isr::journal::memory::{Basis, JournalMemory};
use edge_isr::journal::{Head, JournalId, Known, Number};
use edge_isr::platform::Signal;
use edge_isr::policy::time::Time;

const BOUND: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(2);
const NO_DELAY: Duration = Duration::ZERO;

fn block(after: u64, last: u64) -> Block {
    block_of(JournalId(1), after, last)
}

fn block_of(id: JournalId, after: u64, last: u64) -> Block {
    let head = Head { id, last: Number(last), ..Head::default() };
    Block::write(head, Number(after), std::iter::empty())
}

fn known(number: u64) -> Known {
    Known { journal: JournalId(1), number: Number(number) }
}

/// Counts in `woken` when the request of this signal goes on.
fn signal(woken: &Rc<Cell<u32>>) -> Signal {
    let woken = woken.clone();
    Box::new(move || woken.set(woken.get() + 1))
}

#[test]
fn that_no_journal_was_published_is_known_for_a_minute() {
    let mut memory = JournalMemory::default();
    assert_eq!(memory.has_found(Time(0)), None);
    memory.replace_published(Vec::new(), Time(0));
    assert_eq!(memory.has_found(Time(59_999)), Some(false));
    assert_eq!(memory.has_found(Time(60_000)), None);
    // What was published stays in force.
    memory
        .replace_published(JournalCopy::whole(block(0, 5), Time(0)).into_iter().collect(), Time(0));
    assert_eq!(memory.has_found(Time(60_000)), Some(true));
}

#[test]
fn a_first_copy_must_be_whole() {
    let mut memory = JournalMemory::default();
    assert_eq!(memory.learn(block(3, 5), Time(0), NO_DELAY), Learned::Gap);
    assert_eq!((memory.known(), memory.due(BOUND, Time(0))), (None, Due::Now));
    assert_eq!(memory.learn(block(0, 5), Time(0), NO_DELAY), Learned::Merged);
    assert_eq!((memory.known(), memory.due(BOUND, Time(0))), (Some(known(5)), Due::No));
}

#[test]
fn a_copy_of_the_same_number_is_as_young_as_the_youngest() {
    let mut memory = JournalMemory::default();
    memory.learn(block(0, 5), Time(1_000), NO_DELAY);
    assert!(!memory.confirm(known(4), Time(20_000), NO_DELAY));
    assert!(memory.confirm(known(5), Time(20_000), NO_DELAY));
    assert!(memory.confirm(known(5), Time(10_000), NO_DELAY));
    assert_eq!(memory.copy().unwrap().asked_at(), Time(20_000));
}

#[test]
fn one_refresh_is_under_way_at_a_time() {
    let mut memory = JournalMemory::default();
    let first = memory.begin(LIMIT, Time(0)).unwrap();
    assert_eq!(memory.begin(LIMIT, Time(1_999)), None);
    let woken = Rc::new(Cell::new(0));
    memory.wait(signal(&woken));
    // A refresh that was lost gives way, and its waiting requests wait for the next.
    let second = memory.begin(LIMIT, Time(2_000)).unwrap();
    assert_eq!(memory.end(first).len(), 0);
    memory.wait(signal(&woken));
    memory.end(second).into_iter().for_each(|signal| signal());
    assert_eq!(woken.get(), 2);
    // Without a refresh there is nothing to wait for.
    memory.wait(signal(&woken));
    assert_eq!(woken.get(), 3);
}

#[test]
fn no_request_waits_for_a_late_object() {
    let (mut memory, woken) = (JournalMemory::default(), Rc::new(Cell::new(0)));
    let refresh = memory.begin(LIMIT, Time(0)).unwrap();
    memory.wait(signal(&woken));
    memory.mark_late(refresh).into_iter().for_each(|signal| signal());
    assert_eq!(woken.get(), 1);
    memory.wait(signal(&woken));
    assert_eq!(woken.get(), 2);
}

#[test]
fn a_copy_as_old_as_the_bound_is_no_basis() {
    let mut memory = JournalMemory::default();
    memory.learn(block(0, 5), Time(0), NO_DELAY);
    assert_eq!(memory.basis(BOUND, Time(29_999)), Some(Basis::Object));
    assert_eq!(memory.basis(BOUND, Time(30_000)), None);
}

#[test]
fn another_journal_in_kv_stands_beside_the_copy() {
    let mut memory = JournalMemory::default();
    memory.learn(block(0, 5), Time(0), NO_DELAY);
    let (other, late) = (JournalId(2), Time(30_500));
    assert!(!memory.learn_published(block_of(other, 3, 9), Time(1_000)), "a part of it alone");
    assert_eq!(memory.basis(BOUND, late), None);
    assert!(memory.learn_published(block_of(other, 0, 9), Time(1_000)));
    assert_eq!(memory.basis(BOUND, late), Some(Basis::Published));
    let found = Known { journal: other, number: Number(9) };
    assert!(memory.copies().map(JournalCopy::known).eq([known(5), found]));
}

#[test]
fn a_block_is_shared_once_for_each_host() {
    let mut memory = JournalMemory::default();
    assert_eq!(memory.to_share("a"), None);
    memory.learn(block(0, 5), Time(0), NO_DELAY);
    assert_eq!(memory.to_share("a"), Some(block(0, 5)));
    memory.shared("a", known(5));
    assert_eq!(memory.to_share("a"), None);
    assert_eq!(memory.to_share("b"), Some(block(0, 5)));
    memory.learn(block(5, 6), Time(1), NO_DELAY);
    assert_eq!(memory.to_share("a"), Some(block(0, 6)));
}

#[test]
fn each_copy_is_refreshed_with_a_delay_of_its_own() {
    let mut memory = JournalMemory::default();
    memory.learn(block(0, 5), Time(0), Duration::from_secs(5));
    assert_eq!(memory.due(BOUND, Time(19_999)), Due::No);
    assert_eq!(memory.learn(block(7, 9), Time(0), NO_DELAY), Learned::Gap);
    assert_eq!(memory.due(BOUND, Time(19_999)), Due::No, "the copy is the same");
    memory.learn(block(5, 6), Time(0), NO_DELAY);
    assert_eq!(memory.due(BOUND, Time(15_000)), Due::InBackground);
}
