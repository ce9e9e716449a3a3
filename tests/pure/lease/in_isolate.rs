use std::cell::Cell;
use std::rc::Rc;

use edge_isr::lease::LeaseEnd;
use edge_isr::lease::in_isolate::Leases;
use edge_isr::platform::Signal;
use edge_isr::policy::key::{CacheKey, Slot};
use edge_isr::policy::time::Time;
use rstest::rstest;

const UNTIL: Time = Time(1_000);

fn slot(path: &str) -> Slot {
    CacheKey::parse(&format!("https://a{path}")).unwrap().slot()
}

/// The lease of `/` is held by token 1 from 0 until 1,000.
fn held() -> Leases {
    let mut leases = Leases::default();
    assert!(leases.take(&slot("/"), 1, UNTIL, Time(0)));
    leases
}

/// A signal, and whether it was given.
fn signal() -> (Signal, Rc<Cell<bool>>) {
    let given = Rc::new(Cell::new(false));
    let seen = given.clone();
    (Box::new(move || given.set(true)), seen)
}

#[rstest]
#[case::at_once(0, false)]
#[case::at_its_last_millisecond(999, false)]
#[case::when_it_ends(1_000, true)]
#[case::after_its_end(1_001, true)]
fn a_lease_is_held_until_its_end(#[case] now: i64, #[case] is_free: bool) {
    let mut leases = held();
    assert_eq!(leases.holder(&slot("/"), Time(now)).is_none(), is_free);
    assert_eq!(leases.take(&slot("/"), 2, Time(9_000), Time(now)), is_free);
    assert!(leases.take(&slot("/b"), 3, Time(9_000), Time(now)), "of another slot");
}

#[test]
fn a_lease_is_prolonged_by_its_holder_alone_and_never_shortened() {
    let mut leases = held();
    let until = |leases: &Leases| leases.holder(&slot("/"), Time(0)).unwrap().until;
    leases.prolong(&slot("/"), 2, Time(5_000));
    assert_eq!(until(&leases), UNTIL);
    leases.prolong(&slot("/"), 1, Time(500));
    assert_eq!(until(&leases), UNTIL);
    leases.prolong(&slot("/"), 1, Time(5_000));
    assert_eq!(until(&leases), Time(5_000));
}

#[test]
fn a_lease_is_ended_by_its_holder_alone_and_wakes_the_requests_that_wait() {
    let mut leases = held();
    let (wakes, given) = signal();
    assert!(!leases.is_awaited(&slot("/"), 1));
    leases.wait(&slot("/"), wakes);
    assert!(leases.is_awaited(&slot("/"), 1));
    assert!(!leases.is_awaited(&slot("/"), 2));
    let waiting = leases.holder(&slot("/"), Time(0)).unwrap();
    assert!(leases.end(&slot("/"), 2, LeaseEnd::Abandoned).is_empty());
    assert_eq!(waiting.outcome.get(), None);
    leases.end(&slot("/"), 1, LeaseEnd::Uncacheable).into_iter().for_each(|wake| wake());
    assert!(given.get());
    assert_eq!(waiting.outcome.get(), Some(LeaseEnd::Uncacheable));
    assert!(leases.take(&slot("/"), 2, UNTIL, Time(0)));
}

#[test]
fn an_overdue_lease_is_ended_unless_another_request_holds_it_by_now() {
    let mut leases = held();
    let overdue = leases.holder(&slot("/"), Time(0)).unwrap();
    assert!(leases.take(&slot("/"), 2, Time(9_000), UNTIL));
    leases.end_overdue(&slot("/"), &overdue);
    assert!(leases.holder(&slot("/"), UNTIL).is_some());
    let overdue = leases.holder(&slot("/"), UNTIL).unwrap();
    leases.end_overdue(&slot("/"), &overdue);
    assert!(leases.holder(&slot("/"), UNTIL).is_none());
}

#[test]
fn leases_of_lost_holders_give_way_when_there_are_many() {
    let mut leases = Leases::default();
    let slots: Vec<Slot> = (0..4_096).map(|number| slot(&format!("/{number}"))).collect();
    // One holder lives on; one expires at the moment of the next.
    for (number, slot) in slots.iter().enumerate() {
        let until = if number == 0 { 2_000 } else { 1_000 };
        leases.take(slot, 1, Time(until), Time(0));
    }
    assert!(leases.take(&slot("/"), 1, Time(3_000), UNTIL));
    let remembered = |slot: &Slot| leases.holder(slot, Time(0)).is_some();
    assert!(remembered(&slots[0]) && remembered(&slot("/")));
    assert!(!slots[1..].iter().any(remembered));
}

#[test]
fn no_lease_gives_way_while_there_is_room() {
    let mut leases = held();
    assert!(leases.take(&slot("/b"), 2, Time(9_000), Time(5_000)));
    assert!(leases.holder(&slot("/"), Time(0)).is_some());
}
