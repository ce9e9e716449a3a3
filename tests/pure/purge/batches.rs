use std::rc::Rc;
use std::time::Duration;

use edge_isr::platform::kv_key::KvKey;
use edge_isr::policy::time::Time;
use edge_isr::purge::batches::{Batch, Batches, Limit, Reopened, Role, WriteEnd};
use rstest::rstest;

use crate::held::held;

const LASTS: Duration = Duration::from_millis(5_000);
const LIMIT: Duration = Duration::from_millis(3_000);
/// KV takes one write of a key in this time.
const PACE: u64 = 1_100;

fn key(number: u32) -> KvKey {
    KvKey::receipt(&number.to_string())
}

/// A purge of `key(number)` joins a batch.
fn join(batches: &mut Batches, number: u32, now: i64) -> (Rc<Batch>, Role) {
    let joined = batches.join(&key(number), LASTS, Time(now));
    (joined.batch, joined.role)
}

/// The batch of `key(0)` is written from 0 on.
fn writing() -> (Batches, Rc<Batch>) {
    let mut batches = Batches::default();
    let (batch, _) = join(&mut batches, 0, 0);
    batches.begin(&key(0), &batch, LIMIT, Time(0));
    (batches, batch)
}

#[test]
fn a_purge_joins_the_batch_that_forms_until_its_end() {
    for (now, role) in [(0, Role::Follows), (4_999, Role::Follows), (5_000, Role::Leads)] {
        let mut batches = Batches::default();
        let (first, leads) = join(&mut batches, 0, 0);
        let (batch, then) = join(&mut batches, 0, now);
        assert_eq!((leads, then), (Role::Leads, role), "at {now}");
        assert_eq!(Rc::ptr_eq(&first, &batch), role == Role::Follows);
        assert_eq!(join(&mut batches, 1, now).1, Role::Leads, "of another key");
    }
}

#[test]
fn a_purge_does_not_join_a_write_under_way() {
    let (mut batches, writing) = writing();
    let (next, role) = join(&mut batches, 0, 1);
    assert_eq!(role, Role::Leads);
    assert!(!Rc::ptr_eq(&writing, &next));
}

#[rstest]
#[case::a_write_is_under_way(1_099, false, 100)]
#[case::until_its_limit(2_999, false, 100)]
#[case::and_no_longer(3_000, false, 0)]
#[case::one_has_just_ended(100, true, 1_000)]
#[case::the_pace_is_kept(1_099, true, 1)]
#[case::a_second_is_over(1_100, true, 0)]
fn a_write_waits_while(#[case] now: i64, #[case] has_ended: bool, #[case] milliseconds: u64) {
    let (mut batches, _) = writing();
    if has_ended {
        batches.free(&key(0));
    }
    assert_eq!(batches.wait(&key(0), Time(now)), Duration::from_millis(milliseconds));
    assert_eq!(batches.wait(&key(1), Time(now)), Duration::ZERO, "of another key");
}

#[test]
fn a_batch_whose_write_failed_takes_further_purges() {
    let (mut batches, batch) = writing();
    assert_eq!(batches.reopen(&key(0), &batch, Time(100)), Reopened::Open);
    assert!(Rc::ptr_eq(&join(&mut batches, 0, 100).0, &batch));
}

#[test]
fn a_batch_that_formed_meanwhile_stands_for_the_one_that_failed() {
    let (mut batches, failed) = writing();
    let (next, _) = join(&mut batches, 0, 100);
    assert_eq!(batches.reopen(&key(0), &failed, Time(5_099)), Reopened::StoodFor);
    assert_eq!(failed.ended(), None);
    next.end(WriteEnd::Durable);
    assert_eq!(failed.ended(), Some(WriteEnd::Durable));
}

#[test]
fn the_limit_of_one_invocation_is_not_that_of_those_it_stood_for() {
    for (limit, expected) in
        [(Limit::Invocation, WriteEnd::Failed), (Limit::Day, WriteEnd::Refused(Limit::Day))]
    {
        let (mut batches, failed) = writing();
        let (next, _) = join(&mut batches, 0, 100);
        batches.reopen(&key(0), &failed, Time(200));
        next.end(WriteEnd::Refused(limit));
        assert_eq!(
            (next.ended(), failed.ended()),
            (Some(WriteEnd::Refused(limit)), Some(expected))
        );
    }
}

#[test]
fn a_batch_past_its_end_stands_for_none() {
    let (mut batches, failed) = writing();
    join(&mut batches, 0, 100);
    assert_eq!(batches.reopen(&key(0), &failed, Time(5_100)), Reopened::Open);
}

/// As many keys as are remembered. All but `key(0)` are idle.
fn crowded(before: impl FnOnce(&mut Batches)) -> Batches {
    let mut batches = Batches::default();
    before(&mut batches);
    for number in 1..10_000 {
        let (batch, _) = join(&mut batches, number, -9_000);
        batches.begin(&key(number), &batch, LIMIT, Time(-9_000));
    }
    batches
}

#[test]
fn a_crowd_of_keys_takes_no_batch_that_forms() {
    let mut batches = crowded(|batches| drop(join(batches, 0, 0)));
    join(&mut batches, 10_000, 4_999);
    assert_eq!(join(&mut batches, 0, 4_999).1, Role::Follows);
}

#[test]
fn a_crowd_of_keys_does_not_hasten_a_write() {
    let mut batches = crowded(|batches| {
        let (batch, _) = join(batches, 0, 0);
        batches.begin(&key(0), &batch, LIMIT, Time(0));
        batches.free(&key(0));
    });
    join(&mut batches, 10_000, 1_099);
    assert_eq!(batches.wait(&key(0), Time(1_099)), Duration::from_millis(PACE - 1_099));
}

#[test]
fn idle_keys_are_forgotten_when_there_are_many() {
    let held = held(|| {
        let mut batches = Batches::default();
        for number in 0..50_000 {
            let (batch, _) = join(&mut batches, number, i64::from(number));
            batches.begin(&key(number), &batch, LIMIT, Time(number.into()));
        }
        batches
    });
    assert!(held < 15_000 * 200, "{held} bytes");
}
