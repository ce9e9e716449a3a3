use std::collections::BTreeMap;
use std::time::Duration;

use edge_isr::coordinator::ledger::Ledger;
use edge_isr::coordinator::shard::{LeaseReply, ShardRequest};
use edge_isr::lease::LeaseEnd;
use edge_isr::platform::rows::RowChange;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

use super::some_ending;

const LIFE: Duration = Duration::from_millis(1_000);

fn claim(slot: &str, token: u64) -> ShardRequest {
    ShardRequest::Claim { slot: slot.to_owned(), token, life: LIFE, waited: false }
}

fn claim_again(slot: &str, token: u64) -> ShardRequest {
    ShardRequest::Claim { slot: slot.to_owned(), token, life: LIFE, waited: true }
}

fn release(slot: &str, token: u64, end: LeaseEnd) -> ShardRequest {
    ShardRequest::Release { slot: slot.to_owned(), token, end }
}

/// What a ledger says, with its rows as an object's storage keeps them.
#[derive(Default)]
struct Object {
    ledger: Ledger,
    rows: BTreeMap<String, String>,
}

impl Object {
    fn answer(&mut self, ask: ShardRequest, now: i64) -> LeaseReply {
        let (answer, changes) = self.ledger.answer(ask, Time(now));
        self.apply(changes);
        answer
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
    assert_eq!(object.answer(claim("a", 1), 0), LeaseReply::Granted);
    assert_eq!(object.answer(claim("a", 2), 0), LeaseReply::Held);
    assert_eq!(object.answer(claim("b", 2), 0), LeaseReply::Granted);
    object.answer(release("a", 1, LeaseEnd::Abandoned), 500);
    assert_eq!(object.answer(claim("a", 2), 500), LeaseReply::Granted);
    assert_eq!(object.answer(claim("a", 3), 1_499), LeaseReply::Held);
    assert_eq!(object.answer(claim("a", 3), 1_500), LeaseReply::Granted);
}

#[test]
fn a_claim_that_is_repeated_is_granted_again_and_from_then_on() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    assert_eq!(object.answer(claim("a", 1), 900), LeaseReply::Granted);
    assert_eq!(object.answer(claim("a", 2), 1_800), LeaseReply::Held);
}

#[test]
fn a_lease_is_given_back_by_its_holder_alone() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 2, LeaseEnd::Abandoned), 1);
    assert_eq!(object.answer(claim("a", 2), 2), LeaseReply::Held);
    object.answer(claim("a", 2), 1_000);
    object.answer(release("a", 1, LeaseEnd::Abandoned), 1_001);
    assert_eq!(object.answer(claim("a", 3), 1_002), LeaseReply::Held);
}

#[test]
fn no_lease_is_needed_for_a_page_that_turned_out_uncacheable() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 1, LeaseEnd::Uncacheable), 10);
    assert_eq!(object.answer(claim("a", 2), 20), LeaseReply::Free);
    assert_eq!(object.answer(claim("a", 3), 120_009), LeaseReply::Free);
    assert_eq!(object.answer(claim("a", 3), 120_010), LeaseReply::Granted);
}

#[test]
fn a_failure_is_shared_by_claims_that_waited_for_it_and_by_no_later_claim() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 1, LeaseEnd::Failed(502)), 10);
    assert_eq!(object.answer(claim_again("a", 2), 1_000), LeaseReply::Failed(502));
    assert_eq!(object.answer(claim("a", 3), 1_000), LeaseReply::Granted);
    assert_eq!(object.answer(claim_again("a", 2), 1_000), LeaseReply::Held);
    object.answer(release("a", 3, LeaseEnd::Failed(502)), 1_010);
    assert_eq!(object.answer(claim_again("a", 2), 3_010), LeaseReply::Granted);
}

#[test]
fn leases_survive_an_eviction_but_not_their_end() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.evict(500);
    assert_eq!(object.answer(claim("a", 2), 500), LeaseReply::Held);
    object.evict(600_000);
    assert_eq!(object.answer(claim("a", 2), 600_000), LeaseReply::Granted);
    object.answer(release("a", 2, LeaseEnd::Abandoned), 600_000);
    assert_eq!(object.rows.len(), 0);
}

#[test]
fn a_row_that_cannot_be_read_is_deleted() {
    let mut object = Object::default();
    // The third is a purge record of an older version.
    let record = "9999 record soft 5 0123456789abcdef,4 t";
    for (key, row) in [("l/a", "9 lease x"), ("l/b", ""), ("r/t/soft/x", record), ("", "99 what")] {
        object.rows.insert(key.to_owned(), row.to_owned());
    }
    object.evict(0);
    assert_eq!(object.rows.len(), 0);
}

#[test]
fn an_expired_row_is_deleted_although_no_request_asks_for_it() {
    let mut object = Object::default();
    object.answer(claim("dead", 1), 0);
    object.answer(claim("uncacheable", 1), 0);
    object.answer(release("uncacheable", 1, LeaseEnd::Uncacheable), 0);
    assert_eq!(object.rows.len(), 2);
    object.answer(release("other", 1, LeaseEnd::Abandoned), 61_000);
    assert_eq!(object.rows.len(), 1);
    object.answer(release("other", 1, LeaseEnd::Abandoned), 661_000);
    assert_eq!(object.rows.len(), 0);
}

#[test]
fn a_full_ledger_grants_no_further_lease() {
    let mut object = Object::default();
    for number in 0..20_000 {
        object.ledger.answer(claim(&format!("{number}"), 1), Time(0));
    }
    assert_eq!(object.answer(claim("one more", 1), 100), LeaseReply::Full);
    assert_eq!(object.answer(claim("0", 2), 100), LeaseReply::Held);
    // Once they have ended there is room again.
    assert_eq!(object.answer(claim("one more", 1), 90_000), LeaseReply::Granted);
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
                    let ask = ShardRequest::Claim { slot: name, token, life: life_of, waited };
                    let lease = object.answer(ask, now as i64);
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

/// The number of rows that a request at this time deletes.
fn deleted(ledger: &mut Ledger, now: i64) -> usize {
    let (_, changes) = ledger.answer(release("other", 1, LeaseEnd::Abandoned), Time(now));
    changes.iter().filter(|change| matches!(change, RowChange::Delete { .. })).count()
}

#[test]
fn expired_rows_are_deleted_once_a_minute_from_the_moment_of_their_end() {
    let lease = |life| ShardRequest::Claim {
        slot: format!("of {life}"),
        token: 1,
        life: Duration::from_millis(life),
        waited: false,
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
