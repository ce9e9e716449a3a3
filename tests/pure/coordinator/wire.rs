use std::time::Duration;

use edge_isr::coordinator::ledger::{Row, RowKind};
use edge_isr::coordinator::shard::{LeaseReply, ShardReply, ShardRequest};
use edge_isr::coordinator::wire;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

use super::{some_ending, some_published, some_tag};

#[test]
fn a_text_that_is_no_ask_and_no_answer_is_not_read() {
    for text in
        ["", "claim", "claim a", "claim a x 1 0", "release a 1 what", "publish soft", "other"]
    {
        assert_eq!(wire::parse_request(text), None, "{text}");
    }
    for text in ["", "given", "failed x", "granted\nsoft", "granted\nmild 1 a t"] {
        assert_eq!(wire::parse_reply(text), None, "{text}");
    }
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
    fn any_text_is_read_without_a_panic(text in "\\PC{0,60}|[a-z0-9 \n]{0,60}") {
        wire::parse_request(&text);
        wire::parse_reply(&text);
        wire::row(&text);
    }
}
