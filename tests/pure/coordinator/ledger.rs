use std::collections::BTreeMap;
use std::time::Duration;

use edge_isr::coordinator::ledger::{Ledger, RowChange};
use edge_isr::coordinator::shard::{LeaseReply, ShardReply, ShardRequest};
use edge_isr::lease::LeaseEnd;
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

use super::{published, some_ending};

const LIFE: Duration = Duration::from_millis(1_000);

fn claim(slot: &str, token: u64) -> ShardRequest {
    ShardRequest::Claim { slot: slot.to_owned(), token, life: LIFE, waited: false, tags: vec![] }
}

fn claim_again(slot: &str, token: u64) -> ShardRequest {
    ShardRequest::Claim { slot: slot.to_owned(), token, life: LIFE, waited: true, tags: vec![] }
}

fn release(slot: &str, token: u64, end: LeaseEnd) -> ShardRequest {
    ShardRequest::Release { slot: slot.to_owned(), token, end }
}

fn publish(tag: &str, at: i64, id: &str) -> ShardRequest {
    ShardRequest::Publish(published(tag, PurgeMode::Soft, at, id))
}

/// What a ledger says, with its rows as an object's storage keeps them.
#[derive(Default)]
struct Object {
    ledger: Ledger,
    rows: BTreeMap<String, String>,
}

impl Object {
    fn standing(&mut self, ask: ShardRequest, now: i64) -> LeaseReply {
        self.answer(ask, now).lease
    }

    fn answer(&mut self, ask: ShardRequest, now: i64) -> ShardReply {
        let (answer, changes) = self.ledger.answer(ask, Time(now));
        self.apply(changes);
        answer
    }

    fn ids(&mut self, tag: &str, now: i64) -> Vec<String> {
        let tags = vec![Tag::origin(tag).unwrap()];
        let records = self.answer(ShardRequest::Records(tags), now).records;
        records.into_iter().map(|published| published.record.id).collect()
    }

    fn apply(&mut self, changes: Vec<RowChange>) {
        for change in changes {
            match change {
                RowChange::Put { key, value } => self.rows.insert(key, value),
                RowChange::Delete { key } => self.rows.remove(&key),
            };
        }
    }

    fn evict(&mut self, now: i64) {
        let (ledger, changes) = Ledger::restored(self.rows.clone(), Time(now));
        self.ledger = ledger;
        self.apply(changes);
    }
}

#[test]
fn a_lease_has_a_single_holder_until_it_is_given_back_or_ends() {
    let mut object = Object::default();
    assert_eq!(object.standing(claim("a", 1), 0), LeaseReply::Granted);
    assert_eq!(object.standing(claim("a", 2), 0), LeaseReply::Held);
    assert_eq!(object.standing(claim("b", 2), 0), LeaseReply::Granted);
    object.answer(release("a", 1, LeaseEnd::Abandoned), 500);
    assert_eq!(object.standing(claim("a", 2), 500), LeaseReply::Granted);
    assert_eq!(object.standing(claim("a", 3), 1_499), LeaseReply::Held);
    assert_eq!(object.standing(claim("a", 3), 1_500), LeaseReply::Granted);
}

#[test]
fn a_claim_that_is_repeated_is_granted_again_and_from_then_on() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    assert_eq!(object.standing(claim("a", 1), 900), LeaseReply::Granted);
    assert_eq!(object.standing(claim("a", 2), 1_800), LeaseReply::Held);
}

#[test]
fn a_lease_is_given_back_by_its_holder_alone() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 2, LeaseEnd::Abandoned), 1);
    assert_eq!(object.standing(claim("a", 2), 2), LeaseReply::Held);
    object.answer(claim("a", 2), 1_000);
    object.answer(release("a", 1, LeaseEnd::Abandoned), 1_001);
    assert_eq!(object.standing(claim("a", 3), 1_002), LeaseReply::Held);
}

#[test]
fn no_lease_is_needed_for_a_page_that_turned_out_uncacheable() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 1, LeaseEnd::Uncacheable), 10);
    assert_eq!(object.standing(claim("a", 2), 20), LeaseReply::Free);
    assert_eq!(object.standing(claim("a", 3), 120_009), LeaseReply::Free);
    assert_eq!(object.standing(claim("a", 3), 120_010), LeaseReply::Granted);
}

#[test]
fn a_failure_is_shared_by_claims_that_waited_for_it_and_by_no_later_claim() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 1, LeaseEnd::Failed(502)), 10);
    assert_eq!(object.standing(claim_again("a", 2), 1_000), LeaseReply::Failed(502));
    assert_eq!(object.standing(claim("a", 3), 1_000), LeaseReply::Granted);
    assert_eq!(object.standing(claim_again("a", 2), 1_000), LeaseReply::Held);
    object.answer(release("a", 3, LeaseEnd::Failed(502)), 1_010);
    assert_eq!(object.standing(claim_again("a", 2), 3_010), LeaseReply::Granted);
}

