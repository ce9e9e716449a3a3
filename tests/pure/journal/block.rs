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
    // Few numbers, so that two blocks often have an entry with the same one.
    let entry = (0u64..40, any::<bool>(), 1u64..20, stamps);
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

    /// As if both had been written together.
    #[test]
    fn later_entries_take_their_places(base in entries(), later in entries()) {
        let mut all = base.clone();
        for (key, kept) in &later {
            if all.get(key).is_none_or(|other| other.number <= kept.number) {
                all.insert(*key, kept.clone());
            }
        }
        let items: Vec<_> =
            later.iter().map(|((digest, mode), kept)| (*digest, *mode, kept.clone())).collect();
        prop_assert_eq!(write(&base).with(HEAD, &items), write(&all));
    }

    #[test]
    fn what_another_block_lacks_is_found(one in entries(), other in entries()) {
        let lacks = |(key, kept): &(&(TagDigest, PurgeMode), &Kept)| {
            other.get(key).is_none_or(|there| there.number < kept.number)
        };
        let expected = one.iter().filter(lacks);
        let expected: Vec<_> =
            expected.map(|((digest, mode), kept)| (*digest, *mode, kept.clone())).collect();
        let (block, there) = (write(&one), write(&other));
        prop_assert_eq!(block.missing_from(&there), expected);
    }

    #[test]
    fn damaged_bytes_never_panic(
        damage in prop::collection::vec((8usize..260, any::<u8>()), 0..4),
        cut in prop::option::of(0usize..260),
        more in prop::collection::vec(any::<u8>(), 0..150),
    ) {
        let kept = |number| Kept { number: Number(number), earlier: vec![Time(8), Time(9)] };
        let entries: Entries =
            [1, 2].map(|tag| ((TagDigest(tag), PurgeMode::Soft), kept(tag + 9))).into();
        let whole = write(&entries);
        let mut bytes = whole.as_bytes().to_vec();
        bytes.truncate(cut.unwrap_or(bytes.len()));
        bytes.extend(&more);
        for (at, byte) in damage {
            if let Some(damaged) = bytes.get_mut(at) {
                *damaged = byte;
            }
        }
        if let Some(block) = Block::read(bytes) {
            block.iter().for_each(drop);
            block.of(TagDigest(1)).for_each(drop);
            block.with(HEAD, &[(TagDigest(1), PurgeMode::Soft, kept(99))]);
            block.missing_from(&whole);
            whole.missing_from(&block);
        }
    }
}

#[test]
fn what_a_large_block_lacks_is_found_past_long_stretches_that_are_alike() {
    let kept = |number| Kept { number: Number(number), earlier: Vec::new() };
    let all: Entries =
        (0..2_000).map(|tag| ((TagDigest(tag), PurgeMode::Soft), kept(tag + 1))).collect();
    let mut other = all.clone();
    // Missing in a stretch, at its edge, added, and earlier.
    for tag in [3, 255, 256, 1_999] {
        other.remove(&(TagDigest(tag), PurgeMode::Soft));
    }
    other.insert((TagDigest(300), PurgeMode::Hard), kept(1));
    other.insert((TagDigest(900), PurgeMode::Soft), kept(2));
    let missing: Vec<u64> =
        write(&all).missing_from(&write(&other)).into_iter().map(|(tag, ..)| tag.0).collect();
    assert_eq!(missing, [3, 255, 256, 900, 1_999]);
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

#[test]
fn a_block_that_kv_would_not_take_is_written_without_earlier_stamps() {
    let kept = |earlier| Kept { number: Number(9), earlier };
    let all = |kept: Kept| -> Entries {
        (0..150_000).map(|tag| ((TagDigest(tag), PurgeMode::Soft), kept.clone())).collect()
    };
    let text = write(&all(kept(vec![Time(8)]))).to_text();
    assert!(text.len() < 25 * 1024 * 1024);
    assert_eq!(Block::of_text(&text), Some(write(&all(kept(Vec::new())))));
}
