use std::collections::BTreeMap;
use std::time::Duration;

use edge_isr::coordinator::ledger::{Ledger, Row, RowChange, RowKind};
use edge_isr::coordinator::shard::{LeaseReply, Published, Shard, ShardReply, ShardRequest};
use edge_isr::coordinator::wire;
use edge_isr::lease::LeaseEnd;
use edge_isr::policy::fence::{PurgeMode, PurgeRecord};
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

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

fn published(tag: &str, mode: PurgeMode, at: i64, id: &str) -> Published {
    let record = PurgeRecord { at: Time(at), id: id.to_owned(), replaced: vec![] };
    Published { tag: Tag::origin(tag).unwrap(), mode, record }
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
    fn lease(&mut self, ask: ShardRequest, now: i64) -> LeaseReply {
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
fn a_lease_is_held_by_one_until_it_is_given_back_or_ends() {
    let mut object = Object::default();
    assert_eq!(object.lease(claim("a", 1), 0), LeaseReply::Granted);
    assert_eq!(object.lease(claim("a", 2), 0), LeaseReply::Held);
    assert_eq!(object.lease(claim("b", 2), 0), LeaseReply::Granted);
    object.answer(release("a", 1, LeaseEnd::Abandoned), 500);
    assert_eq!(object.lease(claim("a", 2), 500), LeaseReply::Granted);
    assert_eq!(object.lease(claim("a", 3), 1_499), LeaseReply::Held);
    assert_eq!(object.lease(claim("a", 3), 1_500), LeaseReply::Granted);
}

#[test]
fn a_claim_that_is_repeated_is_granted_again_and_from_then_on() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    assert_eq!(object.lease(claim("a", 1), 900), LeaseReply::Granted);
    assert_eq!(object.lease(claim("a", 2), 1_800), LeaseReply::Held);
}

#[test]
fn what_is_not_ours_cannot_be_given_back() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 2, LeaseEnd::Abandoned), 1);
    assert_eq!(object.lease(claim("a", 2), 2), LeaseReply::Held);
    object.answer(claim("a", 2), 1_000);
    object.answer(release("a", 1, LeaseEnd::Abandoned), 1_001);
    assert_eq!(object.lease(claim("a", 3), 1_002), LeaseReply::Held);
}

#[test]
fn nobody_needs_a_lease_for_a_page_that_turned_out_uncacheable() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 1, LeaseEnd::Uncacheable), 10);
    assert_eq!(object.lease(claim("a", 2), 20), LeaseReply::Free);
    assert_eq!(object.lease(claim("a", 3), 120_009), LeaseReply::Free);
    assert_eq!(object.lease(claim("a", 3), 120_010), LeaseReply::Granted);
}

#[test]
fn a_failure_is_shared_by_those_who_waited_for_it_and_by_nobody_after() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(release("a", 1, LeaseEnd::Failed(502)), 10);
    assert_eq!(object.lease(claim_again("a", 2), 1_000), LeaseReply::Failed(502));
    assert_eq!(object.lease(claim("a", 3), 1_000), LeaseReply::Granted);
    assert_eq!(object.lease(claim_again("a", 2), 1_000), LeaseReply::Held);
    object.answer(release("a", 3, LeaseEnd::Failed(502)), 1_010);
    assert_eq!(object.lease(claim_again("a", 2), 3_010), LeaseReply::Granted);
}

