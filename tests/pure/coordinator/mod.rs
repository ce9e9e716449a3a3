mod ledger;
mod shard;
mod wire;

use edge_isr::coordinator::shard::Published;
use edge_isr::lease::LeaseEnd;
use edge_isr::policy::fence::{PurgeMode, PurgeRecord};
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

pub fn published(tag: &str, mode: PurgeMode, at: i64, id: &str) -> Published {
    let record = PurgeRecord { at: Time(at), id: id.to_owned(), replaced: vec![] };
    Published { tag: Tag::origin(tag).unwrap(), mode, record }
}

pub fn some_tag() -> impl Strategy<Value = Tag> {
    prop_oneof![
        "[!-+.-~]{1,20}".prop_map(|text| Tag::origin(&text).unwrap()),
        "[ -~]{0,20}".prop_map(|name| Tag::group("a.test", &name)),
        Just(Tag::everything()),
        "(/[ -~]{0,9}){1,3}".prop_map(|path| Tag::prefix(&path)),
    ]
}

pub fn some_published() -> impl Strategy<Value = Published> {
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

pub fn some_ending() -> impl Strategy<Value = LeaseEnd> {
    let failed = any::<u16>().prop_map(LeaseEnd::Failed);
    prop_oneof![Just(LeaseEnd::Abandoned), Just(LeaseEnd::Uncacheable), failed]
}