#[test]
fn leases_and_records_survive_an_eviction_but_not_their_end() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(publish("t", 0, "record"), 0);
    object.evict(500);
    assert_eq!(object.standing(claim("a", 2), 500), LeaseReply::Held);
    assert_eq!(object.ids("t", 500), ["record"]);
    object.evict(600_000);
    assert_eq!(object.standing(claim("a", 2), 600_000), LeaseReply::Granted);
    assert_eq!(object.ids("t", 600_000), [""; 0]);
    object.answer(release("a", 2, LeaseEnd::Abandoned), 600_000);
    assert_eq!(object.rows.len(), 0);
}

#[test]
fn a_row_that_cannot_be_read_is_deleted() {
    let mut object = Object::default();
    for (key, row) in [("l/a", "9 lease x"), ("l/b", ""), ("r/x", "9999 record"), ("", "99 what")] {
        object.rows.insert(key.to_owned(), row.to_owned());
    }
    object.evict(0);
    assert_eq!(object.rows.len(), 0);
}

#[test]
fn an_expired_row_is_deleted_although_no_request_asks_for_it() {
    let mut object = Object::default();
    object.answer(claim("dead", 1), 0);
    object.answer(publish("t", 0, "record"), 0);
    assert_eq!(object.rows.len(), 2);
    object.ids("other", 61_000);
    assert_eq!(object.rows.len(), 1);
    object.ids("other", 661_000);
    assert_eq!(object.rows.len(), 0);
}

#[test]
fn records_are_given_by_tag_and_kind_for_ten_minutes_after_they_came() {
    let mut object = Object::default();
    object.answer(publish("t", 5_000, "one"), 1_000);
    object.answer(publish("t", 4_000, "two"), 2_000);
    object.answer(ShardRequest::Publish(published("t", PurgeMode::Hard, 0, "hard")), 2_000);
    object.answer(publish("u", 0, "other"), 2_000);
    object.answer(publish("t/u", 0, "nested"), 2_000);
    let mut ids = object.ids("t", 2_000);
    ids.sort();
    assert_eq!(ids, ["hard", "one", "two"]);
    assert_eq!(object.ids("T/u", 2_000), ["nested"]);
    assert_eq!(object.ids("t", 601_000), ["hard", "two"]);
}

#[test]
fn a_claim_brings_the_records_of_its_tags() {
    let mut object = Object::default();
    object.answer(publish("t", 0, "record"), 0);
    let tags = vec![Tag::origin("t").unwrap(), Tag::everything()];
    let ask =
        ShardRequest::Claim { slot: "a".to_owned(), token: 1, life: LIFE, waited: false, tags };
    let answer = object.answer(ask, 0);
    assert_eq!(answer.lease, LeaseReply::Granted);
    assert_eq!(answer.records, [published("t", PurgeMode::Soft, 0, "record")]);
}

#[test]
fn a_burst_of_purges_keeps_the_newest_records_and_the_record_with_the_latest_stamp() {
    let mut object = Object::default();
    object.answer(publish("t", 9_000, "fast clock"), 0);
    for number in 0..100 {
        object.answer(publish("t", number, &format!("{number:03}")), 1 + number);
    }
    let ids = object.ids("t", 200);
    assert_eq!(ids.len(), 8);
    assert!(ids.contains(&"fast clock".to_owned()) && ids.contains(&"099".to_owned()));
    assert!(!ids.contains(&"050".to_owned()));
    assert_eq!(object.rows.len(), 8);
    for number in 0..100 {
        object.answer(publish("moment", 0, &format!("{number:03}")), number);
    }
    assert_eq!(object.ids("moment", 200).len(), 8);
}

#[test]
fn a_record_that_comes_twice_is_kept_once() {
    let mut object = Object::default();
    object.answer(publish("t", 0, "record"), 0);
    object.answer(publish("t", 0, "record"), 1);
    assert_eq!(object.ids("t", 2), ["record"]);
}

