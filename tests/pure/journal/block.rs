use std::collections::BTreeMap;

use edge_isr::journal::block::Block;
use edge_isr::journal::{Dropped, Head, JournalId, Kept, Number, TagDigest};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::time::Time;
use proptest::prelude::*;

const HEAD: Head = Head {
    id: JournalId(7),
    last: Number(900),
    complete_since: Number(3),
    dropped: Dropped { soft: Number(2), hard: Number(1) },
    with_records_until: Time(77),
};

type Entries = BTreeMap<(TagDigest, PurgeMode), Kept>;

fn write(entries: &Entries) -> Block {
    let kept = entries.iter().map(|((digest, mode), kept)| (*digest, *mode, kept));
    Block::write(HEAD, Number(4), kept)
}

fn entries() -> impl Strategy<Value = Entries> {
    let stamps = prop::collection::btree_set(1i64..1000, 0..9);
    let entry = (0u64..40, any::<bool>(), 1u64..1000, stamps);
    prop::collection::vec(entry, 0..60).prop_map(|all| {
        let entry =
            |(digest, hard, number, stamps): (u64, bool, u64, std::collections::BTreeSet<i64>)| {
                let mode = if hard { PurgeMode::Hard } else { PurgeMode::Soft };
                let earlier = stamps.into_iter().take(if hard { 0 } else { 8 }).map(Time).collect();
                ((TagDigest(digest), mode), Kept { number: Number(number), earlier })
            };
        all.into_iter().map(entry).collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_found(entries in entries()) {
        let block = Block::read(write(&entries).as_bytes().to_vec()).unwrap();
        prop_assert_eq!((block.head(), block.after()), (HEAD, Number(4)));
        let of_text = Block::of_text(&block.to_text());
        prop_assert_eq!(of_text.as_ref(), Some(&block));
        let read: Entries = block.iter().map(|(digest, mode, kept)| ((digest, mode), kept)).collect();
        prop_assert_eq!(&read, &entries);
        for digest in (0..41).map(TagDigest) {
            let found: Vec<_> = block.of(digest).collect();
            let expected: Vec<_> = entries
                .range((digest, PurgeMode::Soft)..=(digest, PurgeMode::Hard))
                .map(|((_, mode), kept)| (*mode, kept.clone()))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn damaged_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut damaged = write(&Entries::new()).as_bytes().to_vec();
        damaged.extend(&bytes);
        for bytes in [bytes, damaged] {
            if let Some(block) = Block::read(bytes) {
                block.iter().for_each(drop);
                block.of(TagDigest(1)).for_each(drop);
            }
        }
    }
}

#[test]
fn a_block_that_was_cut_short_is_not_read() {
    let kept = Kept { number: Number(9), earlier: vec![Time(8)] };
    let block = write(&Entries::from([((TagDigest(1), PurgeMode::Soft), kept)]));
    let bytes = block.as_bytes();
    for length in 0..bytes.len() {
        // Without its earlier stamps a block is whole in itself.
        let is_whole = length == bytes.len() - 72;
        assert_eq!(Block::read(bytes[..length].to_vec()).is_some(), is_whole, "{length}");
    }
}

#[test]
fn a_block_of_another_version_is_not_read() {
    let mut bytes = write(&Entries::new()).as_bytes().to_vec();
    bytes[7] += 1;
    assert_eq!(Block::read(bytes), None);
}
