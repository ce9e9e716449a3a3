use std::time::Duration;

use edge_isr::coordinator::ledger::{Row, RowKind};
use edge_isr::coordinator::shard::{LeaseReply, ShardRequest};
use edge_isr::coordinator::wire;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

use super::some_ending;

#[test]
fn a_malformed_request_or_reply_is_not_read() {
    for text in ["", "claim", "claim a", "claim a x 1 0", "release a 1 what", "other"] {
        assert_eq!(wire::parse_request(text), None, "{text}");
    }
    for text in ["", "given", "failed x"] {
        assert_eq!(wire::parse_reply(text), None, "{text}");
    }
}

#[test]
fn what_older_versions_say_of_purge_records_is_not_read() {
    for text in ["records\nt", "publish soft 5 0123456789abcdef t"] {
        assert_eq!(wire::parse_request(text), None, "{text}");
    }
    assert_eq!(wire::row("9999 record soft 5 0123456789abcdef,4 t"), None);
    let life = Duration::from_millis(10);
    let claim = ShardRequest::Claim { slot: "a".to_owned(), token: 1, life, waited: true };
    assert_eq!(wire::parse_request("claim a 1 10 1\nt\nu"), Some(claim));
}

fn some_request() -> impl Strategy<Value = ShardRequest> {
    let life = (0..100_000u64).prop_map(Duration::from_millis);
    let claim = ("[0-9a-f]{64}", any::<u64>(), life, any::<bool>())
        .prop_map(|(slot, token, life, waited)| ShardRequest::Claim { slot, token, life, waited });
    let release = ("[0-9a-f]{64}", any::<u64>(), some_ending())
        .prop_map(|(slot, token, end)| ShardRequest::Release { slot, token, end });
    prop_oneof![claim, release]
}

proptest! {
    #[test]
    fn requests_replies_and_rows_are_read_as_they_were_written(
        request in some_request(),
        end in some_ending(),
        number in any::<u64>(),
    ) {
        prop_assert_eq!(wire::parse_request(&request.to_string()), Some(request));
        for reply in [
            LeaseReply::Granted, LeaseReply::Held, LeaseReply::Free, LeaseReply::Full, LeaseReply::Failed(502),
        ] {
            prop_assert_eq!(wire::parse_reply(&reply.to_string()), Some(reply));
        }
        for kind in [RowKind::Lease(number), RowKind::Ended(end)] {
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
