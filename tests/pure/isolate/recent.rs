use edge_isr::isolate::recent::Recent;
use edge_isr::policy::time::Time;

use super::slot;

/// The largest number of slots that are remembered.
const MOST: i64 = 4096;

/// As many slots as are remembered, noted one after the other.
fn full() -> Recent<i64> {
    let recent = Recent::default();
    for number in 0..MOST {
        recent.note(&slot(&number.to_string()), number, Time(number));
    }
    recent
}

fn remembered(recent: &Recent<i64>) -> Vec<i64> {
    (0..MOST).filter(|number| recent.get(&slot(&number.to_string())) == Some(*number)).collect()
}

#[test]
fn a_value_is_remembered_until_it_is_forgotten() {
    let recent = Recent::default();
    recent.note(&slot("a"), 1, Time(0));
    recent.note(&slot("a"), 2, Time(0));
    assert_eq!((recent.get(&slot("a")), recent.get(&slot("b"))), (Some(2), None));
    recent.forget(&slot("a"));
    assert_eq!(recent.get(&slot("a")), None);
}

#[test]
fn all_slots_are_remembered_while_there_is_room() {
    assert_eq!(remembered(&full()), (0..MOST).collect::<Vec<_>>());
}

#[test]
fn a_further_slot_takes_the_place_of_the_older_half() {
    let recent = full();
    recent.note(&slot("new"), 0, Time(MOST));
    assert_eq!(remembered(&recent), (MOST / 2 + 1..MOST).collect::<Vec<_>>());
    assert_eq!(recent.get(&slot("new")), Some(0));
}

#[test]
fn a_known_slot_takes_no_place_of_another() {
    let recent = full();
    recent.note(&slot("7"), 7, Time(MOST));
    assert_eq!(remembered(&recent), (0..MOST).collect::<Vec<_>>());
}