#[test]
fn leases_and_records_survive_an_eviction_but_not_their_end() {
    let mut object = Object::default();
    object.answer(claim("a", 1), 0);
    object.answer(publish("t", 0, "record"), 0);
    object.evict(500);
    assert_eq!(object.lease(claim("a", 2), 500), LeaseReply::Held);
    assert_eq!(object.ids("t", 500), ["record"]);
    object.evict(600_000);
    assert_eq!(object.lease(claim("a", 2), 600_000), LeaseReply::Granted);
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
fn what_has_expired_is_deleted_though_nobody_asks_for_it() {
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
fn a_burst_of_purges_keeps_the_newest_records_and_the_one_with_the_latest_stamp() {
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
        object.answer(publish("learn_count", 0, &format!("{number:03}")), number);
    }
    assert_eq!(object.ids("learn_count", 200).len(), 8);
}

#[test]
fn a_record_that_comes_twice_is_kept_once() {
    let mut object = Object::default();
    object.answer(publish("t", 0, "record"), 0);
    object.answer(publish("t", 0, "record"), 1);
    assert_eq!(object.ids("t", 2), ["record"]);
}

#[test]
fn it_is_bounded_and_says_so() {
    let mut object = Object::default();
    for number in 0..20_000 {
        object.ledger.answer(claim(&format!("{number}"), 1), Time(0));
        object.ledger.answer(publish(&format!("t{number}"), 0, "r"), Time(number));
    }
    assert_eq!(object.lease(claim("one more", 1), 100), LeaseReply::Full);
    assert_eq!(object.lease(claim("0", 2), 100), LeaseReply::Held);
    object.answer(publish("one-more", 0, "r"), 20_000);
    assert_eq!(object.ids("t0", 20_001), [""; 0]);
    assert_eq!(object.ids("one-more", 20_001), ["r"]);
    // Once they have ended there is room again.
    assert_eq!(object.lease(claim("one more", 1), 90_000), LeaseReply::Granted);
}

#[test]
fn slots_and_tags_are_spread_over_the_shards_and_stay_where_they_are() {
    let mut tags = BTreeMap::new();
    let mut slots = BTreeMap::new();
    for number in 0..1_000 {
        let tag = Tag::origin(&format!("t{number}")).unwrap();
        *tags.entry(Shard::of_tag(&tag, 8).to_string()).or_insert(0) += 1;
        let key = CacheKey::parse(&format!("https://a.test/{number}")).unwrap();
        *slots.entry(Shard::of_slot(&key.slot(), 8)).or_insert(0) += 1;
        assert_eq!(Shard::of_slot(&key.slot(), 1).to_string(), "shard-0-of-1");
    }
    assert_eq!((tags.len(), slots.len()), (8, 8));
    assert!(tags.values().chain(slots.values()).all(|count| (60..200).contains(count)));
    assert_eq!(Shard::of_tag(&Tag::origin("a").unwrap(), 8).to_string(), "shard-2-of-8");
}

#[test]
fn what_is_not_an_ask_or_an_answer_of_ours_is_none() {
    for text in
        ["", "claim", "claim a", "claim a x 1 0", "release a 1 what", "publish soft", "other"]
    {
        assert_eq!(wire::parse_request(text), None, "{text}");
    }
    for text in ["", "given", "failed x", "granted\nsoft", "granted\nmild 1 a t"] {
        assert_eq!(wire::parse_reply(text), None, "{text}");
    }
}

fn some_tag() -> impl Strategy<Value = Tag> {
    prop_oneof![
        "[!-+.-~]{1,20}".prop_map(|text| Tag::origin(&text).unwrap()),
        "[ -~]{0,20}".prop_map(|name| Tag::group("a.test", &name)),
        Just(Tag::everything()),
        "(/[ -~]{0,9}){1,3}".prop_map(|path| Tag::prefix(&path)),
    ]
}

fn some_published() -> impl Strategy<Value = Published> {
    let mode = prop_oneof![Just(PurgeMode::Soft), Just(PurgeMode::Hard)];
    let replaced = proptest::collection::vec(any::<i64>().prop_map(Time), 0..8);
    (some_tag(), mode, any::<i64>(), "[0-9a-f]{16}", replaced).prop_map(
        |(tag, mode, at, id, replaced)| Published {
            tag,
            mode,
            record: PurgeRecord { at: Time(at), id, replaced },
        },
    )
}

fn some_ending() -> impl Strategy<Value = LeaseEnd> {
    let failed = any::<u16>().prop_map(LeaseEnd::Failed);
    prop_oneof![Just(LeaseEnd::Abandoned), Just(LeaseEnd::Uncacheable), failed]
}

fn some_ask() -> impl Strategy<Value = ShardRequest> {
    let tags = || proptest::collection::vec(some_tag(), 0..4);
    let life = (0..100_000u64).prop_map(Duration::from_millis);
    let claim = ("[0-9a-f]{64}", any::<u64>(), life, any::<bool>(), tags()).prop_map(
        |(slot, token, life, waited, tags)| ShardRequest::Claim { slot, token, life, waited, tags },
    );
    let release = ("[0-9a-f]{64}", any::<u64>(), some_ending())
        .prop_map(|(slot, token, end)| ShardRequest::Release { slot, token, end });
    let records = tags().prop_map(ShardRequest::Records);
    prop_oneof![claim, release, records, some_published().prop_map(ShardRequest::Publish)]
}

/// One step in the life of an object: who does what with which of three slots, and how long after.
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
    #[test]
    fn asks_answers_and_rows_are_read_as_they_were_written(
        ask in some_ask(),
        records in proptest::collection::vec(some_published(), 0..4),
        end in some_ending(),
        number in any::<u64>(),
    ) {
        prop_assert_eq!(wire::parse_request(&ask.to_string()), Some(ask));
        for lease in [
            LeaseReply::Granted, LeaseReply::Held, LeaseReply::Free, LeaseReply::Full, LeaseReply::Failed(502),
        ] {
            let answer = ShardReply { lease, records: records.clone() };
            prop_assert_eq!(wire::parse_reply(&answer.to_string()), Some(answer));
        }
        let kept = records.into_iter().map(RowKind::Record);
        for kind in kept.chain([RowKind::Lease(number), RowKind::Ended(end)]) {
            let row = Row { until: Time(number as i64), kind };
            prop_assert_eq!(wire::row(&row.to_string()), Some(row));
        }
    }

    #[test]
    fn what_nobody_wrote_is_read_without_a_panic(text in "\\PC{0,60}|[a-z0-9 \n]{0,60}") {
        wire::parse_request(&text);
        wire::parse_reply(&text);
        wire::row(&text);
    }

    /// Against a list of who was granted what until when, which knows nothing of rows.
    #[test]
    fn never_do_two_hold_a_live_lease(steps in some_steps()) {
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
                    let lease = object.lease(ask, now as i64);
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
