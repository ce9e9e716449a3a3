use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::journal::block::Block;
use edge_isr::journal::copy::{Due, Learned};
use edge_isr::journal::memory::JournalMemory;
use edge_isr::journal::{Head, JournalId, Known, Number};
use edge_isr::policy::time::Time;

const BOUND: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(2);
const NO_DELAY: Duration = Duration::ZERO;

fn block(after: u64, last: u64) -> Block {
    let head = Head { id: JournalId(1), last: Number(last), ..Head::default() };
    Block::write(head, Number(after), std::iter::empty())
}

fn known(number: u64) -> Known {
    Known { journal: JournalId(1), number: Number(number) }
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
    let waiter = |memory: &mut JournalMemory| {
        let woken = woken.clone();
        memory.wait(Box::new(move || woken.set(woken.get() + 1)));
    };
    waiter(&mut memory);
    // A refresh that was lost gives way, and its waiting requests wait for the next.
    let second = memory.begin(LIMIT, Time(2_000)).unwrap();
    assert_eq!(memory.end(first).len(), 0);
    waiter(&mut memory);
    memory.end(second).into_iter().for_each(|signal| signal());
    assert_eq!(woken.get(), 2);
    // Without a refresh there is nothing to wait for.
    waiter(&mut memory);
    assert_eq!(woken.get(), 3);
}