#[test]
fn a_full_ledger_grants_no_lease_and_drops_its_oldest_records() {
    let mut object = Object::default();
    for number in 0..20_000 {
        object.ledger.answer(claim(&format!("{number}"), 1), Time(0));
        object.ledger.answer(publish(&format!("t{number}"), 0, "r"), Time(number));
    }
    assert_eq!(object.standing(claim("one more", 1), 100), LeaseReply::Full);
    assert_eq!(object.standing(claim("0", 2), 100), LeaseReply::Held);
    object.answer(publish("one-more", 0, "r"), 20_000);
    assert_eq!(object.ids("t0", 20_001), [""; 0]);
    assert_eq!(object.ids("one-more", 20_001), ["r"]);
    // Once they have ended there is room again.
    assert_eq!(object.standing(claim("one more", 1), 90_000), LeaseReply::Granted);
}

/// One step in the life of an object: what a holder does with which of three slots, and how long after.
#[derive(Clone, Debug)]
enum Step {
    Claim { slot: u8, token: u64, life: u64, waited: bool },
    Release { slot: u8, token: u64, end: LeaseEnd },
    Evict,
}

fn some_steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let claim = (0..3u8, 0..4u64, 1..300u64, any::<bool>())
        .prop_map(|(slot, token, life, waited)| Step::Claim { slot, token, life, waited });
    let release = (0..3u8, 0..4u64, some_ending()).prop_map(|(slot, token, end)| Step::Release {
        slot,
        token,
        end,
    });
    let step = prop_oneof![4 => claim, 3 => release, 1 => Just(Step::Evict)];
    proptest::collection::vec((0..120u64, step), 0..60)
}

proptest! {
    /// Against a list of the leases that were granted and their ends, which knows nothing of rows.
    #[test]
    fn a_live_lease_never_has_two_holders(steps in some_steps()) {
        let mut object = Object::default();
        let mut held: BTreeMap<u8, (u64, u64)> = BTreeMap::new();
        let mut now = 0;
        for (after, step) in steps {
            now += after;
            match step {
                Step::Evict => object.evict(now as i64),
                Step::Release { slot, token, end } => {
                    object.answer(release(&slot.to_string(), token, end), now as i64);
                    held.retain(|of, (holder, _)| *of != slot || *holder != token);
                }
                Step::Claim { slot, token, life, waited } => {
                    let life_of = Duration::from_millis(life);
                    let name = slot.to_string();
                    let ask = ShardRequest::Claim { slot: name, token, life: life_of, waited, tags: vec![] };
                    let lease = object.standing(ask, now as i64);
                    let other = held.get(&slot).filter(|(holder, until)| *holder != token && now < *until);
                    if other.is_some() {
                        prop_assert_eq!(lease, LeaseReply::Held);
                    } else {
                        prop_assert_ne!(lease, LeaseReply::Held);
                    }
                    if lease == LeaseReply::Granted {
                        held.insert(slot, (token, now + life));
                    }
                }
            }
        }
    }
}

/// The rows that an ask at this time deletes.
fn deleted(ledger: &mut Ledger, now: i64) -> usize {
    let (_, changes) = ledger.answer(ShardRequest::Records(vec![]), Time(now));
    changes.iter().filter(|change| matches!(change, RowChange::Delete { .. })).count()
}

#[test]
fn expired_rows_are_deleted_once_a_minute_from_the_moment_of_their_end() {
    let lease = |life| ShardRequest::Claim {
        slot: format!("of {life}"),
        token: 1,
        life: Duration::from_millis(life),
        waited: false,
        tags: vec![],
    };
    let mut ledger = Ledger::default();
    ledger.answer(lease(10_000), Time(0));
    ledger.answer(lease(60_000), Time(0));
    assert_eq!(deleted(&mut ledger, 59_999), 0);
    assert_eq!(deleted(&mut ledger, 60_000), 2);
}

#[test]
fn a_ledger_that_was_read_again_has_nothing_to_delete_for_a_minute() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.evict(500);
    assert_eq!(deleted(&mut object.ledger, 1_000), 0);
    assert_eq!(deleted(&mut object.ledger, 60_500), 1);
}

#[test]
fn a_record_is_given_until_its_end_also_where_it_is_not_deleted_yet() {
    const END: i64 = 10 * 60 * 1000;
    let mut object = Object::default();
    object.answer(publish("t", 0, "record"), 0);
    assert_eq!(object.ids("t", END - 1), ["record"]);
    assert_eq!(object.ids("t", END), [""; 0]);
}

#[test]
fn as_many_records_are_kept_as_there_is_room_for() {
    const MOST: usize = 20_000;
    let mut object = Object::default();
    for number in 0..MOST {
        object.answer(publish(&format!("t{number}"), 0, "record"), number as i64 / 1000);
    }
    assert_eq!(object.rows.len(), MOST);
    object.answer(publish("another", 0, "record"), 100);
    assert_eq!(object.rows.len(), MOST);
    assert_eq!(object.ids("another", 100), ["record"]);
}
